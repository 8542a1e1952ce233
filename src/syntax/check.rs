//! What is wrong with the tokens of a piece, whatever the grammar would say: brackets, strings, numbers, signs of other
//! languages, and nesting too deep to read.

use super::hints;
use super::scan::{Kind, Scan, Token};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// How deep brackets, braces, `if ... then ...` and prefixes such as `not` may nest, all together.
pub const MAX_NESTING: usize = 128;

/// The errors of `tokens`: the first one of their structure, and all numbers. Without errors, brackets match, strings
/// are closed, and the nesting is within the limit.
pub fn check(scan: &Scan, tokens: &[Token], file: FileId) -> Vec<Diagnostic> {
    let checker = Checker { scan, tokens, file };
    let structure = checker.foreign().or_else(|| checker.nesting()).or_else(|| checker.brackets());
    structure.into_iter().chain(checker.numbers()).collect()
}

struct Checker<'a> {
    scan: &'a Scan<'a>,
    tokens: &'a [Token],
    file: FileId,
}

impl Checker<'_> {
    fn span(&self, token: Token) -> Span {
        Span { file: self.file, start: token.start, end: token.end }
    }

    fn text(&self, token: Token) -> &str {
        self.scan.text(token)
    }

    /// The first string that is not closed, malformed text of a string, or sign that the language does not have.
    fn foreign(&self) -> Option<Diagnostic> {
        let mut quotes = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            match token.kind {
                Kind::Quote => quotes.push(*token),
                Kind::EndQuote => drop(quotes.pop()),
                Kind::Broken => return Some(self.broken_string(index, &quotes)),
                Kind::Text => {
                    if let Some(error) = self.bad_text(index) {
                        return Some(error);
                    }
                }
                Kind::Foreign => return Some(hints::foreign(self.scan, *token, self.file)),
                Kind::Word
                | Kind::Number
                | Kind::Open
                | Kind::Close
                | Kind::Sign
                | Kind::InsertOpen
                | Kind::InsertClose
                | Kind::Comment
                | Kind::Doc
                | Kind::FileDoc
                | Kind::Newline => {}
            }
        }
        None
    }

    /// The string that is open at the end of its line, the token at `index`.
    fn broken_string(&self, index: usize, quotes: &[Token]) -> Diagnostic {
        let end = self.span(self.tokens[index]);
        let line = self.tokens[..index].iter().rev().take_while(|token| token.kind != Kind::Newline);
        let inserts = line.clone().filter(|token| token.kind == Kind::InsertOpen).count();
        let closed = line.clone().filter(|token| token.kind == Kind::InsertClose).count();
        let open_insert = line.clone().find(|token| token.kind == Kind::InsertOpen);
        if let (Some(insert), true) = (open_insert, inserts > closed) {
            return Diagnostic::error(Code::UNCLOSED, "a `{` in a string is never closed")
                .label(self.span(*insert), "opened here")
                .label(end, "the line ends here")
                .help("in a string, `{ }` hold an expression; a brace that is text is written `\\{`");
        }
        let Some(quote) = quotes.last().copied() else {
            unreachable!("only an open string breaks");
        };
        Diagnostic::error(Code::UNCLOSED, "this string is never closed")
            .label(self.span(quote), "opened here")
            .label(end, "the line ends here")
            .help("end it with `\"`; a string stands on one line")
    }

    /// A wrong escape or a lone `}` in the text of a string.
    fn bad_text(&self, index: usize) -> Option<Diagnostic> {
        let token = self.tokens[index];
        let mut chars = self.text(token).char_indices();
        while let Some((at, c)) = chars.next() {
            let start = token.start as usize + at;
            match c {
                '\\' => {
                    let escaped = chars.next().map(|(_, escaped)| escaped);
                    if !matches!(escaped, Some('"' | '\\' | '{' | '}')) {
                        let length = escaped.map_or(0, char::len_utf8);
                        let span = Span::new(self.file, start, start + 1 + length);
                        return Some(hints::bad_escape(span, escaped));
                    }
                }
                '}' => {
                    let span = Span::new(self.file, start, start + 1);
                    return Some(
                        Diagnostic::error(Code::SYNTAX, "this `}` in a string closes nothing")
                            .label(span, "no `{` is open")
                            .help("a brace that is text is written `\\}`"),
                    );
                }
                _ => {}
            }
        }
        None
    }

    /// The place where the nesting goes beyond the limit.
    fn nesting(&self) -> Option<Diagnostic> {
        // Per open bracket: what its expression has nested without brackets so far.
        let mut levels = vec![Level::default()];
        let mut above = 0;
        let mut operand_before = false;
        for token in self.tokens {
            let (level, outer) = levels.split_last_mut()?;
            match token.kind {
                Kind::Open | Kind::InsertOpen => {
                    if self.text(*token) == "{" && token.kind == Kind::Open {
                        *level = Level::default();
                    }
                    above += 1 + level.total();
                    levels.push(Level::default());
                    operand_before = false;
                }
                Kind::Close | Kind::InsertClose => {
                    if let Some(parent) = outer.last() {
                        above -= 1 + parent.total();
                        levels.pop();
                    }
                    operand_before = true;
                }
                Kind::Newline => {
                    *level = Level::default();
                    operand_before = false;
                }
                Kind::Word | Kind::Sign => {
                    let text = self.text(*token);
                    level.count(text, operand_before);
                    operand_before = token.kind == Kind::Word && !OPERATOR_WORDS.contains(&text);
                }
                Kind::Number | Kind::EndQuote => operand_before = true,
                Kind::Foreign | Kind::Quote | Kind::Text | Kind::Broken | Kind::Comment | Kind::Doc | Kind::FileDoc => {
                }
            }
            let depth = above + levels.last()?.total();
            if depth > MAX_NESTING {
                return Some(
                    Diagnostic::error(Code::TOO_DEEP, format!("this is nested more than {MAX_NESTING} deep"))
                        .label(self.span(*token), "one level too many")
                        .help("move inner parts into a `block`, a `let` or a `const`"),
                );
            }
        }
        None
    }

    /// A bracket that nothing closes, or that closes nothing.
    fn brackets(&self) -> Option<Diagnostic> {
        let mut open: Vec<Token> = Vec::new();
        // A `{` whose `}` stands further left than its line begins: the likely culprit where one is missing.
        let mut suspect = None;
        for (index, token) in self.tokens.iter().enumerate() {
            // Stages and their braces are never inside `( )` or `[ ]`; where these are closed, the grammar says so.
            let ends_values = matches!((token.kind, self.text(*token)), (Kind::Open, "{") | (Kind::Sign, "->" | ";"));
            if let Some(opener) = open.last().filter(|opener| ends_values && self.text(**opener) != "{")
                && !self.closed_on_the_line(index)
            {
                return Some(self.unclosed(*opener, Some(*token)));
            }
            match token.kind {
                Kind::Open | Kind::InsertOpen => open.push(*token),
                Kind::Close | Kind::InsertClose => {
                    let closes = |opener: Token| closer_of(self.text(opener)) == self.text(*token);
                    match open.pop() {
                        Some(opener) if closes(opener) => {
                            if suspect.is_none() && token.leads && self.indent(*token) < self.indent(opener) {
                                suspect = Some((opener, *token));
                            }
                        }
                        Some(opener) if open.iter().any(|opener| closes(*opener)) => {
                            return Some(self.unclosed(opener, Some(*token)));
                        }
                        Some(opener) if self.text(opener) != "{" && self.text(*token) != "}" => {
                            return Some(self.closed_by_another(opener, *token));
                        }
                        Some(_) | None => return Some(self.closes_nothing(*token)),
                    }
                }
                _ => {}
            }
        }
        let last = *open.last()?;
        Some(match suspect {
            Some((opener, closer)) if opener.start > last.start => self.unclosed(opener, Some(closer)),
            _ => self.unclosed(last, None),
        })
    }

    /// Whether the bracket that is open at the token at `index` is closed on its line.
    fn closed_on_the_line(&self, index: usize) -> bool {
        let mut depth = 1usize;
        for token in self.tokens[index..].iter().take_while(|token| token.kind != Kind::Newline) {
            match token.kind {
                Kind::Open | Kind::InsertOpen => depth += 1,
                Kind::Close | Kind::InsertClose => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return self.text(*token) != "}";
            }
        }
        false
    }

    fn unclosed(&self, opener: Token, found: Option<Token>) -> Diagnostic {
        let text = self.text(opener);
        let error = Diagnostic::error(Code::UNCLOSED, format!("this `{text}` is never closed"))
            .label(self.span(opener), "opened here");
        let closer = closer_of(text);
        match found {
            Some(found) if self.text(found) == closer => {
                error.label(self.span(found), "this closes an outer one, to judge by its indentation")
            }
            Some(found) => error.label(self.span(found), format!("`{closer}` was expected before this")),
            None => {
                let end = self.tokens.iter().rev().find(|token| token.kind.is_code()).copied().unwrap_or(opener);
                let end = Span { start: end.end, ..self.span(end) };
                error.label(end, format!("`{closer}` was expected here at the latest"))
            }
        }
        .help(format!("add the missing `{closer}`"))
    }

    fn closed_by_another(&self, opener: Token, closer: Token) -> Diagnostic {
        let (open, wrong, right) = (self.text(opener), self.text(closer), closer_of(self.text(opener)));
        Diagnostic::error(Code::UNCLOSED, format!("this `{open}` is closed by `{wrong}`"))
            .label(self.span(closer), format!("write `{right}`"))
            .label(self.span(opener), "opened here")
            .help(format!("`{open}` is closed by `{right}`"))
    }

    fn closes_nothing(&self, token: Token) -> Diagnostic {
        let text = self.text(token);
        Diagnostic::error(Code::UNCLOSED, format!("this `{text}` closes nothing"))
            .label(self.span(token), format!("no `{}` is open", opener_of(text)))
            .help(format!("remove it, or add the `{}` that it should close", opener_of(text)))
    }

    /// The column in which the line of `token` begins.
    fn indent(&self, token: Token) -> usize {
        let before = &self.scan.text[..token.start as usize];
        let line = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        self.scan.text[line..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    fn numbers(&self) -> Vec<Diagnostic> {
        let numbers = self.tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Number);
        let errors = numbers.filter_map(|(index, token)| {
            let point = self.tokens.get(index + 1).filter(|next| next.start == token.end && self.text(**next) == ".");
            match point {
                Some(point) => Some(hints::ends_in_point(self.text(*token), self.span(*token).to(self.span(*point)))),
                None => hints::bad_number(self.text(*token), self.span(*token)),
            }
        });
        errors.collect()
    }
}

/// Words after which an operand is still to come.
const OPERATOR_WORDS: &[&str] = &["and", "or", "not", "if", "then", "else"];

/// What the expression of one bracket nests without brackets.
#[derive(Clone, Copy, Default)]
struct Level {
    ifs: usize,
    nots: usize,
    /// Prefixed `-` and `**`.
    powers: usize,
}

impl Level {
    fn total(self) -> usize {
        self.ifs + self.nots + self.powers
    }

    fn count(&mut self, text: &str, operand_before: bool) {
        match text {
            "if" => self.ifs += 1,
            "not" => self.nots += 1,
            "**" => self.powers += 1,
            "-" if !operand_before => self.powers += 1,
            "," | ";" | "->" | "=" | "=>" | ":" => *self = Level::default(),
            "and" | "or" | "then" | "else" => *self = Level { ifs: self.ifs, ..Level::default() },
            "+" | "-" | "*" | "/" | "%" | ".." | "==" | "!=" | "<" | ">" | "<=" | ">=" => self.powers = 0,
            _ => {}
        }
    }
}

fn closer_of(opener: &str) -> &'static str {
    match opener {
        "(" => ")",
        "[" => "]",
        _ => "}",
    }
}

fn opener_of(closer: &str) -> &'static str {
    match closer {
        ")" => "(",
        "]" => "[",
        _ => "{",
    }
}
