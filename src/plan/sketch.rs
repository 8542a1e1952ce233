//! A graph as the passes see it: stages over values, of which each may come to do what several nodes say.
//!
//! Stages stand in slots, in an order in which each comes after those that make its operands. A pass removes stages,
//! joins one to another and changes what a stage computes; it never makes a stage that no kernel can do where the nodes
//! alone would have had one.

use std::sync::Arc;

use candle_core::Tensor;

use super::DEVICE;
use crate::diagnostic::Diagnostic;
use crate::ir::{Graph, NodeId};
use crate::kernels::{Activation, LANES, Limits, Lrn, PoolKind, Pooling, Span};
use crate::ops::{Binary, Form, WeightSpec, Window};
use crate::weights::WeightSource;

/// A tensor: what a stage makes, an input, or a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ValueId(pub usize);

/// What is known of a tensor.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// Without the batch.
    pub shape: Vec<usize>,
    /// Floats from pixel to pixel in the arena: 4 for photos that only convolutions read.
    pub pixel: usize,
    /// Its values, where they depend on no input.
    pub constant: Option<Tensor>,
    /// The tensor that it lies in, from which block of channels on.
    pub inside: Option<(ValueId, usize)>,
}

impl Value {
    /// Channels, rows and columns as the arena sees them: what is no image is a vector of all its values.
    pub fn image(&self) -> [usize; 3] {
        match *self.shape.as_slice() {
            [channels, height, width] => [channels, height, width],
            _ => [self.shape.iter().product(), 1, 1],
        }
    }
}

/// What a stage computes from its inputs.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// What only candle's ops compute.
    Plain,
    Identity,
    /// The values in their order, in another shape.
    Reshape,
    Convolution(Convolution),
    /// Batch normalisation whose weights have not been read.
    Norm {
        eps: f64,
        scale: bool,
        center: bool,
    },
    /// `x * scale + shift` by channel.
    Affine {
        scale: Vec<f32>,
        shift: Vec<f32>,
        activation: Activation,
    },
    Activation(Activation),
    /// Two tensors of the same shape.
    Binary {
        binary: Binary,
        activation: Activation,
    },
    /// An image by a number for each channel: the second input.
    Gate,
    /// Channels one behind the other.
    Concat,
    Pool(Pooling),
    Mean,
    Lrn(Lrn),
    /// `x` where positive, a learned slope times `x` elsewhere.
    Slope,
    /// Across channels.
    Softmax {
        log: bool,
    },
    Select(Select),
}

/// For each channel, row and column of the result the one of the image that it is; `fill` where there is none.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Select {
    pub places: [Vec<Option<usize>>; 3],
    pub fill: f32,
}

/// A convolution, or a linear layer, which is one of a single pixel.
#[derive(Clone, Debug)]
pub(super) struct Convolution {
    /// Rows and columns of the window.
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    /// Zeros before and after the rows and the columns.
    pub pads: [[usize; 2]; 2],
    pub groups: usize,
    /// What its input is scaled and shifted by, channel by channel.
    pub ahead: Option<[Vec<f32>; 2]>,
    /// What its results are scaled and shifted by, channel by channel.
    pub behind: Option<[Vec<f32>; 2]>,
    /// Whether the second input is added to the results.
    pub sum: bool,
    pub activation: Activation,
}

/// A node that a stage computes besides its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Joined {
    pub op: &'static str,
    pub path: Arc<str>,
}

#[derive(Clone, Debug)]
pub(super) struct Stage {
    /// The node whose path and weights it has.
    pub node: NodeId,
    pub kind: Kind,
    pub inputs: Vec<ValueId>,
    pub output: ValueId,
    pub joined: Vec<Joined>,
}

/// A result, in the shape of the node that asks for it.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub value: ValueId,
    pub shape: Vec<usize>,
}

pub(super) struct Sketch<'a> {
    pub graph: &'a Graph,
    pub source: &'a dyn WeightSource,
    pub values: Vec<Value>,
    pub inputs: Vec<ValueId>,
    pub results: Vec<Outcome>,
    /// Nodes that nothing is computed for, and why.
    pub removed: Vec<(Joined, &'static str)>,
    stages: Vec<Option<Stage>>,
    /// The slots of the stages that read each value, once for each operand.
    readers: Vec<Vec<usize>>,
    /// The slot of the stage that makes each value.
    makers: Vec<Option<usize>>,
}

impl<'a> Sketch<'a> {
    /// A stage for every node, as it is written.
    pub fn new(graph: &'a Graph, results: &[NodeId], source: &'a dyn WeightSource) -> Sketch<'a> {
        let values: Vec<Value> = graph
            .nodes()
            .map(|(_, node)| Value { shape: node.output.shape().to_vec(), pixel: LANES, constant: None, inside: None })
            .collect();
        let id = |node: &NodeId| ValueId(node.index());
        let result = |node: &NodeId| Outcome { value: id(node), shape: graph.node(*node).output.shape().to_vec() };
        let mut sketch = Sketch {
            graph,
            source,
            inputs: graph.graph_inputs().iter().map(id).collect(),
            results: results.iter().map(result).collect(),
            removed: Vec::new(),
            stages: Vec::new(),
            readers: vec![Vec::new(); values.len()],
            makers: vec![None; values.len()],
            values,
        };
        for (node, _) in graph.nodes().filter(|(node, _)| !graph.graph_inputs().contains(node)) {
            let slot = sketch.stages.len();
            let mut inputs: Vec<ValueId> = graph.inputs(node).iter().map(id).collect();
            inputs.iter().for_each(|input| sketch.readers[input.0].push(slot));
            sketch.makers[node.index()] = Some(slot);
            let kind = kind(graph, node);
            if matches!(kind, Kind::Gate) && sketch.values[inputs[0].0].shape[1..] == [1, 1] {
                inputs.swap(0, 1);
            }
            sketch.stages.push(Some(Stage { node, kind, inputs, output: id(&node), joined: Vec::new() }));
        }
        sketch
    }

    /// The number of slots, some of them empty.
    pub fn slots(&self) -> usize {
        self.stages.len()
    }

    pub fn stage(&self, slot: usize) -> Option<&Stage> {
        self.stages[slot].as_ref()
    }

    /// The stages in their order.
    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        self.stages.iter().flatten()
    }

    /// What the stage in `slot`, which is not empty, computes; its inputs stay.
    pub fn kind_mut(&mut self, slot: usize) -> &mut Kind {
        &mut self.stages[slot].as_mut().expect("the slot has a stage").kind
    }

    /// The slot of the stage that makes a value; inputs and constants have none.
    pub fn maker(&self, value: ValueId) -> Option<usize> {
        self.makers[value.0]
    }

    /// The slots that read a value, once for each operand.
    pub fn readers(&self, value: ValueId) -> &[usize] {
        &self.readers[value.0]
    }

    pub fn is_result(&self, value: ValueId) -> bool {
        self.results.iter().any(|result| result.value == value)
    }

    /// The slot of the stage that makes `value`, if one stage alone reads it, as one operand, and it is no result.
    pub fn sole_maker(&self, value: ValueId) -> Option<usize> {
        let alone = self.readers(value).len() == 1 && !self.is_result(value);
        self.maker(value).filter(|_| alone)
    }

    /// Lets whoever reads `old` read `new`.
    pub fn replace(&mut self, old: ValueId, new: ValueId) {
        for slot in std::mem::take(&mut self.readers[old.0]) {
            let stage = self.stages[slot].as_mut().expect("readers are stages");
            for input in stage.inputs.iter_mut().filter(|input| **input == old) {
                *input = new;
            }
            self.readers[new.0].push(slot);
        }
        for result in self.results.iter_mut().filter(|result| result.value == old) {
            result.value = new;
        }
    }

    /// Empties a slot.
    pub fn remove(&mut self, slot: usize) -> Stage {
        let stage = self.stages[slot].take().expect("a stage is removed once");
        for input in &stage.inputs {
            let readers = &mut self.readers[input.0];
            let at = readers.iter().position(|reader| *reader == slot).expect("inputs know their readers");
            readers.remove(at);
        }
        self.makers[stage.output.0] = None;
        stage
    }

    /// Removes a stage that computes nothing, and says why.
    pub fn discard(&mut self, slot: usize, why: &'static str) {
        let stage = self.remove(slot);
        self.removed.extend(self.joined(stage).into_iter().map(|joined| (joined, why)));
    }

    /// Lets the stage in a slot compute `kind` of `input` alone.
    pub fn become_unary(&mut self, slot: usize, kind: Kind, input: ValueId) {
        let stage = self.remove(slot);
        self.put(slot, Stage { kind, inputs: vec![input], ..stage });
    }

    /// Joins the stage in slot `reader` to the one in slot `maker`, whose result it alone reads: `maker` now makes
    /// the reader's result, and has `others` as further inputs.
    pub fn join(&mut self, maker: usize, reader: usize, others: &[ValueId]) {
        let gone = self.remove(reader);
        let mut stage = self.remove(maker);
        stage.output = gone.output;
        stage.inputs.extend(others);
        stage.joined.extend(self.joined(gone));
        // What it newly reads may be made after its old place.
        self.put(if others.is_empty() { maker } else { reader }, stage);
    }

    /// Joins the stage in slot `maker`, which is then gone, to all its readers, which now read its first input.
    pub fn join_ahead(&mut self, maker: usize) {
        let readers = self.stage(maker).map(|stage| self.readers[stage.output.0].clone()).unwrap_or_default();
        let gone = self.remove(maker);
        self.replace(gone.output, gone.inputs[0]);
        let joined = self.joined(gone);
        for reader in readers {
            self.stages[reader].as_mut().expect("readers are stages").joined.extend(joined.iter().cloned());
        }
    }

    /// Reads a node's weights.
    pub fn weights(&self, node: NodeId) -> Result<Vec<Tensor>, Diagnostic> {
        let names = self.weight_names(node);
        names.iter().map(|(name, spec)| self.source.get(name, spec, &DEVICE)).collect()
    }

    /// A node's weights by name.
    pub fn weight_names(&self, node: NodeId) -> Vec<(String, WeightSpec)> {
        let specs = self.graph.weights(node).into_iter();
        specs.map(|spec| (self.graph.weight_name(node, &spec), spec)).collect()
    }

    fn put(&mut self, slot: usize, stage: Stage) {
        stage.inputs.iter().for_each(|input| self.readers[input.0].push(slot));
        self.makers[stage.output.0] = Some(slot);
        self.stages[slot] = Some(stage);
    }

    /// The nodes that a stage stands for.
    fn joined(&self, stage: Stage) -> Vec<Joined> {
        let node = self.graph.node(stage.node);
        let own = Joined { op: node.op.def().name, path: node.path.clone() };
        std::iter::once(own).chain(stage.joined).collect()
    }
}

/// What a node computes, as far as there is a kernel for it.
fn kind(graph: &Graph, node: NodeId) -> Kind {
    let types = graph.input_types(node);
    let output = &graph.node(node).output;
    if types.is_empty() || !output.batched() || types.iter().any(|ty| !ty.batched()) {
        return Kind::Plain;
    }
    let (first, shape) = (types[0].shape(), output.shape());
    let is_image = first.len() == 3;
    match graph.node(node).op.form(&types) {
        Form::Other => Kind::Plain,
        Form::Identity => Kind::Identity,
        Form::Reshape => Kind::Reshape,
        Form::Conv { window, frame, groups } => {
            let Window { kernel, stride, dilation, .. } = window;
            Kind::Convolution(Convolution { kernel, stride, dilation, pads: frame.pads, groups, ..Convolution::LINEAR })
        }
        Form::Linear => Kind::Convolution(Convolution::LINEAR),
        Form::Affine { eps, scale, center } if is_image || first.len() == 1 => Kind::Norm { eps, scale, center },
        Form::Limits { low, high } => Kind::Activation(Activation::Limits(Limits { low, high })),
        Form::Map(function) => Kind::Activation(Activation::Map(function)),
        Form::Number { factor, offset } => {
            let channels = if is_image { first[0] } else { first.iter().product() };
            let all = |value: f32| vec![value; channels];
            Kind::Affine { scale: all(factor), shift: all(offset), activation: Activation::NONE }
        }
        Form::Binary(binary) if types.len() == 2 => {
            let second = types[1].shape();
            let gates = |image: &[usize], gate: &[usize]| {
                binary == Binary::Mul && image.len() == 3 && *gate == [image[0], 1, 1] && shape == image
            };
            if first == second {
                Kind::Binary { binary, activation: Activation::NONE }
            } else if gates(first, second) || gates(second, first) {
                Kind::Gate
            } else {
                Kind::Plain
            }
        }
        Form::Concat => Kind::Concat,
        Form::Pool { max, spans } if is_image => {
            if spans.iter().flatten().any(|[from, to, count]| from >= to || *count == 0) {
                return Kind::Plain;
            }
            let kind = if max { PoolKind::Max } else { PoolKind::Mean };
            let [rows, columns] =
                spans.map(|spans| spans.into_iter().map(|[from, to, count]| Span { from, to, count }).collect());
            Kind::Pool(Pooling { kind, rows, columns })
        }
        Form::Mean if is_image => Kind::Mean,
        Form::Lrn { size, alpha, beta, k } if is_image => Kind::Lrn(Lrn { size, alpha, beta, k }),
        Form::Slope if is_image || first.len() == 1 => Kind::Slope,
        Form::Softmax { log } => Kind::Softmax { log },
        Form::Select { places, fill } if is_image => Kind::Select(Select { places, fill }),
        Form::Affine { .. }
        | Form::Binary(_)
        | Form::Pool { .. }
        | Form::Mean
        | Form::Lrn { .. }
        | Form::Slope
        | Form::Select { .. } => Kind::Plain,
    }
}

impl Convolution {
    /// A linear layer.
    const LINEAR: Convolution = Convolution {
        kernel: [1, 1],
        stride: [1, 1],
        dilation: [1, 1],
        pads: [[0; 2]; 2],
        groups: 1,
        ahead: None,
        behind: None,
        sum: false,
        activation: Activation::NONE,
    };

    /// Whether nothing has joined that must come last.
    pub fn takes_more(&self) -> bool {
        self.activation == Activation::NONE && !self.sum
    }

    /// Whether every channel is convolved on its own; `channels` in and `outs` out.
    pub fn is_depthwise(&self, channels: usize, outs: usize) -> bool {
        self.groups > 1 && self.groups == channels && channels == outs
    }

    pub fn is_padded(&self) -> bool {
        self.pads != [[0; 2]; 2]
    }
}
