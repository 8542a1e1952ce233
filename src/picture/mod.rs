//! Pictures: graphs, charts and pages, as text and as pixels. Nothing here reads or writes files.
//!
//! A graph becomes an [`outline`] of boxes and frames, [`layout`] gives everything its place, and [`graph`] draws it.

pub mod chart;
pub mod colour;
pub mod compare;
pub mod dot;
pub mod font;
pub mod graph;
pub mod layout;
pub mod outline;
pub mod page;
pub mod png;
pub mod svg;
pub mod words;
