//! archc compiles neural-network architectures: from a text file to shapes, costs and results.
//!
//! ```text
//! text ──parse──▶ ast::File ──expand──▶ ir::Graph ──analyse──▶ Report ──▶ table · json · csv · md
//!                                          │ (typed: every node has a shape)
//!                                          └──lower──▶ Model ──run──▶ predictions
//! ```
//!
//! Each arrow is a function or two:
//!
//! ```
//! use archc::{analyse, diagnostic, expand, source};
//!
//! let mut sources = source::SourceMap::new();
//! let file = sources.add("net.arch", "arch net { input image[3, 32, 32]; conv(16, 3) -> relu; output y }");
//!
//! let mut diagnostics = diagnostic::Diagnostics::new();
//! let program = expand::Program::load(&mut sources, file, &mut diagnostics);
//! let graph = program.expand(&mut sources, "net", &expand::Settings::default(), &mut diagnostics);
//! assert!(!diagnostics.has_errors());
//!
//! let report = analyse::analyse(&graph.expect("nothing is wrong")).expect("the counts fit 64 bits");
//! assert_eq!(report.total.params, 448);
//! ```
//!
//! Every phase adds what is wrong to the same [`diagnostic::Diagnostics`] and goes on as far as it can, so that all
//! mistakes of a file are shown at once. A later phase takes the type that only the earlier one can make: a node of an
//! [`ir::Graph`] can't exist without a shape, so nothing after expansion checks shapes again.
//!
//! `docs/architecture.md` says what each room holds and where to add an op, an error or a command.

pub mod analyse;
pub mod benchmark;
pub mod classify;
pub mod cli;
pub mod device;
pub mod diagnostic;
pub mod diff;
pub mod evaluate;
pub mod expand;
pub mod features;
pub mod gradcam;
pub mod image;
pub mod ir;
pub mod kernels;
pub mod labels;
pub mod lower;
mod memory;
pub mod ops;
pub mod picture;
pub mod plan;
pub mod report;
pub mod source;
pub mod sweep;
pub mod syntax;
pub mod verify;
pub mod weights;
