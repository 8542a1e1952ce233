//! What a graph costs: per node, in total, and ([`Tree`]) summed by block path.
//!
//! - **Parameters** are the values that training changes by gradients; **buffers** the stored ones that it does not
//!   (running means and variances).
//! - **MACs** are the multiply-accumulates of convolutions, linear layers and matrix products, without biases.
//! - **FLOPs** are 2 x MACs and every other op's own count, which `archc ops NAME` states.
//! - **Activation elements** are the elements of the results of all nodes, those of inputs and of learned tensors
//!   (`param`) aside; each result counts, also where it could overwrite its operand. **Activation bytes** are these at
//!   float32.
//! - **Weight bytes** are parameters and buffers at float32.
//!
//! MACs, FLOPs and activations are for a batch of 1 ([`analyse`]) or of a given size ([`analyse_batch`]); what is
//! computed from learned tensors alone is computed once for a batch. Counts are exact 64-bit numbers: one that does
//! not fit is an error. The time is linear in the number of nodes.

mod sums;
mod tree;

use std::sync::Arc;

pub use sums::{METRICS, Sums};
pub use tree::{Entry, EntryId, Tree};

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Call, Graph, Node, NodeId, TensorType};
use crate::ops::Operands;

/// What an architecture costs.
#[derive(Clone, Debug)]
pub struct Report {
    pub arch: Arc<str>,
    /// The number of images that MACs, FLOPs and activations are for.
    pub batch: u64,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    /// Every node but the inputs, each after those it reads.
    pub nodes: Vec<NodeCost>,
    /// Every weight, in the order of the nodes.
    pub weights: Vec<Weight>,
    pub total: Sums,
}

/// An input or a result of an architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    pub name: Arc<str>,
    /// Without the batch.
    pub shape: Vec<usize>,
}

/// What one node costs.
#[derive(Clone, Debug)]
pub struct NodeCost {
    pub path: Arc<str>,
    /// The op's name.
    pub op: &'static str,
    /// What sets it apart: `3x3, stride 2`.
    pub detail: String,
    /// The shape of its result, without the batch.
    pub output: Vec<usize>,
    pub sums: Sums,
    /// The block call that it belongs to.
    pub call: Option<Arc<Call>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weight {
    pub name: String,
    pub shape: Vec<usize>,
    /// Whether it is a parameter; the rest are buffers.
    pub trainable: bool,
}

impl Report {
    /// The value that `assert` knows by this name; one of [`METRICS`].
    pub fn metric(&self, name: &str) -> Option<u64> {
        self.total.metric(name)
    }
}

/// Counts what a graph costs for one image.
///
/// # Errors
/// A count does not fit 64 bits.
pub fn analyse(graph: &Graph) -> Result<Report, Diagnostic> {
    analyse_batch(graph, 1)
}

/// Counts what a graph costs for `batch` images at once.
///
/// # Errors
/// A count does not fit 64 bits.
pub fn analyse_batch(graph: &Graph, batch: u64) -> Result<Report, Diagnostic> {
    let mut report = Report {
        arch: graph.name.clone(),
        batch,
        inputs: Vec::new(),
        outputs: Vec::new(),
        nodes: Vec::with_capacity(graph.len()),
        weights: Vec::new(),
        total: Sums::default(),
    };
    for (id, node) in graph.nodes() {
        let port = || Port { name: node.path.clone(), shape: node.output.shape().to_vec() };
        match node.op.def().operands {
            Operands::Input => report.inputs.push(port()),
            Operands::Flow | Operands::Merge { .. } | Operands::Pair { .. } | Operands::Source => {
                let sums = count(graph, id, node, batch, &mut report.weights)?;
                report.total = report.total.checked_add(&sums).map_err(|metric| too_large(graph, node, metric))?;
                report.nodes.push(NodeCost {
                    path: node.path.clone(),
                    op: node.op.def().name,
                    detail: node.op.detail(),
                    output: node.output.shape().to_vec(),
                    sums,
                    call: node.origin.call.clone(),
                });
            }
        }
    }
    for output in graph.outputs() {
        let shape = graph.node(output.node).output.shape().to_vec();
        report.outputs.push(Port { name: output.name.clone(), shape });
    }
    Ok(report)
}

/// The costs of one node; its weights are added to `weights`.
fn count(graph: &Graph, id: NodeId, node: &Node, batch: u64, weights: &mut Vec<Weight>) -> Result<Sums, Diagnostic> {
    let inputs: Vec<&TensorType> = graph.input_types(id);
    let too_large = |metric: &str| too_large(graph, node, metric);
    let (mut params, mut buffers) = (0u64, 0u64);
    for weight in node.op.weights(&inputs) {
        let (count, metric) = if weight.trainable { (&mut params, "params") } else { (&mut buffers, "buffers") };
        *count = count.checked_add(weight.elements()).ok_or_else(|| too_large(metric))?;
        let name = graph.weight_name(id, &weight);
        weights.push(Weight { name, shape: weight.shape, trainable: weight.trainable });
    }
    let cost = node.op.cost(&inputs, &node.output);
    let elements = if node.op.def().operands == Operands::Source { 0 } else { node.output.elements() };
    let times = if node.output.batched() { batch } else { 1 };
    // Ops saturate, so the largest number means that the count did not fit.
    let scaled = |one: u64, metric: &'static str| match one.checked_mul(times) {
        Some(all) if one < u64::MAX => Ok(all),
        Some(_) | None => Err(too_large(metric)),
    };
    let sums = Sums {
        params,
        buffers,
        macs: scaled(cost.macs, "macs")?,
        flops: scaled(cost.flops, "flops")?,
        activation_elements: scaled(elements, "activation_elements")?,
    };
    Sums::default().checked_add(&sums).map_err(too_large)
}

fn too_large(graph: &Graph, node: &Node, metric: &str) -> Diagnostic {
    let what = sums::in_words(metric);
    let mut diagnostic =
        Diagnostic::error(Code::TOO_LARGE, format!("the {what} of `{}` don't fit 64 bits", graph.name))
            .label(node.origin.span, format!("more than 2^64 with this `{}`", node.op.def().name))
            .help("smaller sizes, or a smaller batch, keep the counts in range");
    diagnostic.calls = Call::chain(&node.origin.call);
    diagnostic
}

#[cfg(test)]
mod tests;
