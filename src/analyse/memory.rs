//! Memory: what is live while an architecture runs, and what training keeps.

use crate::ir::{Graph, NodeId, TensorType};
use crate::ops::Operands;

/// Bytes of a float32 value.
pub(super) const VALUE: u64 = 4;

/// Bytes of activations for a batch, node by node in the order of the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// What is live while each node runs: its operands, its result, and what later nodes read.
    pub live: Vec<u64>,
    /// What training keeps of each node for the way back: its result, where a gradient needs it, and what its own needs
    /// besides.
    pub saved: Vec<u64>,
}

/// The memory of a graph whose nodes run in their order, for `batch` images. Counts saturate.
///
/// A result lives from the node that makes it to the last one that reads it, an input from the start, and what the
/// architecture returns to the end. No result overwrites another; one that only looks at another's values (a reshape,
/// dropout at inference) takes none of its own. Learned tensors are weights, not activations.
pub fn memory(graph: &Graph, batch: u64) -> Memory {
    let nodes = graph.len();
    let mut home: Vec<usize> = (0..nodes).collect();
    let mut last_read: Vec<usize> = (0..nodes).collect();
    let mut bytes = vec![0; nodes];
    let mut kept = vec![false; nodes];
    let mut memory = Memory { live: Vec::with_capacity(nodes), saved: Vec::with_capacity(nodes) };
    for (id, node) in graph.nodes() {
        let place = id.index();
        let inputs = graph.inputs(id);
        let types: Vec<&TensorType> = inputs.iter().map(|input| &graph.node(*input).output).collect();
        for input in &inputs {
            last_read[home[input.index()]] = place;
        }
        match (node.op.is_view(), inputs.as_slice()) {
            (true, [only]) => home[place] = home[only.index()],
            _ if node.op.def().operands == Operands::Source => {}
            _ => bytes[place] = bytes_of(&node.output, batch),
        }
        let saved = node.op.saved(&types, &node.output);
        for input in inputs.iter().filter(|_| saved.operands) {
            kept[home[input.index()]] = true;
        }
        kept[home[place]] |= saved.result;
        let besides = saved.bytes.saturating_mul(images(&node.output, batch));
        memory.saved.push(besides.saturating_add(saved.batch_bytes));
    }
    for (place, saved) in memory.saved.iter_mut().enumerate().filter(|(place, _)| kept[*place]) {
        *saved = saved.saturating_add(bytes[place]);
    }
    for output in graph.outputs() {
        last_read[home[output.node.index()]] = nodes;
    }
    count_live(graph, &bytes, &last_read, &mut memory.live);
    memory
}

fn count_live(graph: &Graph, bytes: &[u64], last_read: &[usize], live: &mut Vec<u64>) {
    let mut ends: Vec<Vec<usize>> = vec![Vec::new(); bytes.len()];
    for (place, end) in last_read.iter().enumerate().filter(|(place, _)| bytes[*place] > 0) {
        if let Some(ends) = ends.get_mut(*end) {
            ends.push(place);
        }
    }
    let mut now: u128 = graph.graph_inputs().iter().map(|input| u128::from(bytes[input.index()])).sum();
    for (id, node) in graph.nodes() {
        let place = id.index();
        if node.op.def().operands != Operands::Input {
            now += u128::from(bytes[place]);
        }
        live.push(u64::try_from(now).unwrap_or(u64::MAX));
        now -= ends[place].iter().map(|end| u128::from(bytes[*end])).sum::<u128>();
    }
}

/// How many images a tensor holds values of.
pub(super) fn images(ty: &TensorType, batch: u64) -> u64 {
    if ty.batched() { batch } else { 1 }
}

pub(super) fn bytes_of(ty: &TensorType, batch: u64) -> u64 {
    ty.elements().saturating_mul(images(ty, batch)).saturating_mul(VALUE)
}

/// The bytes that every node moves for a batch: it reads its operands and weights once, and writes its result once. One
/// that only looks at its operand moves none.
pub fn moved(graph: &Graph, id: NodeId, batch: u64) -> u64 {
    let node = graph.node(id);
    let types = graph.input_types(id);
    if node.op.is_view() || matches!(node.op.def().operands, Operands::Source | Operands::Input) {
        return 0;
    }
    let read = types.iter().fold(0u64, |sum, ty| sum.saturating_add(bytes_of(ty, batch)));
    let weights = node.op.weights(&types).iter().fold(0u64, |sum, weight| sum.saturating_add(weight.elements()));
    read.saturating_add(weights.saturating_mul(VALUE)).saturating_add(bytes_of(&node.output, batch))
}

/// What an optimiser keeps for every parameter, besides its gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Optimizer {
    /// Nothing.
    Sgd,
    /// One value: SGD with momentum.
    Momentum,
    /// Two values: Adam and AdamW.
    #[default]
    Adam,
}

impl Optimizer {
    pub fn name(self) -> &'static str {
        match self {
            Optimizer::Sgd => "sgd",
            Optimizer::Momentum => "momentum",
            Optimizer::Adam => "adam",
        }
    }

    /// Values kept for each parameter.
    pub fn states(self) -> u64 {
        match self {
            Optimizer::Sgd => 0,
            Optimizer::Momentum => 1,
            Optimizer::Adam => 2,
        }
    }
}

/// An estimate of the bytes that a training step holds, all at float32: what is alive at the end of the forward pass, and
/// what the optimiser needs. Gradients of activations, which come and go on the way back, and what kernels need to work
/// in are not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Training {
    pub optimizer: Optimizer,
    /// Parameters and buffers.
    pub weights: u64,
    /// A gradient for every parameter.
    pub gradients: u64,
    pub optimizer_state: u64,
    /// What gradients need of the forward pass, inputs among it.
    pub saved_activations: u64,
}

impl Training {
    pub fn total(&self) -> u64 {
        let parts = [self.weights, self.gradients, self.optimizer_state, self.saved_activations];
        parts.into_iter().fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::{Memory, memory};
    use crate::diagnostic::Diagnostics;
    use crate::expand::{Program, Settings};
    use crate::source::SourceMap;

    fn of(body: &str, batch: u64) -> Memory {
        let mut sources = SourceMap::new();
        let file = sources.add("net.arch", &format!("arch net() {{\n{body}\n}}\n"));
        let program = Program::load(&mut sources, file, &mut Diagnostics::new());
        let graph = program.expand(&mut sources, "net", &Settings::default(), &mut Diagnostics::new());
        memory(&graph.expect("it is right"), batch)
    }

    #[test]
    fn results_live_until_they_are_last_read() {
        // 16 values each; the image is read last by the sum, and lives beside both results.
        let memory = of("input image[1, 4, 4]\nconv(1, 3) -> relu -> add(in) -> relu", 1);
        assert_eq!(memory.live, [64, 128, 192, 192, 128]);
        assert_eq!(of("input image[1, 4, 4]\nconv(1, 3)", 3).live, [192, 384]);
    }

    #[test]
    fn what_only_looks_takes_nothing() {
        let memory = of("input image[1, 4, 4]\nrelu -> dropout(0.5) -> flatten -> linear(2)", 1);
        // The linear layer reads the relu's result.
        assert_eq!(memory.live, [64, 128, 64, 64, 72]);
    }

    #[test]
    fn training_keeps_what_gradients_need() {
        let body = "input image[1, 4, 4]\nconv(1, 3) -> relu -> max_pool(2) -> flatten -> linear(2)";
        // The image for the convolution, the relu's result once for itself and the pool, the pool's places and result.
        assert_eq!(of(body, 1).saved, [64, 0, 64, 4 * 8 + 16, 0, 0]);
        assert_eq!(of("input image[1, 4, 4]\nbn -> add(in)", 2).saved, [128, 8, 0]);
    }

    #[test]
    fn outputs_live_to_the_end() {
        let memory = of("input image[1, 4, 4]\nrelu\noutput side: tanh\nsubsample(4) -> relu -> relu", 1);
        assert_eq!(memory.live, [64, 128, 128, 132, 72, 72]);
    }
}
