//! Text to tree: the [`ast`], the parser, and the limits on what it takes.
//!
//! A text is scanned to tokens (`scan`) and split at its items (`split`). The tokens of an item are checked for
//! what no grammar explains well (`check`); then pest reads it (`grammar`), and its pairs become the tree (`read`)
//! or its failure a diagnostic (`explain`).

pub mod ast;
mod check;
mod explain;
mod grammar;
mod hints;
mod parse;
mod read;
mod scan;
mod split;
mod trivia;

pub use check::MAX_NESTING;
pub use parse::parse;
