//! How costs look: tables for people (plain and Markdown), JSON and CSV for programs.
//!
//! [`table()`] makes what a [`View`] asks for; a [`Grid`] is what both kinds of table for people draw.

mod comparison;
mod csv;
pub mod diff;
mod evaluation;
mod figure;
mod grid;
mod json;
mod layers;
mod numbers;
mod rows;
mod sweep;
mod table;
mod view;

pub use comparison::comparison;
pub use evaluation::Evaluated;
pub use figure::{Cell, Figure};
pub use grid::{Align, Column, Grid};
pub use json::{FORMAT, json};
pub use layers::{ROWS_OF_A_SCREEN, layers};
pub use numbers::{bytes, capital, counted, grouped, ratio, seconds, shape, short, times};
pub use sweep::{sweep_json, sweep_table};
pub use table::{Refused, Table, convention, table};
pub use view::{By, Columns, View};

use crate::analyse::Report;

/// An architecture's costs, and the name of the file that it comes from.
#[derive(Clone, Debug)]
pub struct Subject {
    pub file: String,
    pub report: Report,
}

/// What the figures of a table mean, a sentence a line.
fn conventions(batch: u64) -> Vec<String> {
    vec![
        format!(
            "Batch {batch}. MACs: multiply-accumulates of convolutions, linear layers and matrix products, no biases."
        ),
        "FLOPs: 2 x MACs and every other op's own count. Activations: the results of all ops. Bytes at float32."
            .to_string(),
    ]
}

#[cfg(test)]
mod tests;
