//! Text to tokens: what the parser knows of a text before the grammar reads it.
//!
//! The tokens split a file into items, keep comments and documentation, match brackets, and say what stood where the
//! grammar gave up. Any text has tokens; together they cover all of it but blanks.

/// A piece of text, `start..end` in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
    /// The first on its line.
    pub leads: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name or keyword.
    Word,
    /// What starts like a number; it may be malformed.
    Number,
    /// `(`, `[`, `{`
    Open,
    /// `)`, `]`, `}`
    Close,
    /// A sign of the language.
    Sign,
    /// A sign, or a run of letters, that the language does not have.
    Foreign,
    /// `"` that opens a string.
    Quote,
    /// Text of a string, escapes included.
    Text,
    /// `{` in a string.
    InsertOpen,
    /// `}` that closes an insert.
    InsertClose,
    /// `"` that closes a string.
    EndQuote,
    /// Empty, at the end of a line: a string is still open there.
    Broken,
    /// `// ...`
    Comment,
    /// `/// ...`
    Doc,
    /// `//! ...`
    FileDoc,
    /// The end of a line.
    Newline,
}

impl Kind {
    /// Whether the grammar sees it: no comment and no line break.
    pub fn is_code(self) -> bool {
        !matches!(self, Kind::Comment | Kind::Doc | Kind::FileDoc | Kind::Newline)
    }
}

/// A text and its tokens, in order of place.
#[derive(Debug)]
pub struct Scan<'a> {
    pub text: &'a str,
    pub tokens: Vec<Token>,
}

/// The signs of the language, longest first.
const SIGNS: &[&str] =
    &["->", "=>", "==", "!=", "<=", ">=", "**", "..", "+", "-", "*", "/", "%", "<", ">", "=", ",", ".", ":", ";"];

/// Signs of other languages, longest first; any other character is foreign by itself.
const FOREIGN_SIGNS: &[&str] = &["...", "..=", "/*", "*/", "&&", "||", "|>", "::", ":=", "+=", "-=", "*=", "++"];

impl<'a> Scan<'a> {
    pub fn new(text: &'a str) -> Scan<'a> {
        let mut scanner = Scanner { text, at: 0, leads: true, modes: Vec::new(), tokens: Vec::new() };
        if text.starts_with('\u{FEFF}') {
            scanner.at = '\u{FEFF}'.len_utf8();
        }
        scanner.run();
        Scan { text, tokens: scanner.tokens }
    }

    pub fn text(&self, token: Token) -> &'a str {
        &self.text[token.start as usize..token.end as usize]
    }

    /// The index of the first token that starts at `offset` or after it.
    pub fn index_at(&self, offset: usize) -> usize {
        self.tokens.partition_point(|token| (token.start as usize) < offset)
    }

    /// The last token of code that starts before `offset`.
    pub fn code_before(&self, offset: usize) -> Option<Token> {
        let end = self.index_at(offset);
        self.tokens[..end].iter().rev().copied().find(|token| token.kind.is_code())
    }

    /// Whether `token` stands in column 1.
    pub fn in_first_column(&self, token: Token) -> bool {
        let before = &self.text[..token.start as usize];
        matches!(before, "" | "\u{FEFF}") || before.ends_with(['\n', '\r'])
    }
}

/// Where the scanner is, innermost last.
enum Mode {
    Text,
    /// In an insert of a string, with so many braces open in it.
    Insert {
        braces: usize,
    },
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    leads: bool,
    modes: Vec<Mode>,
    tokens: Vec<Token>,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            if let Some(length) = line_break(rest) {
                if !self.modes.is_empty() {
                    self.push(Kind::Broken, 0);
                    self.modes.clear();
                }
                self.push(Kind::Newline, length);
                self.leads = true;
            } else if matches!(self.modes.last(), Some(Mode::Text)) {
                self.string(rest);
            } else if rest.starts_with([' ', '\t']) {
                self.at += 1;
            } else {
                self.code(rest);
            }
        }
        if !self.modes.is_empty() {
            self.push(Kind::Broken, 0);
        }
    }

    fn code(&mut self, rest: &str) {
        let first = rest.chars().next().unwrap_or(' ');
        match first {
            '"' => {
                self.push(Kind::Quote, 1);
                self.modes.push(Mode::Text);
            }
            '(' | '[' => self.push(Kind::Open, 1),
            ')' | ']' => self.push(Kind::Close, 1),
            '{' => {
                if let Some(Mode::Insert { braces }) = self.modes.last_mut() {
                    *braces += 1;
                }
                self.push(Kind::Open, 1);
            }
            '}' => match self.modes.last_mut() {
                Some(Mode::Insert { braces: 0 }) => {
                    self.modes.pop();
                    self.push(Kind::InsertClose, 1);
                }
                Some(Mode::Insert { braces }) => {
                    *braces -= 1;
                    self.push(Kind::Close, 1);
                }
                Some(Mode::Text) | None => self.push(Kind::Close, 1),
            },
            '/' if rest.starts_with("//") && self.modes.is_empty() => {
                let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
                let kind = match &rest.as_bytes()[2..length] {
                    [b'/', b'/', ..] => Kind::Comment,
                    [b'/', ..] => Kind::Doc,
                    [b'!', ..] => Kind::FileDoc,
                    _ => Kind::Comment,
                };
                self.push(kind, length);
            }
            _ if first.is_ascii_digit() => self.push(Kind::Number, number_length(rest)),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                self.push(Kind::Number, 1 + number_length(&rest[1..]));
            }
            _ if first.is_alphanumeric() || first == '_' => {
                let word = &rest[..rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())];
                self.push(if word.is_ascii() { Kind::Word } else { Kind::Foreign }, word.len());
            }
            _ => {
                let starts = |signs: &[&str]| signs.iter().find(|sign| rest.starts_with(**sign)).map(|sign| sign.len());
                // `//` in an insert is no comment: the string has to end on its line.
                if rest.starts_with("//") {
                    self.push(Kind::Foreign, 2);
                } else if let Some(length) = starts(FOREIGN_SIGNS) {
                    self.push(Kind::Foreign, length);
                } else if let Some(length) = starts(SIGNS) {
                    self.push(Kind::Sign, length);
                } else {
                    self.push(Kind::Foreign, first.len_utf8());
                }
            }
        }
    }

    /// In a string: text up to the next quote, brace or line break.
    fn string(&mut self, rest: &str) {
        match rest.as_bytes()[0] {
            b'"' => {
                self.modes.pop();
                self.push(Kind::EndQuote, 1);
            }
            b'{' => {
                self.modes.push(Mode::Insert { braces: 0 });
                self.push(Kind::InsertOpen, 1);
            }
            _ => {
                let mut length = 0;
                let mut bytes = rest.bytes().enumerate();
                while let Some((at, byte)) = bytes.next() {
                    match byte {
                        b'"' | b'{' | b'\n' | b'\r' => break,
                        b'\\' if !rest[at + 1..].starts_with(['\n', '\r']) => {
                            let escaped = rest[at + 1..].chars().next().map_or(0, char::len_utf8);
                            length = at + 1 + escaped;
                            for _ in 0..escaped {
                                bytes.next();
                            }
                        }
                        _ => length = at + 1,
                    }
                }
                self.push(Kind::Text, length);
            }
        }
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let place = |at: usize| u32::try_from(at).expect("files are at most 1 MiB");
        let (start, end) = (place(self.at), place(self.at + length));
        self.tokens.push(Token { kind, start, end, leads: self.leads });
        self.leads = false;
        self.at += length;
    }
}

fn line_break(rest: &str) -> Option<usize> {
    match rest.as_bytes() {
        [b'\r', b'\n', ..] => Some(2),
        [b'\n' | b'\r', ..] => Some(1),
        _ => None,
    }
}

/// How far a text that starts with a digit goes on as a number, well-formed or not: `0..n` is `0`.
fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let next = bytes.get(at + 1);
        let goes_on = match byte {
            b'.' => next.is_some_and(u8::is_ascii_digit),
            b'+' | b'-' => matches!(bytes[at - 1], b'e' | b'E') && next.is_some_and(u8::is_ascii_digit),
            _ => byte.is_ascii_alphanumeric() || *byte == b'_',
        };
        if !goes_on {
            break;
        }
        at += 1;
    }
    at
}
