//! What a sweep costs, as curves.

use super::console::Failure;
use super::figure::Count;
use super::swept::Swept;
use crate::diagnostic::list;
use crate::picture::chart::{Curve, Curves, MAX_CURVES, Mark, Titles};
use crate::report::{capital, counted, grouped};
use crate::sweep::Axis;

/// The most points of all curves.
const MAX_POINTS: usize = 20_000;

/// The place of the axis that is level: the one called `name`, or else the first whose values are numbers, or the first.
///
/// # Errors
/// There is no such axis, or it would give more curves or points than a picture holds.
pub fn level(axes: &[Axis], name: Option<&str>) -> Result<usize, Failure> {
    let level = match name {
        Some(name) => axes.iter().position(|axis| axis.name == name).ok_or_else(|| {
            Failure::usage(format!("`--x {name}` is not swept"))
                .help(format!("what is swept: {}", list(axes.iter().map(|axis| &*axis.name))))
        })?,
        None => axes.iter().position(|axis| numbers(axis).is_some()).unwrap_or(0),
    };
    let product =
        |axes: &mut dyn Iterator<Item = &Axis>| axes.fold(1usize, |n, axis| n.saturating_mul(axis.values.len()));
    let curves = product(&mut axes.iter().enumerate().filter(|(place, _)| *place != level).map(|(_, axis)| axis));
    if curves > MAX_CURVES {
        let message = format!(
            "this sweep has {} over `{}`, and {MAX_CURVES} are the most",
            counted(curves as u64, "curve"),
            axes[level].name
        );
        let help = "sweep fewer values, or say with `--x` which of them are level; `archc stats --sweep` prints more";
        return Err(Failure::usage(message).help(help));
    }
    let points = product(&mut axes.iter());
    if points > MAX_POINTS {
        let message = format!(
            "this sweep has {} points, and {} are the most of a picture",
            grouped(points as u64),
            grouped(MAX_POINTS as u64)
        );
        return Err(Failure::usage(message).help("sweep fewer values, or larger steps"));
    }
    Ok(level)
}

/// The curves of `count` over the axis at place `level`.
pub fn curves(swept: &Swept, level: usize, count: Count) -> Curves {
    let Swept { sweep, file } = swept;
    let axis = &sweep.axes[level];
    let values = numbers(axis);
    let places: Vec<f64> = values.clone().unwrap_or_else(|| (0..axis.values.len()).map(|place| place as f64).collect());
    let others: Vec<&Axis> =
        sweep.axes.iter().enumerate().filter(|(place, _)| *place != level).map(|(_, axis)| axis).collect();
    // The last axis changes fastest: a step along this one leaves out those behind it.
    let stride: usize = sweep.axes[level + 1..].iter().map(|axis| axis.values.len()).product();
    let length = axis.values.len();
    let mut made = Vec::new();
    for first in (0..sweep.points.len()).filter(|index| (index / stride).is_multiple_of(length)) {
        let values = sweep.values(first);
        let name = values.iter().enumerate().filter(|(place, _)| *place != level).map(|(_, value)| *value);
        let mut points: Vec<Mark> = (0..length)
            .map(|step| {
                let index = first + step * stride;
                let summary = &sweep.points[index].summary;
                let set =
                    sweep.axes.iter().zip(sweep.values(index)).map(|(axis, value)| format!("{}={value}", axis.name));
                let about = format!("{}: {}", set.collect::<Vec<_>>().join(", "), count.told(summary));
                Mark { x: places[step], y: count.of(summary) as f64, about }
            })
            .collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        made.push(Curve { name: name.collect::<Vec<_>>().join(", "), points });
    }
    let mut written: Vec<(f64, String)> = places.into_iter().zip(axis.values.iter().cloned()).collect();
    written.sort_by(|a, b| a.0.total_cmp(&b.0));
    written.dedup_by(|a, b| a.0 == b.0);
    let title = if axis.name == "input" { "input, rows and columns in pixels".to_string() } else { axis.name.clone() };
    Curves {
        titles: Titles {
            title: capital(&format!("{} of {} over {}", count.words(), sweep.arch, axis.name)),
            line: format!("{file}, {}", counted(sweep.points.len() as u64, "combination")),
            x: title,
            y: count.axis(),
        },
        level: written,
        is_words: values.is_none(),
        by: others.iter().map(|axis| &*axis.name).collect::<Vec<_>>().join(", "),
        curves: made,
    }
}

/// The values of an axis where all are written as numbers.
fn numbers(axis: &Axis) -> Option<Vec<f64>> {
    let number = |text: &String| text.parse().ok().filter(|number: &f64| number.is_finite());
    axis.values.iter().map(number).collect()
}
