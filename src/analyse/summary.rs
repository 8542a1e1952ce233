//! What a whole architecture costs.

use super::field::{Field, fields, image_size, last_map};
use super::memory::{self, Optimizer, Training, memory, moved};
use super::{Counting, Load, Port, Sums, sums};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Call, Graph, Node, NodeId, TensorType};
use crate::ops::{Operands, WeightSpec};

/// The figures of a whole architecture, without those of its parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    pub inputs: Vec<Port>,
    /// How many nodes there are, inputs aside.
    pub nodes: usize,
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

impl Summary {
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
}

/// Counts what a graph costs in all for `batch` images at once, and the seconds it takes at least by what `seconds` says
/// of the FLOPs and the bytes moved of each node.
///
/// # Errors
/// A count does not fit 64 bits.
pub fn summarise(
    graph: &Graph,
    batch: u64,
    counting: Option<Counting>,
    seconds: impl Fn(u64, u64) -> f64,
) -> Result<(Summary, f64), Diagnostic> {
    let mut sum = 0.0;
    let mut see_node = |_: &Node, sums: Sums, load: Load, _| sum += seconds(sums.flops, load.moved);
    let summary = walk(graph, batch, counting, &mut |_, _| {}, &mut see_node)?;
    Ok((summary, sum))
}

/// What is done with a node and its costs.
type SeeNode<'a> = dyn FnMut(&Node, Sums, Load, Option<Field>) + 'a;

/// Counts every node but the inputs, in order: its weights are shown to `see_weight`, then its costs to `see_node`.
pub(super) fn walk(
    graph: &Graph,
    batch: u64,
    counting: Option<Counting>,
    see_weight: &mut dyn FnMut(NodeId, WeightSpec),
    see_node: &mut SeeNode<'_>,
) -> Result<Summary, Diagnostic> {
    let mut summary = Summary { image: image_size(graph), ..Summary::default() };
    let memory = memory(graph, batch);
    let fields = fields(graph);
    // How many layers lie on the longest way to each node, itself among them.
    let mut depths: Vec<u64> = Vec::with_capacity(graph.len());
    for (id, node) in graph.nodes() {
        let mut depth = graph.inputs(id).iter().map(|input| depths[input.index()]).max().unwrap_or(0);
        let (live, saved) = (memory.live[id.index()], memory.saved[id.index()]);
        match node.op.def().operands {
            Operands::Input => {
                summary.load.saved = summary.load.saved.saturating_add(saved);
                summary.inputs.push(Port { name: node.path.clone(), shape: node.output.shape().to_vec() });
            }
            Operands::Flow | Operands::Merge { .. } | Operands::Pair { .. } | Operands::Source => {
                let sums = count(graph, id, batch, counting, see_weight)?;
                summary.total = summary.total.checked_add(&sums).map_err(|metric| too_large(graph, node, metric))?;
                let load = Load { live, saved, moved: moved(graph, id, batch) };
                summary.load = summary.load.joined(&load);
                if let Some(metric) = summary.load.too_large() {
                    return Err(too_large(graph, node, metric));
                }
                summary.nodes += 1;
                depth += u64::from(sums.macs > 0 && sums.params > 0);
                see_node(node, sums, load, fields[id.index()]);
            }
        }
        depths.push(depth);
    }
    summary.layers = graph.main_output().map_or(0, |output| depths[output.node.index()]);
    summary.last_map = last_map(graph, &fields).and_then(|id| fields[id.index()]);
    Ok(summary)
}

/// The costs of one node, whose weights are shown to `see_weight`.
fn count(
    graph: &Graph,
    id: NodeId,
    batch: u64,
    counting: Option<Counting>,
    see_weight: &mut dyn FnMut(NodeId, WeightSpec),
) -> Result<Sums, Diagnostic> {
    let node = graph.node(id);
    let inputs: Vec<&TensorType> = graph.input_types(id);
    let too_large = |metric: &str| too_large(graph, node, metric);
    let (mut params, mut buffers) = (0u64, 0u64);
    let weights = node.op.weights(&inputs);
    for weight in &weights {
        let (count, metric) = if weight.trainable { (&mut params, "params") } else { (&mut buffers, "buffers") };
        *count = count.checked_add(weight.elements()).ok_or_else(|| too_large(metric))?;
    }
    let cost = node.op.cost(&inputs, &node.output);
    let elements = if node.op.def().operands == Operands::Source { 0 } else { node.output.elements() };
    let times = if node.output.batched() { batch } else { 1 };
    // Ops saturate, so the largest number means that the count did not fit.
    let scaled = |one: u64, metric: &'static str| match one.checked_mul(times) {
        Some(all) if one < u64::MAX => Ok(all),
        Some(_) | None => Err(too_large(metric)),
    };
    let mut sums = Sums {
        params,
        buffers,
        macs: scaled(cost.macs, "macs")?,
        flops: scaled(cost.flops, "flops")?,
        activation_elements: scaled(elements, "activation_elements")?,
        counted: 0,
    };
    if let Some(counting) = counting {
        sums.counted = counting.count(graph, id, &inputs, &weights, batch, [sums.macs, sums.flops]);
        if sums.counted == u64::MAX {
            return Err(too_large("counted"));
        }
    }
    weights.into_iter().for_each(|weight| see_weight(id, weight));
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
