//! archc compiles neural-network architectures: from a text file to shapes, costs and results.
//!
//! ```text
//! text ──parse──▶ ast::File ──expand──▶ ir::Graph ──analyse──▶ Report ──▶ table · json · csv · md
//!                                          │ (typed: every node has a shape)
//!                                          └──lower──▶ Model ──run──▶ predictions
//! ```

pub mod analyse;
pub mod classify;
pub mod cli;
pub mod diagnostic;
pub mod expand;
pub mod image;
pub mod ir;
pub mod lower;
pub mod ops;
pub mod report;
pub mod source;
pub mod syntax;
pub mod weights;
