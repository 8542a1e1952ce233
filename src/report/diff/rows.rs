//! Entries as rows, before they are folded.

use std::collections::HashMap;
use std::sync::Arc;

use super::fold::{Delta, Unit, pattern, wild};
use super::{SHOWN, counted};
use crate::diff::{Attribute, Diff, Entry, Kind, Spot, Whole};
use crate::report::{Column, Grid, shape};

pub(super) fn sign(kind: Kind) -> &'static str {
    match kind {
        Kind::Added => "+",
        Kind::Removed => "-",
        Kind::Changed | Kind::Resized | Kind::Renamed => "~",
    }
}

/// What was added, removed and changed; a scope that is new or gone as a whole is one.
pub(super) fn changes(diff: &Diff) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut wholes: HashMap<(Kind, Arc<str>), usize> = HashMap::new();
    for entry in &diff.entries {
        let kind = entry.kind();
        let delta = Delta::between(entry.sums());
        let spot = match kind {
            Kind::Added | Kind::Changed => entry.after.as_ref(),
            Kind::Removed => entry.before.as_ref(),
            Kind::Resized | Kind::Renamed => None,
        };
        let Some(spot) = spot else { continue };
        if let Some(whole) = &spot.whole {
            let at = *wholes.entry((kind, whole.path.clone())).or_insert(units.len());
            match units.get_mut(at) {
                Some(unit) => {
                    unit.delta.add(delta);
                    unit.output = shape(&spot.shape);
                }
                None => units.push(Unit {
                    kind,
                    path: whole.path.to_string(),
                    what: scope(whole),
                    output: shape(&spot.shape),
                    delta,
                }),
            }
            continue;
        }
        units.push(Unit { kind, path: spot.path.to_string(), what: what(entry, spot), output: output(entry), delta });
    }
    units
}

/// What has other shapes or costs, and no other attributes.
pub(super) fn resized(diff: &Diff) -> Vec<Unit> {
    let resized = diff.entries.iter().filter(|entry| entry.kind() == Kind::Resized);
    let unit = |entry: &Entry| {
        let spot = entry.after.as_ref()?;
        Some(Unit {
            kind: Kind::Resized,
            path: spot.path.to_string(),
            what: spot.op.to_string(),
            output: output(entry),
            delta: Delta::between(entry.sums()),
        })
    };
    resized.filter_map(unit).collect()
}

/// `bottleneck, 10 nodes`
fn scope(whole: &Whole) -> String {
    let nodes = counted(whole.nodes as u64, "node");
    match &whole.block {
        Some(block) => format!("{block}, {nodes}"),
        None => nodes,
    }
}

/// `conv 3x3`, or `conv: kernel 3 -> 5`
fn what(entry: &Entry, spot: &Spot) -> String {
    if entry.attributes.is_empty() {
        return format!("{} {}", spot.op, spot.detail).trim_end().to_string();
    }
    let shown = |attribute: &Attribute| {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "none".to_string());
        let change = format!("{} -> {}", side(&attribute.before), side(&attribute.after));
        if attribute.name == "op" { change } else { format!("{} {change}", attribute.name) }
    };
    let list = entry.attributes.iter().map(shown).collect::<Vec<_>>().join(", ");
    match entry.attributes.iter().any(|attribute| attribute.name == "op") {
        true => list,
        false => format!("{}: {list}", spot.op),
    }
}

/// `64x56x56`, or `64x56x56 -> 64x28x28`
fn output(entry: &Entry) -> String {
    match (&entry.before, &entry.after) {
        (Some(before), Some(after)) if before.shape != after.shape => {
            format!("{} -> {}", shape(&before.shape), shape(&after.shape))
        }
        (Some(spot), _) | (None, Some(spot)) => shape(&spot.shape),
        (None, None) => String::new(),
    }
}

/// Paths that differ, by the scopes whose names do: `layer{1..4} -> stage{1..4}`.
pub(super) fn renames(diff: &Diff, all: bool) -> Option<Grid> {
    // The scope's paths on both sides, and how many nodes and weights are in it.
    let mut scopes: Vec<(String, String, u64, u64)> = Vec::new();
    let mut known: HashMap<(String, String), usize> = HashMap::new();
    for entry in &diff.entries {
        let (Some((before, after)), Some(spot)) = (entry.renamed(), &entry.after) else { continue };
        // `relu1` that is `silu1` now has been told of, and nothing is stored under its name.
        if spot.weights == 0 && entry.attributes.iter().any(|attribute| attribute.name == "op") {
            continue;
        }
        let (before, after) = apart(before, after);
        let at = *known.entry((before.to_string(), after.to_string())).or_insert(scopes.len());
        if at == scopes.len() {
            scopes.push((before.to_string(), after.to_string(), 0, 0));
        }
        scopes[at].2 += 1;
        scopes[at].3 += spot.weights as u64;
    }
    let nodes: u64 = scopes.iter().map(|(_, _, nodes, _)| nodes).sum();
    let weights: u64 = scopes.iter().map(|(_, _, _, weights)| weights).sum();
    if scopes.is_empty() {
        return None;
    }
    let mut rows: Vec<(Vec<String>, Vec<String>, u64, u64)> = Vec::new();
    let mut forms: HashMap<(String, String), usize> = HashMap::new();
    for (before, after, nodes, weights) in scopes {
        let at = *forms.entry((wild(&before), wild(&after))).or_insert(rows.len());
        if at == rows.len() {
            rows.push((Vec::new(), Vec::new(), 0, 0));
        }
        let row = &mut rows[at];
        row.0.push(before);
        row.1.push(after);
        row.2 += nodes;
        row.3 += weights;
    }
    let shown = if all { rows.len() } else { SHOWN };
    let head = (rows.len() > shown).then(|| format!("The first {shown} rows of {}; `--all` shows all.", rows.len()));
    let named = |paths: &[String]| match pattern(paths) {
        path if path.is_empty() => "(the top)".to_string(),
        path => path,
    };
    let cells = |(before, after, nodes, weights): &(Vec<String>, Vec<String>, u64, u64)| {
        vec![named(before), named(after), nodes.to_string(), weights.to_string()]
    };
    Some(Grid {
        title: format!("Renamed: {}, {}", counted(nodes, "node"), counted(weights, "weight")),
        head: head.into_iter().collect(),
        columns: vec![Column::left("before"), Column::left("after"), Column::right("nodes"), Column::right("weights")],
        rows: rows.iter().take(shown).map(cells).collect(),
        total: None,
    })
}

/// Two paths without the parts at the end that they share.
fn apart<'a>(before: &'a str, after: &'a str) -> (&'a str, &'a str) {
    let (mut before, mut after) = (before, after);
    loop {
        let last = |path: &'a str| path.rsplit_once('.').unwrap_or(("", path));
        let ((rest_before, name_before), (rest_after, name_after)) = (last(before), last(after));
        if name_before != name_after || before.is_empty() || after.is_empty() {
            return (before, after);
        }
        (before, after) = (rest_before, rest_after);
    }
}

pub(super) fn outputs(diff: &Diff) -> Option<Grid> {
    let row = |change: &crate::diff::OutputChange| {
        let sign = match (&change.before, &change.after) {
            (None, _) => sign(Kind::Added),
            (_, None) => sign(Kind::Removed),
            (Some(_), Some(_)) => sign(Kind::Changed),
        };
        let path = |path: &Option<Arc<str>>| path.as_ref().map_or(String::new(), |path| path.to_string());
        vec![sign.to_string(), change.name.to_string(), path(&change.before), path(&change.after)]
    };
    (!diff.outputs.is_empty()).then(|| Grid {
        title: "Outputs".to_string(),
        head: Vec::new(),
        columns: vec![Column::left(" "), Column::left("output"), Column::left("before"), Column::left("after")],
        rows: diff.outputs.iter().map(row).collect(),
        total: None,
    })
}
