//! What means nothing to the compiler but may not vanish: comments, blank lines, documentation that documents nothing.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::ast::{Doc, Trivia, TriviaKind};
use super::scan::{Kind, Scan, Token};
use crate::source::{FileId, Span};

/// The documentation of a file, and which of it has an owner.
pub struct Docs<'a> {
    scan: &'a Scan<'a>,
    file: FileId,
    owned: RefCell<BTreeSet<u32>>,
}

impl<'a> Docs<'a> {
    pub fn new(scan: &'a Scan<'a>, file: FileId) -> Docs<'a> {
        Docs { scan, file, owned: RefCell::default() }
    }

    /// The lines of `//!` above everything else.
    pub fn of_file(&self) -> Vec<Doc> {
        let head = self.scan.tokens.iter().take_while(|token| !token.kind.is_code());
        head.filter(|token| token.kind == Kind::FileDoc).map(|token| self.own(*token)).collect()
    }

    /// The lines of `///` above what starts at `offset`; comments and blank lines may stand between.
    pub fn above(&self, offset: usize) -> Vec<Doc> {
        let end = self.scan.index_at(offset);
        if !self.scan.tokens.get(end).is_some_and(|token| token.leads) {
            return Vec::new();
        }
        let above = self.scan.tokens[..end].iter().rev().take_while(|token| !token.kind.is_code());
        // One after code on its line says something of that code, not of what follows.
        let mut docs: Vec<Doc> =
            above.filter(|token| token.kind == Kind::Doc && token.leads).map(|token| self.own(*token)).collect();
        docs.reverse();
        docs
    }

    /// Takes the documentation in `tokens` as owned by something that could not be read.
    pub fn own_all(&self, tokens: &[Token]) {
        for token in tokens.iter().filter(|token| token.kind == Kind::Doc) {
            self.own(*token);
        }
    }

    /// Comments, blank lines and documentation without an owner, in order of place.
    pub fn trivia(&self) -> Vec<Trivia> {
        let owned = self.owned.borrow();
        let mut trivia: Vec<Trivia> = Vec::new();
        let span = |start: u32, end: u32| Span { file: self.file, start, end };
        let mut line_start = 0;
        for token in &self.scan.tokens {
            let kind = match token.kind {
                Kind::Comment => TriviaKind::Comment,
                Kind::Doc | Kind::FileDoc if !owned.contains(&token.start) => TriviaKind::StrayDoc,
                Kind::Newline if token.leads => {
                    match trivia.last_mut() {
                        Some(last) if last.kind == TriviaKind::BlankLines && last.span.end == line_start => {
                            last.span.end = token.end;
                        }
                        _ => trivia.push(Trivia { kind: TriviaKind::BlankLines, span: span(line_start, token.end) }),
                    }
                    line_start = token.end;
                    continue;
                }
                Kind::Newline => {
                    line_start = token.end;
                    continue;
                }
                _ => continue,
            };
            trivia.push(Trivia { kind, span: span(token.start, token.end) });
        }
        trivia
    }

    fn own(&self, token: Token) -> Doc {
        self.owned.borrow_mut().insert(token.start);
        let text = &self.scan.text(token)[3..];
        let text = text.strip_prefix(' ').unwrap_or(text).trim_end();
        Doc { text: text.to_string(), span: Span { file: self.file, start: token.start, end: token.end } }
    }
}
