//! Text to tree: the [`ast`], the parser, and the limits on what it takes.

pub mod ast;
mod parse;

pub use parse::{MAX_NESTING, parse};
