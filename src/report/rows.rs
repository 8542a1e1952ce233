//! The rows of a table of costs.

use std::collections::HashMap;

use super::figure::{ArchRow, Row};
use super::numbers::shape;
use super::{Subject, View};
use crate::analyse::{Device, Entry, NodeCost, Optimizer, Report, Summary, Tree};

/// A row for each node.
pub(super) fn layers(report: &Report, device: Option<&Device>) -> Vec<(String, Row)> {
    let row = |node: &NodeCost| (node.path.to_string(), layer(node, device));
    report.nodes.iter().map(row).collect()
}

fn layer(node: &NodeCost, device: Option<&Device>) -> Row {
    Row {
        what: format!("{} {}", node.op, node.detail).trim_end().to_string(),
        op: node.op.to_string(),
        detail: node.detail.clone(),
        output: Some(node.output.clone()),
        nodes: 1,
        sums: node.sums,
        load: node.load,
        field: node.field,
        seconds: device.map(|device| device.seconds(node.sums.flops, node.load.moved)),
        arch: None,
    }
}

/// A row for each path of at most `depth` parts, nodes below summed, and how many parts the path has; with `blocks`, only
/// for those that other paths begin with, or that a block's call opened.
pub(super) fn paths(
    report: &Report,
    tree: &Tree,
    depth: usize,
    blocks: bool,
    device: Option<&Device>,
) -> Vec<(Entry, Row)> {
    let seconds = device.map(|device| seconds_by_path(report, device));
    let entries = tree.walk(depth).into_iter().filter(|entry| {
        let is_block = !entry.children.is_empty() || entry.block.is_some();
        !blocks || is_block
    });
    let row = |entry: &Entry| {
        let last = &report.nodes[entry.last];
        let what = super::layers::op(report, tree, entry);
        let (op, detail) = match (&entry.block, entry.nodes.last()) {
            (None, Some(place)) => (report.nodes[*place].op.to_string(), report.nodes[*place].detail.clone()),
            _ => (what.clone(), String::new()),
        };
        Row {
            what,
            op,
            detail,
            output: Some(last.output.clone()),
            nodes: entry.count,
            sums: entry.sums,
            load: entry.load,
            field: last.field,
            seconds: seconds.as_ref().map(|seconds| seconds.get(&*entry.path).copied().unwrap_or(0.0)),
            arch: None,
        }
    };
    entries.map(|entry| (entry.clone(), row(entry))).collect()
}

fn seconds_by_path<'a>(report: &'a Report, device: &Device) -> HashMap<&'a str, f64> {
    let mut seconds = HashMap::new();
    for node in &report.nodes {
        let own = device.seconds(node.sums.flops, node.load.moved);
        for end in node.path.match_indices('.').map(|(at, _)| at).chain([node.path.len()]) {
            *seconds.entry(&node.path[..end]).or_insert(0.0) += own;
        }
    }
    seconds
}

/// A row for each op, by MACs and then FLOPs, the most first.
pub(super) fn ops(report: &Report, device: Option<&Device>) -> Vec<(String, Row)> {
    let mut rows: Vec<(String, Row)> = Vec::new();
    for node in &report.nodes {
        let place = match rows.iter().position(|(op, _)| op == node.op) {
            Some(place) => place,
            None => {
                let row = Row { what: node.op.to_string(), op: node.op.to_string(), ..Row::default() };
                rows.push((node.op.to_string(), row));
                rows.len() - 1
            }
        };
        add(&mut rows[place].1, &layer(node, device));
    }
    rows.sort_by_key(|(_, row)| std::cmp::Reverse((row.sums.macs, row.sums.flops)));
    rows
}

fn add(row: &mut Row, part: &Row) {
    row.nodes += part.nodes;
    row.sums.add_part(&part.sums);
    row.load = row.load.joined(&part.load);
    row.seconds = match (row.seconds, part.seconds) {
        (Some(a), Some(b)) => Some(a + b),
        (one, other) => one.or(other),
    };
}

/// The row of a whole architecture, which takes `seconds` at least.
pub(super) fn arch(summary: &Summary, seconds: Option<f64>, optimizer: Optimizer) -> Row {
    Row {
        nodes: summary.nodes,
        sums: summary.total,
        load: summary.load,
        field: summary.last_map,
        seconds,
        arch: Some(ArchRow {
            inputs: summary.inputs.iter().map(|input| shape(&input.shape)).collect(),
            layers: summary.layers,
            training: summary.training(optimizer).total(),
        }),
        ..Row::default()
    }
}

/// The row of an architecture that has been counted in all its parts.
pub(super) fn of_subject(subject: &Subject, view: &View) -> Row {
    let seconds = view.device.as_ref().map(|device| subject.report.seconds(device));
    arch(&subject.report.summary(), seconds, view.optimizer)
}
