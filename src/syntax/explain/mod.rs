//! Why the grammar gave up, in words.
//!
//! pest says how far it came; what stands there and around it says what went wrong. The files beside this one know the
//! mistakes of items, bodies, values and weights; where none of them fits, the report says what was expected.

mod bodies;
mod items;
mod situation;
mod values;
mod weights;

use std::ops::Range;

use pest::Parser;
use pest::error::{Error, ErrorVariant, InputLocation};

use self::situation::Situation;
use super::grammar::{Grammar, Rule};
use super::scan::Scan;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// The error of a piece that the grammar does not take: the tokens in `piece`.
pub fn explain(scan: &Scan, file: FileId, piece: Range<usize>, error: &Error<Rule>) -> Diagnostic {
    let tokens = &scan.tokens[piece.clone()];
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        unreachable!("a piece has tokens");
    };
    if let ErrorVariant::CustomError { .. } = error.variant {
        return out_of_steps(Span { file, start: first.start, end: last.end });
    }
    let base = first.start as usize;
    let text = &scan.text[base..last.end as usize];
    let rules_came = base + start_of(error);
    let place = base + furthest(text).unwrap_or_else(|| start_of(error));
    Situation::new(scan, file, piece, place).back_to_keyword(rules_came).explain()
}

/// How far pest came in `text`. Its plain errors know of rules only; the detailed ones also of punctuation.
fn furthest(text: &str) -> Option<usize> {
    // For the whole process, and never undone: other threads must not lose the detail that they count on.
    pest::set_error_detail(true);
    let error = Grammar::parse(Rule::items, text).err()?;
    error.parse_attempts().map(|attempts| attempts.max_position)
}

fn start_of(error: &Error<Rule>) -> usize {
    match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    }
}

fn out_of_steps(span: Span) -> Diagnostic {
    Diagnostic::error(Code::LIMIT, "this takes too long to parse")
        .label(span, "gave up here, after 100 million steps")
        .help("split it into several blocks")
}
