//! Mistakes that people bring along from other languages, and what to write instead.

use super::scan::{Scan, Token};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// The error for a sign or letters that the language does not have.
pub fn foreign(scan: &Scan, token: Token, file: FileId) -> Diagnostic {
    let text = scan.text(token);
    let span = Span { file, start: token.start, end: token.end };
    let (message, help) = match text {
        "&&" => ("`&&` is not an operator here".to_string(), "write `and`".to_string()),
        "||" => ("`||` is not an operator here".to_string(), "write `or`".to_string()),
        "!" => ("`!` is not an operator here".to_string(), "write `not`".to_string()),
        "|>" | "|" => (format!("`{text}` does not join stages"), "write `->` between two stages".to_string()),
        "'" => ("strings are written in double quotes".to_string(), "write `\"...\"`".to_string()),
        "`" => ("names are written without backquotes".to_string(), "remove the backquotes".to_string()),
        "#" => ("`#` does not start a comment".to_string(), "a comment starts with `//`".to_string()),
        "/*" | "*/" => (
            "there are no comments between `/*` and `*/`".to_string(),
            "start every line of the comment with `//`".to_string(),
        ),
        "//" => (
            "`//` starts a comment, which can't stand inside a string's `{ }`".to_string(),
            "a whole part of a division is `floor(a / b)`".to_string(),
        ),
        "..." | "..=" => (
            format!("`{text}` is not a range"),
            "write `0..n`, which stops before `n`; to include `n`, write `0..n + 1`".to_string(),
        ),
        "::" => ("`::` does not join names".to_string(), "write `.`, as in `std.residual`".to_string()),
        ":=" => ("`:=` does not give a value".to_string(), "write `let name = value`".to_string()),
        "+=" | "-=" | "*=" => (
            format!("`{text}` is not an operator: a value never changes"),
            "give the new value a name of its own with `let`".to_string(),
        ),
        "++" => ("`++` is not an operator".to_string(), "lists and numbers are added with `+`".to_string()),
        "^" => ("`^` is not an operator".to_string(), "a power is written `a ** b`".to_string()),
        "?" => ("`?` is not an operator".to_string(), "a choice is written `if c then a else b`".to_string()),
        "&" => ("`&` is not an operator".to_string(), "write `and`".to_string()),
        "@" => ("`@` has no meaning here".to_string(), "a matrix product is the op `matmul`".to_string()),
        "×" | "·" => (format!("`{text}` is not an operator"), "write `*`".to_string()),
        "÷" => ("`÷` is not an operator".to_string(), "write `/`".to_string()),
        "≤" => ("`≤` is not an operator".to_string(), "write `<=`".to_string()),
        "≥" => ("`≥` is not an operator".to_string(), "write `>=`".to_string()),
        "≠" => ("`≠` is not an operator".to_string(), "write `!=`".to_string()),
        "→" | "⟶" => (format!("`{text}` does not join stages"), "write `->` between two stages".to_string()),
        "…" => ("`…` is not a range".to_string(), "write `0..n`, which stops before `n`".to_string()),
        "−" | "–" | "—" => (format!("`{text}` is not a minus sign"), "write `-`".to_string()),
        "“" | "”" | "„" | "‘" | "’" | "«" | "»" => {
            (format!("`{text}` does not quote a string"), "write straight quotes: `\"...\"`".to_string())
        }
        "\u{A0}" | "\u{2003}" | "\u{2009}" | "\u{202F}" | "\u{3000}" => {
            ("this blank is not a plain space".to_string(), "replace it by a space".to_string())
        }
        "\u{FEFF}" | "\u{200B}" | "\u{200C}" | "\u{200D}" | "\u{2060}" => {
            ("there is an invisible character here".to_string(), "delete it".to_string())
        }
        _ if text.starts_with(|c: char| c.is_alphanumeric()) || text.starts_with('_') => (
            format!("the name `{text}` has letters other than `a` to `z`"),
            "names are made of the letters `a` to `z`, in either case, digits and `_`; comments and strings may hold any text"
                .to_string(),
        ),
        _ if text.chars().all(char::is_control) => {
            ("there is a control character here".to_string(), "delete it".to_string())
        }
        _ => (format!("`{text}` has no meaning here"), "only comments and strings may hold any character".to_string()),
    };
    Diagnostic::error(Code::SYNTAX, message).label(span, "not part of the language").help(help)
}

/// The error for `\` and a character that it does not escape.
pub fn bad_escape(span: Span, escaped: Option<char>) -> Diagnostic {
    let written = escaped.map_or("\\".to_string(), |escaped| format!("\\{escaped}"));
    Diagnostic::error(Code::SYNTAX, format!("`{written}` means nothing in a string"))
        .label(span, "unknown escape")
        .help("the escapes are `\\\"`, `\\\\`, `\\{` and `\\}`; a backslash itself is written `\\\\`")
}

/// The error for a number that is malformed, if it is.
pub fn bad_number(text: &str, span: Span) -> Option<Diagnostic> {
    if is_number(text) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '_' | '.'));
    let help = if text.starts_with('.') {
        format!("write a digit before the point: `0{text}`")
    } else if lower.starts_with("0x") || lower.starts_with("0b") || lower.starts_with("0o") {
        "numbers are written in tens".to_string()
    } else if text.matches('.').count() > 1 {
        "a number has one point; a range is written `1..5`".to_string()
    } else if text.contains("__") || text.trim_end_matches('_') != text || text.contains("_.") || text.contains("._") {
        "a `_` stands between two digits, as in `1_000`".to_string()
    } else if matches!(unit, "e" | "E") {
        "digits follow the `e`, as in `1e-3`".to_string()
    } else if matches!(unit, "k" | "K" | "M" | "G" | "m") {
        "write the number out: `1_000` for a thousand, `1e6` for a million".to_string()
    } else if !text.contains('.') && unit.len() > 1 {
        "a name can't start with a digit".to_string()
    } else {
        "a number is digits, with a point and an exponent where needed: `64`, `1_000`, `0.5`, `1e-3`".to_string()
    };
    Some(Diagnostic::error(Code::NUMBER, format!("`{text}` is not a number")).label(span, "malformed").help(help))
}

/// The error for a number with a point and nothing behind it.
pub fn ends_in_point(number: &str, span: Span) -> Diagnostic {
    Diagnostic::error(Code::NUMBER, format!("`{number}.` is not a number"))
        .label(span, "malformed")
        .help(format!("write `{number}.0` or `{number}`"))
}

/// Whether the grammar takes `text` as a number.
fn is_number(text: &str) -> bool {
    let digits =
        |text: &str| text.split('_').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    let (whole, part) = match mantissa.split_once('.') {
        Some((whole, part)) => (whole, Some(part)),
        None => (mantissa, None),
    };
    digits(whole) && part.is_none_or(digits) && exponent.is_none_or(digits)
}
