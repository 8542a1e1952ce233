//! What differs between two architectures, node by node, and what the differences cost.
//!
//! Nodes are aligned by structure: scope by scope, by what they compute and, where somebody gave them one, by
//! their labels. So a block that is put in the middle leaves the ones behind it what they were, under new paths. What
//! differs in a pair of nodes is told apart: other attributes are changes, other shapes and costs alone follow from
//! changes elsewhere, and other paths are renames.
//!
//! The work is near linear in the nodes where the sides have long parts in common, and bounded where they have not.
//! Swapping the sides swaps what is told, and nothing else.

mod align;
mod attributes;
mod compare;
mod scopes;
mod sequence;

use std::sync::Arc;

pub use attributes::Attribute;

use crate::analyse::{NodeCost, Report, Sums};
use crate::ir::{Graph, NodeId};
use crate::ops::Operands;

/// All that differs between two architectures.
#[derive(Clone, Debug)]
pub struct Diff {
    pub before: Summary,
    pub after: Summary,
    pub entries: Vec<Entry>,
    pub outputs: Vec<OutputChange>,
}

/// One side as a whole.
#[derive(Clone, Debug)]
pub struct Summary {
    pub arch: Arc<str>,
    pub sums: Sums,
    /// All nodes, inputs too.
    pub nodes: usize,
}

/// A node that is not the same on both sides, or is on one only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Nothing where it is added.
    pub before: Option<Spot>,
    /// Nothing where it is removed.
    pub after: Option<Spot>,
    /// What it was made from, where that differs.
    pub attributes: Vec<Attribute>,
}

/// A node on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    pub path: Arc<str>,
    pub op: &'static str,
    /// `3x3, stride 2`
    pub detail: String,
    /// The shape of its result, without the batch.
    pub shape: Vec<usize>,
    pub sums: Sums,
    /// The number of its weights.
    pub weights: usize,
    /// The largest scope around it that is on this side only.
    pub whole: Option<Whole>,
}

/// A scope all of whose nodes are added, or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    pub path: Arc<str>,
    pub block: Option<Arc<str>>,
    pub nodes: usize,
}

/// The most that can be said of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Removed,
    Added,
    /// Its attributes, or what it reads.
    Changed,
    /// Shapes or costs alone, which follows from other changes.
    Resized,
    /// Nothing but its path.
    Renamed,
}

impl Entry {
    pub fn kind(&self) -> Kind {
        match (&self.before, &self.after) {
            (_, None) => Kind::Removed,
            (None, Some(_)) => Kind::Added,
            (Some(_), Some(_)) if !self.attributes.is_empty() => Kind::Changed,
            (Some(before), Some(after)) if before.shape != after.shape || before.sums != after.sums => Kind::Resized,
            (Some(_), Some(_)) => Kind::Renamed,
        }
    }

    /// The paths on both sides, where they differ.
    pub fn renamed(&self) -> Option<(&str, &str)> {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) if before.path != after.path => Some((&before.path, &after.path)),
            _ => None,
        }
    }

    /// What it costs on both sides.
    pub fn sums(&self) -> (Sums, Sums) {
        let sums = |spot: &Option<Spot>| spot.as_ref().map(|spot| spot.sums).unwrap_or_default();
        (sums(&self.before), sums(&self.after))
    }
}

/// A result that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputChange {
    pub name: Arc<str>,
    /// The path of the node; nothing where the result is added.
    pub before: Option<Arc<str>>,
    /// Nothing where it is removed. Where both paths are the same, its place among the results differs.
    pub after: Option<Arc<str>>,
}

impl Diff {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.outputs.is_empty()
    }
}

/// A graph and its costs.
#[derive(Debug)]
struct Side<'a> {
    graph: &'a Graph,
    /// By node; nothing for inputs.
    costs: Vec<Option<&'a NodeCost>>,
}

impl<'a> Side<'a> {
    fn new(graph: &'a Graph, report: &'a Report) -> Side<'a> {
        let mut nodes = report.nodes.iter();
        let cost = |operands| if operands == Operands::Input { None } else { nodes.next() };
        Side { graph, costs: graph.nodes().map(|(_, node)| node.op.def().operands).map(cost).collect() }
    }

    fn cost(&self, node: NodeId) -> Sums {
        self.costs[node.index()].map(|cost| cost.sums).unwrap_or_default()
    }
}

/// Compares two graphs; the reports are theirs, for one batch.
pub fn diff(before: (&Graph, &Report), after: (&Graph, &Report)) -> Diff {
    let (a, b) = (Side::new(before.0, before.1), Side::new(after.0, after.1));
    let (scopes_a, scopes_b) = (scopes::Scopes::new(a.graph), scopes::Scopes::new(b.graph));
    let pairs = align::align(&a, &b, &scopes_a, &scopes_b);
    let entries = compare::compare(&a, &b, &scopes_a, &scopes_b, &pairs);
    let summary = |(graph, report): (&Graph, &Report)| Summary {
        arch: report.arch.clone(),
        sums: report.total,
        nodes: graph.len(),
    };
    let outputs = outputs(a.graph, b.graph, &compare::Reach::new(a.graph, b.graph, &pairs));
    Diff { before: summary(before), after: summary(after), entries, outputs }
}

/// Which results differ: by name, by the node, and by the order of those that both sides have.
fn outputs(a: &Graph, b: &Graph, reach: &compare::Reach<'_>) -> Vec<OutputChange> {
    let named = |graph: &Graph, name: &str| graph.outputs().iter().find(|output| &*output.name == name).cloned();
    let place = |graph: &Graph, other: &Graph, name: &str| {
        let common = graph.outputs().iter().filter(|output| named(other, &output.name).is_some());
        common.map(|output| &*output.name).position(|output| output == name)
    };
    let only_b = b.outputs().iter().filter(|output| named(a, &output.name).is_none());
    let mut changes = Vec::new();
    for name in a.outputs().iter().chain(only_b).map(|output| &output.name) {
        let (before, after) = (named(a, name), named(b, name));
        let same = match (&before, &after) {
            (Some(x), Some(y)) => {
                x.main == y.main && reach.meet(x.node, y.node) && place(a, b, name) == place(b, a, name)
            }
            _ => false,
        };
        if !same {
            let before = before.map(|output| a.node(output.node).path.clone());
            let after = after.map(|output| b.node(output.node).path.clone());
            changes.push(OutputChange { name: name.clone(), before, after });
        }
    }
    changes
}
