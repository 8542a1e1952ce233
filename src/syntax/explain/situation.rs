//! Where the grammar gave up: what was found, what stands before it, and the brackets around.

use std::ops::Range;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use crate::syntax::scan::{Kind, Scan, Token};

/// The words that can't be names.
pub const KEYWORDS: &[&str] = &[
    "if", "else", "then", "for", "in", "repeat", "as", "seq", "residual", "shortcut", "let", "input", "output",
    "expect", "assert", "and", "or", "not", "true", "false", "use", "const", "fn", "block", "arch", "weights",
    "edition",
];

/// Keywords that are values.
const VALUES: &[&str] = &["in", "true", "false"];

/// Operators between two values.
const OPERATORS: &[&str] = &["+", "-", "*", "/", "%", "**", "..", "==", "!=", "<", ">", "<=", ">=", "and", "or"];

/// What a pair of brackets is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// None: the item itself.
    Item,
    Params,
    Args,
    Index,
    List,
    Paren,
    /// `[int]`
    Type,
    /// `input x[...]`
    Shape,
    Body,
    UseNames,
    Weights,
    /// `names { ... }`
    Names,
    /// `{ }` in a string
    Insert,
}

/// Brackets that are open at the place of the error, and what has been read in them.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    pub frame: Frame,
    /// The bracket; the first token of the item for [`Frame::Item`].
    pub opener: usize,
    /// The first token of the current statement or part of a list.
    pub start: usize,
}

pub struct Situation<'a> {
    pub scan: &'a Scan<'a>,
    pub file: FileId,
    pub piece: Range<usize>,
    /// The token that the grammar could not take; one past the piece at its end.
    pub found: usize,
    pub open: Vec<Open>,
}

impl<'a> Situation<'a> {
    /// The situation at the byte `place`.
    pub fn new(scan: &'a Scan<'a>, file: FileId, piece: Range<usize>, place: usize) -> Situation<'a> {
        let mut found = scan.tokens.partition_point(|token| token.end as usize <= place).max(piece.start);
        while found < piece.end && matches!(scan.tokens[found].kind, Kind::Comment | Kind::Doc | Kind::FileDoc) {
            found += 1;
        }
        let found = found.min(piece.end);
        let mut situation = Situation { scan, file, piece, found, open: Vec::new() };
        situation.find_brackets();
        situation
    }

    /// The same at a keyword right before, where the grammar's rules came no further than `place`, its start: the
    /// keyword was read only to see that it is no name.
    pub fn back_to_keyword(self, place: usize) -> Situation<'a> {
        match self.before() {
            Some(before)
                if self.is_keyword(before)
                    && self.scan.tokens[before].start as usize == place
                    && self.text(self.code_before(before)) != "." =>
            {
                Situation::new(self.scan, self.file, self.piece, place)
            }
            _ => self,
        }
    }

    fn find_brackets(&mut self) {
        let first =
            self.piece.clone().find(|index| self.kind(*index).is_some_and(Kind::is_code)).unwrap_or(self.piece.start);
        self.open.push(Open { frame: Frame::Item, opener: first, start: first });
        for index in first..self.found {
            match self.scan.tokens[index].kind {
                Kind::Open | Kind::InsertOpen => {
                    let frame = self.frame_of(index);
                    self.open.push(Open { frame, opener: index, start: index + 1 });
                }
                Kind::Close | Kind::InsertClose if self.open.len() > 1 => drop(self.open.pop()),
                Kind::Newline => {
                    let goes_on =
                        self.text(self.next_code(index)) == "->" || self.text(self.code_before(index)) == "->";
                    let open = self.innermost_mut();
                    if matches!(open.frame, Frame::Body | Frame::Weights | Frame::Names) && !goes_on {
                        open.start = index + 1;
                    }
                }
                Kind::Sign if self.text(Some(index)) == ";" => {
                    let open = self.innermost_mut();
                    if matches!(open.frame, Frame::Body | Frame::Weights | Frame::Names | Frame::Item) {
                        open.start = index + 1;
                    }
                }
                Kind::Sign if self.text(Some(index)) == "," => {
                    let open = self.innermost_mut();
                    if !matches!(open.frame, Frame::Body | Frame::Weights | Frame::Item) {
                        open.start = index + 1;
                    }
                }
                _ => {}
            }
        }
    }

    fn frame_of(&self, index: usize) -> Frame {
        let parent = self.innermost();
        let head = self.text(self.first_code(parent.start));
        let before = self.code_before(index);
        let level = self.level(parent.start, index);
        let seen = |text: &str| level.iter().any(|index| self.text(Some(*index)) == text);
        let bracket = self.text(Some(index));
        match (parent.frame, bracket, self.kind(index)) {
            (_, _, Some(Kind::InsertOpen)) => Frame::Insert,
            (Frame::Item, "{", _) if head == "use" => Frame::UseNames,
            (Frame::Item, "{", _) if head == "weights" => Frame::Weights,
            (Frame::Weights, "{", _) => Frame::Names,
            (_, "{", _) => Frame::Body,
            (Frame::Item, "(", _) if matches!(head, "fn" | "block" | "arch") && !seen("=") => Frame::Params,
            (Frame::Params, "[", _) if !seen("=") => Frame::Type,
            (Frame::Type, _, _) => Frame::Type,
            (Frame::Body, _, _) if head == "input" && !seen(":") => Frame::Shape,
            // The word before is the field's.
            (Frame::Weights, "(", _) => Frame::Paren,
            (Frame::Weights, "[", _) => Frame::List,
            (_, "(", _) if self.ends_value(before) => Frame::Args,
            (_, "[", _) if self.ends_value(before) => Frame::Index,
            (_, "(", _) => Frame::Paren,
            _ => Frame::List,
        }
    }

    pub fn innermost(&self) -> Open {
        self.open.last().copied().unwrap_or_else(|| unreachable!("the item itself is never closed"))
    }

    fn innermost_mut(&mut self) -> &mut Open {
        self.open.last_mut().unwrap_or_else(|| unreachable!("the item itself is never closed"))
    }

    pub fn kind(&self, index: usize) -> Option<Kind> {
        self.piece.contains(&index).then(|| self.scan.tokens[index].kind)
    }

    fn token(&self, index: usize) -> Option<Token> {
        self.piece.contains(&index).then(|| self.scan.tokens[index])
    }

    /// The text of a token; nothing for none and for line breaks.
    pub fn text(&self, index: Option<usize>) -> &'a str {
        match index.and_then(|index| self.token(index)) {
            Some(token) if token.kind.is_code() => self.scan.text(token),
            _ => "",
        }
    }

    pub fn found_text(&self) -> &'a str {
        self.text(Some(self.found))
    }

    /// The code before the token at `index`, in this piece.
    pub fn code_before(&self, index: usize) -> Option<usize> {
        (self.piece.start..index.min(self.piece.end)).rev().find(|index| self.kind(*index).is_some_and(Kind::is_code))
    }

    pub fn before(&self) -> Option<usize> {
        self.code_before(self.found)
    }

    pub fn before_text(&self) -> &'a str {
        self.text(self.before())
    }

    /// The code at `index` or after it.
    pub fn first_code(&self, index: usize) -> Option<usize> {
        (index..self.piece.end).find(|index| self.kind(*index).is_some_and(Kind::is_code))
    }

    pub fn next_code(&self, index: usize) -> Option<usize> {
        self.first_code(index + 1)
    }

    /// The code in `start..end` that is in no inner brackets, the brackets included.
    pub fn level(&self, start: usize, end: usize) -> Vec<usize> {
        let mut depth = 0usize;
        let mut level = Vec::new();
        for index in start..end.min(self.piece.end) {
            match self.scan.tokens[index].kind {
                Kind::Open | Kind::InsertOpen => {
                    if depth == 0 {
                        level.push(index);
                    }
                    depth += 1;
                }
                Kind::Close | Kind::InsertClose => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        level.push(index);
                    }
                }
                kind if depth == 0 && kind.is_code() => level.push(index),
                _ => {}
            }
        }
        level
    }

    /// The texts of the current statement, or part of a list, up to the place of the error, without inner brackets.
    pub fn statement(&self) -> Vec<&'a str> {
        self.level(self.innermost().start, self.found).into_iter().map(|index| self.text(Some(index))).collect()
    }

    pub fn is_keyword(&self, index: usize) -> bool {
        self.kind(index) == Some(Kind::Word) && KEYWORDS.contains(&self.text(Some(index)))
    }

    pub fn is_operator(&self, index: Option<usize>) -> bool {
        OPERATORS.contains(&self.text(index))
    }

    /// Whether a value may end with the token.
    pub fn ends_value(&self, index: Option<usize>) -> bool {
        let Some(token) = index.and_then(|index| self.token(index)) else { return false };
        match token.kind {
            Kind::Word => !KEYWORDS.contains(&self.text(index)) || VALUES.contains(&self.text(index)),
            Kind::Number | Kind::EndQuote => true,
            Kind::Close => self.text(index) != "}",
            _ => false,
        }
    }

    /// Whether a value may start with the token.
    pub fn starts_value(&self, index: usize) -> bool {
        match self.kind(index) {
            Some(Kind::Word) => !self.is_keyword(index) || VALUES.contains(&self.text(Some(index))),
            Some(Kind::Number | Kind::Quote) => true,
            Some(Kind::Open) => self.text(Some(index)) != "{",
            _ => false,
        }
    }

    pub fn at_line_end(&self) -> bool {
        matches!(self.kind(self.found), None | Some(Kind::Newline))
    }

    pub fn span(&self, index: usize) -> Span {
        match self.token(index) {
            Some(token) if token.kind.is_code() => Span { file: self.file, start: token.start, end: token.end },
            // The end of a line is shown right behind its code.
            _ => {
                let end = self.code_before(index).and_then(|index| self.token(index)).map_or(0, |token| token.end);
                Span { file: self.file, start: end, end }
            }
        }
    }

    pub fn found_span(&self) -> Span {
        self.span(self.found)
    }

    /// What was found, in words.
    pub fn found_words(&self) -> String {
        match self.kind(self.found) {
            None if self.piece.end == self.scan.tokens.len() => "the end of the file".to_string(),
            None | Some(Kind::Newline) => "the end of the line".to_string(),
            Some(Kind::Quote) => "a string".to_string(),
            Some(_) if self.is_keyword(self.found) => format!("the keyword `{}`", self.found_text()),
            Some(_) => format!("`{}`", self.found_text()),
        }
    }

    /// An error at what was found.
    pub fn error(&self, message: impl Into<String>, label: impl Into<String>) -> Diagnostic {
        Diagnostic::error(Code::SYNTAX, message).label(self.found_span(), label)
    }

    /// The error where nothing better is known than what may stand here.
    pub fn expected(&self, what: &str) -> Diagnostic {
        self.error(format!("expected {what}, found {}", self.found_words()), "not expected here")
    }

    /// The error of a name that is missing or a keyword; `what` is as "a block".
    pub fn name_expected(&self, what: &str, form: &str) -> Diagnostic {
        if self.is_keyword(self.found) {
            let word = self.found_text();
            return self
                .error(format!("`{word}` is a keyword: it can't be the name of {what}"), "a keyword")
                .help(format!("choose another name, for example `{word}_`"));
        }
        if self.kind(self.found) == Some(Kind::Quote) {
            return self
                .error(format!("the name of {what} is written without quotes"), "a string")
                .help(format!("write `{form}`"));
        }
        self.error(format!("{what} needs a name, found {}", self.found_words()), "a name was expected here")
            .help(format!("write `{form}`"))
    }
}

impl Situation<'_> {
    pub fn explain(&self) -> Diagnostic {
        let by_frame = match self.innermost().frame {
            Frame::Item => self.in_item(),
            Frame::Params => self.in_params(),
            Frame::Type => Some(self.expected("a type, as in `[int]`")),
            Frame::UseNames => self.in_use_names(),
            Frame::Body => self.in_body(),
            Frame::Weights => self.in_weights(),
            Frame::Names => self.in_names(),
            Frame::Args | Frame::Index | Frame::List | Frame::Paren | Frame::Shape | Frame::Insert => self.in_values(),
        };
        by_frame.unwrap_or_else(|| self.expected("something else"))
    }
}
