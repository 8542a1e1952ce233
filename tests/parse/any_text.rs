//! Any text gives a tree and diagnostics that point into it: no panic, no hang, no overflow.

use archc::diagnostic::Code;
use archc::source::MAX_FILE_BYTES;
use proptest::prelude::*;

use super::{arch_files, good_files};
use crate::reports::{parse_errors, report};

/// Parses `text` and checks the diagnostics' places; returns their codes.
fn check(text: &str) -> Vec<Code> {
    let (errors, sources) = parse_errors("x.arch", text);
    for error in &errors {
        assert!(!error.labels.is_empty() || error.code == Code::FILE_TOO_LARGE, "{error:?} has no place");
        for label in &error.labels {
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            assert!(start <= end && text.get(start..end).is_some(), "{error:?} points outside of {text:?}");
        }
        for word in ["Rule::", "kw_", "w_pair", "input_value", "if_inner"] {
            assert!(!error.message.contains(word), "{error:?} speaks of the grammar");
        }
    }
    let shown = &errors[..errors.len().min(3)];
    report(shown, &sources);
    errors.into_iter().map(|error| error.code).collect()
}

/// What mutants are made of: everything the language has, and some that it has not.
const PIECES: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\\",
    "//",
    "///",
    "//!",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    ";",
    ",",
    ".",
    "..",
    ":",
    "=",
    "==",
    "->",
    "=>",
    "-",
    "+",
    "**",
    "<",
    "!",
    "&&",
    "|>",
    "'",
    "#",
    "/*",
    "é",
    "\u{FEFF}",
    "\u{0}",
    "0",
    "1e",
    "1_",
    "9223372036854775808",
    "if ",
    "else ",
    "then ",
    "for ",
    "in ",
    "repeat ",
    "as ",
    "seq ",
    "residual ",
    "shortcut ",
    "let ",
    "input ",
    "output ",
    "expect ",
    "assert ",
    "and ",
    "or ",
    "not ",
    "use ",
    "const ",
    "fn ",
    "block ",
    "arch ",
    "weights ",
    "edition ",
    "names ",
    "image ",
    "x",
    "relu",
    "conv(64, 3)",
    "\nblock a {\n",
    "\nconst a = ",
];

fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn random_text(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn random_pieces(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60)) {
        check(&pieces.concat());
    }

    #[test]
    fn mutants_of_good_files(
        file in any::<proptest::sample::Index>(),
        edits in proptest::collection::vec(
            (any::<proptest::sample::Index>(), 0usize..12, proptest::sample::select(PIECES)), 1..6),
    ) {
        let files = good_files();
        let mut text = files[file.index(files.len())].1.clone();
        for (place, removed, piece) in edits {
            let start = boundary(&text, place.index(text.len() + 1));
            let end = boundary(&text, start + removed).max(start);
            text.replace_range(start..end, piece);
        }
        check(&text);
    }
}

/// No report says that what was found is what was expected.
fn check_sense(text: &str) {
    let (errors, _) = parse_errors("x.arch", text);
    for error in &errors {
        assert_ne!(error.message, "expected something else", "{text:?}");
        if let Some((expected, found)) = error.message.split_once(", found ") {
            let expected = expected.split(" after ").next().unwrap_or(expected);
            let before = &text[..error.labels[0].span.end as usize];
            assert!(!expected.contains(found), "{} behind {:?}", error.message, before.lines().last());
        }
    }
}

/// Every good file, cut off at many places of its beginning.
#[test]
fn files_cut_off() {
    for (_, text) in arch_files("tests/ok/syntax") {
        for end in (0..text.len().min(1_000)).step_by(3).filter(|end| text.is_char_boundary(*end)) {
            check(&text[..end]);
            check_sense(&text[..end]);
        }
    }
}

/// Runs `check` where stacks are smallest.
fn check_on_a_small_stack(text: String) -> Vec<Code> {
    std::thread::Builder::new().stack_size(2 << 20).spawn(move || check(&text)).unwrap().join().unwrap()
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("(", ")"), ("[", "]"), ("f(", ")"), ("x[", "]"), ("-", ""), ("not ", ""), ("- not ", "")] {
        let text = |depth: usize| format!("const a = {}1{}\n", open.repeat(depth), close.repeat(depth));
        assert_eq!(check_on_a_small_stack(text(60)), [], "{open}");
        assert_eq!(check_on_a_small_stack(text(100_000)), [Code::TOO_DEEP], "{open}");
    }
    for (before, open, middle, close) in [
        ("block a {", "{", "relu", "}"),
        ("block a {", "seq {", "relu", "}"),
        ("block a {", "x: seq {", "relu", "}"),
        ("block a {", "if 1 {", "relu", "}"),
        ("block a {", "residual {", "relu", "} shortcut { }"),
        ("block a {", "concat(x) {", "relu", "}"),
        ("block a { for ", "[", "x", "]"),
        ("block a(x: ", "[", "int", "]"),
        ("const a = ", "if 1 then 2 else ", "1", ""),
        ("const a = ", "if ", "1", " then 1 else 2"),
        ("const a = ", "2 ** ", "1", ""),
        ("const a = ", "2 ** - ", "1", ""),
        ("const a = ", "(if 1 then ", "1", " else 2)"),
        ("const a = ", "\"{", "1", "}\""),
        ("const a = ", "f(\"{[", "1", "]}\")"),
        ("const a = ", "1 == not ", "1", ""),
        ("const a = ", "if 1 then - ", "1", " else 2"),
    ] {
        let end = match before {
            "block a {" => "}",
            "block a { for " => " in [] { relu } }",
            "block a(x: " => ") { relu }",
            _ => "",
        };
        for depth in [120, 1_000, 30_000] {
            let text = format!("{before}{}{middle}{}{end}\n", open.repeat(depth), close.repeat(depth));
            let codes = check_on_a_small_stack(text);
            assert!(depth < 128 || codes == [Code::TOO_DEEP], "{open} x {depth}: {codes:?}");
        }
    }
}

#[test]
fn the_deepest_that_is_allowed_fits_a_small_stack() {
    for (open, close) in [("seq {", "}"), ("residual { relu } shortcut {", "}"), ("if 1 { relu } else {", "}")] {
        let text = format!("block a {{{}relu{}}}\n", open.repeat(127), close.repeat(127));
        assert_eq!(check_on_a_small_stack(text), [], "{open}");
    }
    for (open, close) in [("f([", "])"), ("(", ")"), ("\"{", "}\""), ("[", "]")] {
        let depth = 126 / open.len().min(2);
        let text = format!("const a = {}1{}\n", open.repeat(depth), close.repeat(depth));
        assert_eq!(check_on_a_small_stack(text), [], "{open}");
    }
}

#[test]
fn long_chains_are_refused_or_flat() {
    let fill = |piece: &str| piece.repeat(MAX_FILE_BYTES / 8 / piece.len());
    for chain in [" + 1", " - 1", " * 1", " and 1", " .. 1", " < 1", ".x", "[0]", "(0)"] {
        let codes = check_on_a_small_stack(format!("const a = x{}\n", fill(chain)));
        assert!(codes.contains(&Code::TOO_DEEP) || codes.contains(&Code::SYNTAX), "{chain}: {codes:?}");
    }
    assert_eq!(check_on_a_small_stack(format!("const a = x{}\n", " + 1".repeat(260_000))), [Code::TOO_DEEP]);
    assert_eq!(check_on_a_small_stack(format!("const a = x{}\n", " ** 1".repeat(100_000))), [Code::TOO_DEEP]);
    for (start, chain, end) in [
        ("block a { relu", " -> relu", " }"),
        ("block a { relu", "; relu", " }"),
        ("block a { if 1 { relu }", " else if 1 { relu }", " }"),
        ("block a { f(1", ", 1", ") }"),
        ("const a = [1", ", 1", "]"),
        ("const a = \"", "{1}", "\""),
        ("block a { relu", "\n\n", " }"),
        ("", "const a = 1\n", ""),
        ("", "// comment\n", ""),
        ("const a = [1", "\n//\n", "]"),
    ] {
        assert_eq!(check_on_a_small_stack(format!("{start}{}{end}\n", fill(chain))), [], "{chain:?}");
    }
    assert_eq!(check("x".repeat(MAX_FILE_BYTES + 1).as_str()), [Code::FILE_TOO_LARGE]);
}
