//! An architecture against a [`Reference`]: counts, weights, every layer, and the result.
//!
//! Nothing has to be trained or downloaded for it: both sides compute their weights and their input from names
//! ([`Hashed`](crate::weights::Hashed)), so that values agree in every layer exactly where the networks do. The first
//! layer that differs is where to look.

mod reference;
mod text;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use candle_core::Device;

pub use reference::{Layer, MAX_BYTES, Reference, bad};
pub use values::{Logits, TOLERANCE};

use crate::analyse::{NodeCost, analyse};
use crate::diagnostic::Diagnostic;
use crate::ir::{Graph, NodeId};
use crate::source::Span;
use crate::weights::fits;

/// What the reference says, and what is here.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair<T> {
    pub expected: T,
    pub found: T,
}

impl<T: PartialEq> Pair<T> {
    pub fn agrees(&self) -> bool {
        self.expected == self.found
    }
}

/// How an architecture and a reference compare.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub arch: String,
    /// The reference's name.
    pub reference: String,
    /// Where its numbers come from, in words.
    pub source: Option<String>,
    /// The shape of every input.
    pub inputs: Pair<Vec<Vec<usize>>>,
    pub params: Pair<u64>,
    pub buffers: Pair<u64>,
    pub macs: Pair<u64>,
    pub weights: Weights,
    pub layers: Layers,
    /// Nothing where the inputs differ, and so nothing was computed.
    pub logits: Option<Logits>,
}

/// The names and shapes of weights, in the order of the names.
#[derive(Clone, Debug)]
pub struct Weights {
    pub counts: Pair<usize>,
    /// Only in the reference.
    pub missing: Vec<(String, Vec<usize>)>,
    /// Only here.
    pub unexpected: Vec<(String, Vec<usize>)>,
    pub reshaped: Vec<(String, Pair<Vec<usize>>)>,
}

/// The modules that own weights, against the nodes at their paths.
#[derive(Clone, Debug)]
pub struct Layers {
    /// How many were compared.
    pub compared: usize,
    /// Those that differ, in the order in which the reference ran them.
    pub differing: Vec<LayerDifference>,
}

/// A layer that differs.
#[derive(Clone, Debug)]
pub struct LayerDifference {
    pub path: String,
    /// The layer compared before it, where there is one and it agrees.
    pub after: Option<String>,
    /// The module's class.
    pub kind: String,
    pub expected: Figures,
    /// Nothing where no node has the path.
    pub found: Option<Figures>,
    /// How often the reference runs the module; a node is computed once.
    pub runs: usize,
    /// Where the node was written.
    pub place: Option<Span>,
}

/// What a layer is compared by.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// The shape of the result, without the batch.
    pub output: Vec<usize>,
    pub params: u64,
    pub macs: u64,
    /// Mean and deviation of the result; nothing where it was not computed, or the reference has none.
    pub moments: Option<(f64, f64)>,
}

impl Comparison {
    /// Compares all there is. `device` computes the values.
    ///
    /// # Errors
    /// The counts do not fit 64 bits, or the device fails.
    pub fn of(graph: &Graph, reference: &Reference, device: &Device) -> Result<Comparison, Diagnostic> {
        let report = analyse(graph)?;
        let inputs = Pair {
            expected: vec![reference.input.clone()],
            found: report.inputs.iter().map(|input| input.shape.clone()).collect(),
        };
        let nodes: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
        let costs: BTreeMap<&str, &NodeCost> = report.nodes.iter().map(|cost| (&*cost.path, cost)).collect();
        let with_weights = nodes.into_iter().filter(|id| !graph.weights(*id).is_empty());
        let by_path: BTreeMap<&str, NodeId> = with_weights.map(|id| (&*graph.node(id).path, id)).collect();

        let rows = rows(reference, &by_path);
        let mut logits = None;
        let mut moments = vec![None; rows.len()];
        if inputs.agrees() {
            let computed = values::compute(graph, reference, &rows, device)?;
            logits = Some(computed.logits);
            moments = computed.moments;
        }
        let mut layers = Layers { compared: rows.len(), differing: Vec::new() };
        let mut before = None;
        for (row, moments) in rows.iter().zip(moments) {
            let layer = row.layer;
            let wanted = layer.mean.zip(layer.std).filter(|_| moments.is_some() || row.node.is_none());
            let expected =
                Figures { output: layer.output.clone(), params: layer.params, macs: layer.macs, moments: wanted };
            let found = row.node.map(|_| {
                let cost = costs[&*layer.path];
                Figures { output: cost.output.clone(), params: cost.sums.params, macs: cost.sums.macs, moments }
            });
            let agrees = found.as_ref().is_some_and(|found| found.agrees(&expected)) && row.runs == 1;
            if !agrees {
                layers.differing.push(LayerDifference {
                    path: layer.path.clone(),
                    after: before,
                    kind: layer.kind.clone(),
                    expected,
                    found,
                    runs: row.runs,
                    place: row.node.map(|id| graph.node(id).origin.span),
                });
            }
            before = agrees.then(|| layer.path.clone());
        }
        let found = report.weights.iter().map(|weight| (weight.name.clone(), weight.shape.clone())).collect();
        Ok(Comparison {
            arch: graph.name.to_string(),
            reference: reference.name.clone(),
            source: reference.source.clone(),
            inputs,
            params: Pair { expected: reference.params, found: report.total.params },
            buffers: Pair { expected: reference.buffers, found: report.total.buffers },
            macs: Pair { expected: reference.macs, found: report.total.macs },
            weights: Weights::of(&reference.state, &found),
            layers,
            logits,
        })
    }

    /// Whether nothing differs.
    pub fn agrees(&self) -> bool {
        let counts = [&self.params, &self.buffers, &self.macs];
        self.inputs.agrees()
            && counts.iter().all(|count| count.agrees())
            && self.weights.agree()
            && self.layers.differing.is_empty()
            && self.logits.as_ref().is_some_and(Logits::agree)
    }
}

impl Weights {
    fn of(expected: &BTreeMap<String, Vec<usize>>, found: &BTreeMap<String, Vec<usize>>) -> Weights {
        let only = |all: &BTreeMap<String, Vec<usize>>, other: &BTreeMap<String, Vec<usize>>| {
            all.iter()
                .filter(|(name, _)| !other.contains_key(*name))
                .map(|(name, shape)| (name.clone(), shape.clone()))
                .collect()
        };
        let both = expected.iter().filter_map(|(name, shape)| Some((name, shape, found.get(name)?)));
        let reshaped = both
            .filter(|(_, expected, found)| !fits(expected, found))
            .map(|(name, expected, found)| (name.clone(), Pair { expected: expected.clone(), found: found.clone() }))
            .collect();
        Weights {
            counts: Pair { expected: expected.len(), found: found.len() },
            missing: only(expected, found),
            unexpected: only(found, expected),
            reshaped,
        }
    }

    pub fn agree(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.reshaped.is_empty()
    }
}

impl Figures {
    /// Whether the results have the same shape. Where a linear layer here is a convolution there, sizes of 1 may follow.
    fn same_output(&self, expected: &Figures) -> bool {
        let trimmed = |shape: &[usize]| shape.iter().rposition(|size| *size != 1).map_or(0, |last| last + 1);
        let [here, there] = [&self.output, &expected.output].map(|shape| &shape[..trimmed(shape)]);
        here == there
    }

    fn agrees(&self, expected: &Figures) -> bool {
        let close = match (self.moments, expected.moments) {
            (Some(found), Some(expected)) => values::close(found, expected),
            (None, _) | (_, None) => true,
        };
        close && self.same_output(expected) && (self.params, self.macs) == (expected.params, expected.macs)
    }
}

/// A module of the reference to compare.
struct Row<'a> {
    layer: &'a Layer,
    /// The node with weights at its path.
    node: Option<NodeId>,
    runs: usize,
}

/// The modules that own weights, each once, in order. A module with others inside may be one that only holds them
/// together and owns, say, a learned tensor; it is compared where a node has its path.
fn rows<'a>(reference: &'a Reference, nodes: &BTreeMap<&str, NodeId>) -> Vec<Row<'a>> {
    let owners: BTreeSet<&str> = reference.state.keys().map(|name| reference::module(name)).collect();
    let mut rows: Vec<Row<'a>> = Vec::new();
    let mut by_path: BTreeMap<&str, usize> = BTreeMap::new();
    for layer in reference.layers.iter().filter(|layer| owners.contains(&*layer.path)) {
        if let Some(earlier) = by_path.get(&*layer.path) {
            rows[*earlier].runs += 1;
            continue;
        }
        let node = nodes.get(&*layer.path).copied();
        if node.is_some() || layer.leaf {
            by_path.insert(&layer.path, rows.len());
            rows.push(Row { layer, node, runs: 1 });
        }
    }
    rows
}
