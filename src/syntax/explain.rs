//! Why the grammar gave up, in words.

use std::ops::Range;

use pest::error::{Error, ErrorVariant, InputLocation};

use super::grammar::Rule;
use super::scan::Scan;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// The error of a piece, the tokens in `piece`, that starts at byte `base` of the file.
pub fn explain(scan: &Scan, file: FileId, piece: Range<usize>, base: usize, error: &Error<Rule>) -> Diagnostic {
    let _ = piece;
    let at = base
        + match error.location {
            InputLocation::Pos(at) => at,
            InputLocation::Span((start, _)) => start,
        };
    let token = scan.tokens.get(scan.index_at(at));
    let span = token.map_or(Span::new(file, at, at), |token| Span { file, start: token.start, end: token.end });
    let message = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => format!("expected one of {positives:?}"),
        ErrorVariant::CustomError { message } => message.clone(),
    };
    Diagnostic::error(Code::SYNTAX, message).label(span, "here")
}
