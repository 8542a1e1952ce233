//! A tall frame is drawn in several columns, one beside the other.

use std::collections::HashMap;
use std::ops::Range;

use super::layers::{Item, Layers};
use super::place::ROW_GAP;
use crate::picture::outline::End;

/// The space between columns, in which links go up.
pub const GUTTER: f64 = 44.0;
/// What is lower than this stays in one column.
const TALL: f64 = 1000.0;
/// How high a column is for its width, at best.
const ASPECT: f64 = 1.1;

/// Rows below each other, and how far they reach to the left and right of what stands alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub rows: Range<usize>,
    pub left: f64,
    pub right: f64,
}

/// Splits rows into columns, only where one thing leads to one other. There is one column at least.
pub fn columns(layers: &Layers, heights: &[f64], x: &HashMap<Item, f64>, width: &impl Fn(&Item) -> f64) -> Vec<Column> {
    let rows = &layers.rows;
    let extent = |range: Range<usize>| {
        let items = || rows[range.clone()].iter().flatten();
        let left = items().map(|item| x[item] - width(item) / 2.0).fold(f64::INFINITY, f64::min);
        let right = items().map(|item| x[item] + width(item) / 2.0).fold(f64::NEG_INFINITY, f64::max);
        if left <= right { Column { rows: range, left, right } } else { Column { rows: range, left: 0.0, right: 0.0 } }
    };
    let all = extent(0..rows.len());
    let total: f64 = heights.iter().map(|height| height + ROW_GAP).sum();
    let count = (total / (ASPECT * (all.right - all.left + GUTTER))).sqrt().round();
    let tallest = heights.iter().copied().fold(0.0, f64::max);
    if total < TALL || count < 2.0 || tallest > total * 0.6 {
        return vec![all];
    }
    let alone = |row: usize| matches!(rows[row].as_slice(), [Item::Port(End::Child(_))]);
    let split = |most: f64| {
        let (mut starts, mut height) = (vec![0], 0.0);
        for (row, tall) in heights.iter().enumerate() {
            let step = tall + ROW_GAP;
            if height + step > most && row > 0 && alone(row) && alone(row - 1) {
                starts.push(row);
                height = 0.0;
            }
            height += step;
        }
        starts
    };
    // The lowest columns that are no more than asked for.
    let (mut low, mut high) = (tallest, total + 1.0);
    while high - low > 1.0 {
        let middle = (low + high) / 2.0;
        if split(middle).len() as f64 <= count { high = middle } else { low = middle }
    }
    let mut starts = split(high);
    starts.push(rows.len());
    starts.windows(2).map(|pair| extent(pair[0]..pair[1])).collect()
}
