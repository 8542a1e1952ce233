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
//! - **Receptive fields** ([`Field`]) say which pixels a place is computed from, [`Load`] what memory a node takes and
//!   moves, [`Device::seconds`] how long it takes at least.
//!
//! MACs, FLOPs and activations are for a batch of 1 ([`analyse`]) or of a given size ([`analyse_batch`]); what is
//! computed from learned tensors alone is computed once for a batch. Counts are exact 64-bit numbers: one that does
//! not fit is an error. The time is linear in the number of nodes.

mod device;
mod field;
mod load;
mod memory;
mod sums;
mod tree;

use std::sync::Arc;

pub use device::Device;
pub use field::{Field, fields, image_size, last_map};
pub use load::Load;
pub use memory::{Memory, Optimizer, Training, memory, moved};
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
    /// What all nodes load memory with; `saved` holds the inputs that gradients need, too.
    pub load: Load,
    /// The most convolutions, linear layers and the like on any way to the main output.
    pub layers: u64,
    /// The rows and columns of the image that comes in, where one does.
    pub image: Option<[u64; 2]>,
    /// The receptive field of the last map on the way to the main output.
    pub last_map: Option<Field>,
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
    pub load: Load,
    /// What it sees of the image; nothing where it reads none.
    pub field: Option<Field>,
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
        match name {
            "peak_memory" => Some(self.load.live),
            "layers" => Some(self.layers),
            "receptive_field" => Some(self.receptive_field().unwrap_or(0)),
            name => self.total.metric(name),
        }
    }

    /// The rows or columns, whichever are fewer, that a place of the last map sees; nothing where no image comes in.
    pub fn receptive_field(&self) -> Option<u64> {
        Some(self.last_map?.smaller(self.image?))
    }

    /// An estimate of what training takes.
    pub fn training(&self, optimizer: Optimizer) -> Training {
        let params = self.total.params.saturating_mul(memory::VALUE);
        Training {
            optimizer,
            weights: self.total.weight_bytes(),
            gradients: params,
            optimizer_state: params.saturating_mul(optimizer.states()),
            saved_activations: self.load.saved,
        }
    }

    /// The seconds that the nodes take at least on a device, one after another.
    pub fn seconds(&self, device: &Device) -> f64 {
        self.nodes.iter().map(|node| device.seconds(node.sums.flops, node.load.moved)).sum()
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
        load: Load::default(),
        layers: 0,
        image: image_size(graph),
        last_map: None,
    };
    let memory = memory(graph, batch);
    let fields = fields(graph);
    // How many layers lie on the longest way to each node, itself among them.
    let mut depths: Vec<u64> = Vec::with_capacity(graph.len());
    for (id, node) in graph.nodes() {
        let port = || Port { name: node.path.clone(), shape: node.output.shape().to_vec() };
        let mut depth = graph.inputs(id).iter().map(|input| depths[input.index()]).max().unwrap_or(0);
        match node.op.def().operands {
            Operands::Input => {
                report.load.saved = report.load.saved.saturating_add(memory.saved[id.index()]);
                report.inputs.push(port());
            }
            Operands::Flow | Operands::Merge { .. } | Operands::Pair { .. } | Operands::Source => {
                let sums = count(graph, id, node, batch, &mut report.weights)?;
                report.total = report.total.checked_add(&sums).map_err(|metric| too_large(graph, node, metric))?;
                let (live, saved) = (memory.live[id.index()], memory.saved[id.index()]);
                let load = Load { live, saved, moved: moved(graph, id, batch) };
                report.load = report.load.joined(&load);
                if let Some(metric) = report.load.too_large() {
                    return Err(too_large(graph, node, metric));
                }
                depth += u64::from(sums.macs > 0 && sums.params > 0);
                report.nodes.push(NodeCost {
                    path: node.path.clone(),
                    op: node.op.def().name,
                    detail: node.op.detail(),
                    output: node.output.shape().to_vec(),
                    sums,
                    load,
                    field: fields[id.index()],
                    call: node.origin.call.clone(),
                });
            }
        }
        depths.push(depth);
    }
    report.layers = graph.main_output().map_or(0, |output| depths[output.node.index()]);
    report.last_map = last_map(graph, &fields).and_then(|id| fields[id.index()]);
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
