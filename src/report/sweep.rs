//! How a sweep looks.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::figure::{Figure, Row};
use super::json::{FORMAT, Figures, Port};
use super::numbers::counted;
use super::table::{OF_ARCHS, convention, notes};
use super::{Refused, Table, View, conventions, rows};
use crate::sweep::{Axis, Sweep};

/// The table of a sweep, a row each combination.
///
/// # Errors
/// Columns that there are not.
pub fn sweep_table(swept: &Sweep, file: &str, view: &View, exact: bool) -> Result<Table, Refused> {
    let usual: &[Figure] = match exact {
        false => &[Figure::Params, Figure::Macs, Figure::Flops, Figure::ActivationBytes, Figure::WeightBytes],
        true => {
            &[Figure::Params, Figure::Buffers, Figure::Macs, Figure::Flops, Figure::Activations, Figure::WeightBytes]
        }
    };
    let figures = view.figures(usual, OF_ARCHS)?;
    let mut head = conventions(swept.batch);
    head.extend(notes(&figures, view));
    let key = |axis: &Axis| [Cow::Owned(axis.name.clone()), Cow::Owned(axis.name.clone())];
    let rows: Vec<(Vec<[String; 2]>, Row)> = swept
        .points
        .iter()
        .enumerate()
        .map(|(index, point)| {
            let values = swept.values(index).into_iter().map(|value| [value.to_string(), value.to_string()]);
            (values.collect(), rows::arch(&point.summary, point.seconds, view.optimizer))
        })
        .collect();
    Ok(Table {
        title: format!("{} ({file}): {}", swept.arch, counted(rows.len() as u64, "combination")),
        head,
        keys: swept.axes.iter().map(key).collect(),
        figures,
        counting: view.counting,
        foot: convention(view.counting, None),
        base: rows.first().map_or_else(Row::default, |(_, row)| row.clone()),
        rows,
        has_total: false,
        blank: false,
    })
}

/// One object on one line, without a line break.
pub fn sweep_json(swept: &Sweep, file: &str, view: &View) -> String {
    let points = swept.points.iter().enumerate().map(|(index, point)| Combination {
        values: swept
            .axes
            .iter()
            .zip(swept.values(index))
            .map(|(axis, text)| (axis.name.clone(), value(text)))
            .collect(),
        inputs: point.summary.inputs.iter().map(Port::new).collect(),
        figures: Figures::new(&point.summary, point.seconds, view),
    });
    let axis = |axis: &Axis| AxisValues {
        name: axis.name.clone(),
        values: axis.values.iter().map(|text| value(text)).collect(),
    };
    let document = Document {
        format: FORMAT,
        sweep: Swept {
            name: &swept.arch,
            file,
            batch: swept.batch,
            axes: swept.axes.iter().map(axis).collect(),
            points: points.collect(),
        },
    };
    serde_json::to_string(&document).expect("strings and numbers can be written")
}

/// A number as such, any other expression as it was written.
fn value(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(number @ Value::Number(_)) => number,
        Ok(_) | Err(_) => Value::String(text.to_string()),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    sweep: Swept<'a>,
}

#[derive(Serialize)]
struct Swept<'a> {
    name: &'a str,
    file: &'a str,
    batch: u64,
    axes: Vec<AxisValues>,
    points: Vec<Combination<'a>>,
}

#[derive(Serialize)]
struct AxisValues {
    name: String,
    values: Vec<Value>,
}

#[derive(Serialize)]
struct Combination<'a> {
    values: Map<String, Value>,
    inputs: Vec<Port<'a>>,
    #[serde(flatten)]
    figures: Figures<'a>,
}
