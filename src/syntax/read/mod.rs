//! pest's pairs to the tree. The grammar has accepted the text; what it can't say is checked on the way.

mod bodies;
mod expressions;
mod items;
mod strings;

use std::cell::RefCell;
use std::iter::{Filter, Peekable};
use std::sync::Arc;

use pest::iterators::{Pair, Pairs};

use super::ast;
use super::grammar::Rule;
use super::scan::Scan;
use super::trivia::Docs;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// Reads one piece of a file.
pub struct Reader<'a> {
    pub scan: &'a Scan<'a>,
    pub docs: &'a Docs<'a>,
    pub file: FileId,
    /// Where the piece starts in the file.
    pub base: usize,
    pub errors: RefCell<Vec<Diagnostic>>,
}

/// The parts of a pair, without its keywords.
type Parts<'i> = Peekable<Filter<Pairs<'i, Rule>, fn(&Pair<'i, Rule>) -> bool>>;

fn parts<'i>(pair: Pair<'i, Rule>) -> Parts<'i> {
    let says_something: fn(&Pair<'i, Rule>) -> bool = |pair| !is_keyword(pair.as_rule());
    pair.into_inner().filter(says_something).peekable()
}

fn is_keyword(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::kw_if
            | Rule::kw_else
            | Rule::kw_then
            | Rule::kw_for
            | Rule::kw_in
            | Rule::kw_repeat
            | Rule::kw_as
            | Rule::kw_seq
            | Rule::kw_residual
            | Rule::kw_shortcut
            | Rule::kw_let
            | Rule::kw_input
            | Rule::kw_output
            | Rule::kw_expect
            | Rule::kw_assert
            | Rule::kw_use
            | Rule::kw_const
            | Rule::kw_fn
            | Rule::kw_block
            | Rule::kw_arch
            | Rule::kw_weights
            | Rule::kw_edition
            | Rule::kw_names
            | Rule::kw_image
            | Rule::kw_accuracy
    )
}

/// The next part, which the grammar says is there.
fn next<'i>(parts: &mut Parts<'i>) -> Pair<'i, Rule> {
    parts.next().unwrap_or_else(|| unreachable!("the grammar has one more part here"))
}

/// The next part where it is a `rule`.
fn next_if<'i>(parts: &mut Parts<'i>, rule: Rule) -> Option<Pair<'i, Rule>> {
    parts.next_if(|part| part.as_rule() == rule)
}

impl Reader<'_> {
    /// Where `pair` stands. pest counts blanks and comments after it as part of it; this does not.
    fn span(&self, pair: &Pair<'_, Rule>) -> Span {
        let range = pair.as_span();
        let (start, end) = (self.base + range.start(), self.base + range.end());
        let code_end = self.scan.code_before(end).map_or(end, |token| token.end as usize);
        Span::new(self.file, start, code_end.clamp(start, end))
    }

    fn ident(&self, pair: &Pair<'_, Rule>) -> ast::Ident {
        ast::Ident { name: Arc::from(pair.as_str()), span: self.span(pair) }
    }

    fn error(&self, error: Diagnostic) {
        self.errors.borrow_mut().push(error);
    }

    fn misplaced(&self, span: Span, message: &str, label: &str, help: &str) {
        self.error(Diagnostic::error(Code::MISPLACED, message).label(span, label).help(help));
    }
}
