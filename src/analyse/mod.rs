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
//! - A [`Convention`] is how another program counts, where one is asked for.
//! - **Receptive fields** ([`Field`]) say which pixels a place is computed from, [`Load`] what memory a node takes and
//!   moves, [`Device::seconds`] how long it takes at least.
//!
//! MACs, FLOPs and activations are for a batch of 1 ([`analyse`]) or of a given size ([`analyse_batch`]); what is
//! computed from learned tensors alone is computed once for a batch. Counts are exact 64-bit numbers: one that does
//! not fit is an error. The time is linear in the number of nodes.

mod conventions;
mod device;
mod field;
mod load;
mod memory;
mod summary;
mod sums;
mod tree;

use std::sync::Arc;

pub use conventions::{Convention, Counting, Written};
pub use device::Device;
pub use field::{Field, fields, image_size, last_map};
pub use load::Load;
pub use memory::{Memory, Optimizer, Training, memory, moved};
use summary::walk;
pub use summary::{Summary, summarise};
pub use sums::{METRICS, Sums};
pub use tree::{Entry, EntryId, Tree};

use crate::diagnostic::Diagnostic;
use crate::ir::{Call, Graph, Output};

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
        self.summary().receptive_field()
    }

    /// An estimate of what training takes.
    pub fn training(&self, optimizer: Optimizer) -> Training {
        self.summary().training(optimizer)
    }

    /// The figures of the whole architecture.
    pub fn summary(&self) -> Summary {
        Summary {
            inputs: self.inputs.clone(),
            nodes: self.nodes.len(),
            total: self.total,
            load: self.load,
            layers: self.layers,
            image: self.image,
            last_map: self.last_map,
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
    analyse_batch(graph, 1, None)
}

/// Counts what a graph costs for `batch` images at once, and what it counts by another program's rules, too.
///
/// # Errors
/// A count does not fit 64 bits.
pub fn analyse_batch(graph: &Graph, batch: u64, counting: Option<Counting>) -> Result<Report, Diagnostic> {
    let mut nodes = Vec::with_capacity(graph.len());
    let mut weights = Vec::new();
    let summary = walk(
        graph,
        batch,
        counting,
        &mut |id, weight| {
            let name = graph.weight_name(id, &weight);
            weights.push(Weight { name, shape: weight.shape, trainable: weight.trainable });
        },
        &mut |node, sums, load, field| {
            nodes.push(NodeCost {
                path: node.path.clone(),
                op: node.op.def().name,
                detail: node.op.detail(),
                output: node.output.shape().to_vec(),
                sums,
                load,
                field,
                call: node.origin.call.clone(),
            });
        },
    )?;
    let output =
        |output: &Output| Port { name: output.name.clone(), shape: graph.node(output.node).output.shape().to_vec() };
    Ok(Report {
        arch: graph.name.clone(),
        batch,
        inputs: summary.inputs,
        outputs: graph.outputs().iter().map(output).collect(),
        nodes,
        weights,
        total: summary.total,
        load: summary.load,
        layers: summary.layers,
        image: summary.image,
        last_map: summary.last_map,
    })
}

#[cfg(test)]
mod tests;
