//! Strings, their escapes and inserts.

use std::sync::Arc;

use pest::iterators::Pair;

use super::{Reader, next, parts};
use crate::source::Span;
use crate::syntax::ast;
use crate::syntax::grammar::Rule;

impl Reader<'_> {
    pub fn string(&self, pair: Pair<'_, Rule>) -> ast::Str {
        self.string_depth(pair).0
    }

    /// A string, and how deep its deepest insert is.
    pub fn string_depth(&self, pair: Pair<'_, Rule>) -> (ast::Str, usize) {
        let span = self.span(&pair);
        let mut inserts = Vec::new();
        let mut deepest = 0;
        let mut text = String::new();
        let end_text = |text: &mut String, out: &mut Vec<ast::StrPart>| {
            if !text.is_empty() {
                out.push(ast::StrPart::Text(Arc::from(std::mem::take(text))));
            }
        };
        for part in parts(pair) {
            match part.as_rule() {
                Rule::text => text.push_str(part.as_str()),
                // The escaped character stands for itself.
                Rule::escape => text.push_str(&part.as_str()[1..]),
                _ => {
                    end_text(&mut text, &mut inserts);
                    let (insert, depth) = self.expr_depth(next(&mut parts(part)));
                    deepest = deepest.max(depth);
                    inserts.push(ast::StrPart::Insert(insert));
                }
            }
        }
        end_text(&mut text, &mut inserts);
        (ast::Str { parts: inserts, span, quoted: true }, deepest)
    }

    /// The text of a string in `names`: quotes and backslashes without their escapes, braces as written.
    pub fn pattern_text(&self, pair: &Pair<'_, Rule>) -> (String, Span) {
        let written = pair.as_str();
        let mut text = String::new();
        let mut chars = written[1..written.len() - 1].chars().peekable();
        while let Some(c) = chars.next() {
            match (c, chars.peek()) {
                ('\\', Some(escaped @ ('"' | '\\'))) => {
                    text.push(*escaped);
                    chars.next();
                }
                _ => text.push(c),
            }
        }
        (text, self.span(pair))
    }
}
