//! Several architectures, a row each.

use super::{By, Grid, Subject, View, table};

/// Params and MACs with ratios to the first, and what else is worth comparing.
pub fn comparison(subjects: &[Subject]) -> Grid {
    let view = View { by: Some(By::Arch), ..View::default() };
    table(subjects, &view, false).unwrap_or_else(|_| unreachable!("the usual columns are there")).grid()
}
