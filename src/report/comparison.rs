//! Several architectures, a row each.

use super::numbers::{bytes, grouped, shape, short, times};
use super::{Column, Grid, Subject, conventions};

/// Params and MACs with ratios to the first, and what else is worth comparing.
pub fn comparison(subjects: &[Subject]) -> Grid {
    let batch = subjects.first().map_or(1, |first| first.report.batch);
    let mut head = conventions(batch);
    head.push("Ratios are to the first row.".to_string());
    let files = subjects.iter().any(|subject| subject.file != subjects[0].file);
    let mut columns = vec![Column::left("architecture")];
    if files {
        columns.push(Column::left("file"));
    }
    columns.extend([
        Column::left("input"),
        Column::right("params"),
        Column::right("ratio"),
        Column::right("MACs"),
        Column::right("ratio"),
        Column::right("FLOPs"),
        Column::right("activations"),
        Column::right("weights"),
    ]);
    let rows = subjects.iter().map(|subject| {
        let (total, first) = (&subject.report.total, &subjects[0].report.total);
        let inputs = subject.report.inputs.iter().map(|input| shape(&input.shape));
        let mut row = vec![subject.report.arch.to_string()];
        if files {
            row.push(subject.file.clone());
        }
        row.extend([
            inputs.collect::<Vec<_>>().join(", "),
            grouped(total.params),
            times(total.params, first.params),
            short(total.macs),
            times(total.macs, first.macs),
            short(total.flops),
            bytes(total.activation_bytes()),
            bytes(total.weight_bytes()),
        ]);
        row
    });
    let title = match files {
        true => format!("{} architectures", subjects.len()),
        false => format!("{} architectures of {}", subjects.len(), subjects.first().map_or("", |first| &first.file)),
    };
    Grid { title, head, rows: rows.collect(), columns, total: None }
}
