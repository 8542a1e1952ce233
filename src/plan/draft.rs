//! Nodes to steps, and steps joined.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::Tensor;

use super::DEVICE;
use super::prepare::{self, Weights};
use super::step::{Operand, Work};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Graph, NodeId};
use crate::kernels::{LANES, Level, Limits, PoolKind, Pooling, Span};
use crate::ops::{Binary, Form};
use crate::weights::WeightSource;

/// A tensor that lies in the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ValueId(pub usize);

/// What is known of a tensor in the arena.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// Without the batch.
    pub shape: Vec<usize>,
    /// Floats from pixel to pixel: 4 for photos that only convolutions read.
    pub pixel: usize,
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

#[derive(Debug)]
pub(super) struct Step {
    pub path: Arc<str>,
    pub work: Work,
    pub output: ValueId,
}

/// A result of the plan.
#[derive(Clone, Debug)]
pub(super) enum Result_ {
    Stored { value: ValueId, shape: Vec<usize> },
    Constant(Tensor),
}

#[derive(Debug)]
pub(super) struct Draft {
    pub values: Vec<Value>,
    pub inputs: Vec<ValueId>,
    pub steps: Vec<Step>,
    pub results: Vec<Result_>,
}

/// What a node's result is, while drafting.
#[derive(Clone)]
enum Known {
    Stored(ValueId),
    Constant(Tensor),
}

struct Drafter<'a> {
    graph: &'a Graph,
    source: &'a dyn WeightSource,
    level: Level,
    /// How many nodes and results read each node.
    readers: Vec<usize>,
    known: Vec<Option<Known>>,
    /// Convolutions that have not been packed, by the step that will run them: what follows may still join them.
    open: HashMap<usize, Weights>,
    /// The step that makes each value.
    makers: HashMap<ValueId, usize>,
    draft: Draft,
}

impl Draft {
    pub fn new(
        graph: &Graph,
        results: &[NodeId],
        source: &dyn WeightSource,
        level: Level,
    ) -> Result<Draft, Diagnostic> {
        let mut readers = vec![0; graph.len()];
        let mut needed = vec![false; graph.len()];
        for result in results {
            readers[result.index()] += 1;
            needed[result.index()] = true;
        }
        let order: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
        for id in order.iter().rev().filter(|id| graph.graph_inputs().contains(id)) {
            needed[id.index()] = true;
        }
        for id in order.iter().rev() {
            if needed[id.index()] {
                for input in graph.inputs(*id) {
                    needed[input.index()] = true;
                    readers[input.index()] += 1;
                }
            }
        }
        let mut drafter = Drafter {
            graph,
            source,
            level,
            readers,
            known: vec![None; graph.len()],
            open: HashMap::new(),
            makers: HashMap::new(),
            draft: Draft { values: Vec::new(), inputs: Vec::new(), steps: Vec::new(), results: Vec::new() },
        };
        for id in order {
            if needed[id.index()] {
                drafter.node(id)?;
            }
        }
        drafter.close();
        let result = |id: &NodeId| match drafter.known[id.index()].clone().expect("results are needed") {
            Known::Stored(value) => Result_::Stored { value, shape: graph.node(*id).output.shape().to_vec() },
            Known::Constant(tensor) => Result_::Constant(tensor),
        };
        let results = results.iter().map(result).collect();
        Ok(Draft { results, ..drafter.draft })
    }
}

impl Drafter<'_> {
    fn node(&mut self, id: NodeId) -> Result<(), Diagnostic> {
        let node = self.graph.node(id);
        let inputs = self.graph.inputs(id);
        if self.graph.graph_inputs().contains(&id) {
            let pixel = if self.is_photo(id) { 4 } else { LANES };
            let value = self.value(node.output.shape(), pixel);
            self.draft.inputs.push(value);
            self.known[id.index()] = Some(Known::Stored(value));
            return Ok(());
        }
        let form = node.op.form(&self.graph.input_types(id));
        let stored: Option<Vec<ValueId>> = inputs.iter().map(|input| self.stored(*input)).collect();
        let known = match stored {
            Some(stored) if !stored.is_empty() && node.output.batched() => self.stage(id, &form, &inputs, &stored)?,
            _ => None,
        };
        let known = match known {
            Some(known) => known,
            None => self.fallback(id, &inputs)?,
        };
        self.known[id.index()] = Some(known);
        Ok(())
    }

    /// The step for a node whose operands all lie in the arena; nothing where no kernel does it.
    fn stage(
        &mut self,
        id: NodeId,
        form: &Form,
        inputs: &[NodeId],
        stored: &[ValueId],
    ) -> Result<Option<Known>, Diagnostic> {
        let node = self.graph.node(id);
        let shape = node.output.shape().to_vec();
        let first = stored[0];
        let [channels, height, width] = self.draft.values[first.0].image();
        let blocked = stored.iter().all(|value| self.draft.values[value.0].pixel == LANES);
        let is_image = self.draft.values[first.0].shape.len() == 3;
        let made = match form {
            Form::Other => return Ok(None),
            Form::Identity => return Ok(Some(Known::Stored(first))),
            Form::Reshape => {
                // A vector has the same order as an image of one pixel; other images are in blocks.
                let same_order = |shape: &[usize]| shape.len() != 3 || shape[1..] == [1, 1];
                let fits = same_order(&shape) && same_order(&self.draft.values[first.0].shape) && blocked;
                return Ok(fits.then_some(Known::Stored(first)));
            }
            Form::Conv { window, frame, groups } if is_image => {
                let weights = self.weights(id)?;
                let before = [frame.pads[0][0], frame.pads[1][0]];
                let opened = Weights::conv(window, before, *groups, channels, &shape, &weights);
                let Some(opened) = opened.filter(|opened| blocked || !opened.is_depthwise()) else { return Ok(None) };
                self.open(id, first, opened)
            }
            Form::Linear if blocked => {
                let weights = self.weights(id)?;
                self.open(id, first, Weights::linear(&weights))
            }
            Form::Affine { eps, scale, center } if is_image && blocked => {
                let [scale, shift] = prepare::affine(*eps, *scale, *center, &self.weights(id)?);
                if let Some(step) = self.joinable(inputs[0], first) {
                    self.open.get_mut(&step).expect("joinable steps are open").scale(&scale, &shift);
                    return Ok(Some(Known::Stored(first)));
                }
                let pad = |values: Vec<f32>| {
                    let mut values = values;
                    values.resize(channels.div_ceil(LANES) * LANES, 0.0);
                    values
                };
                Work::Affine { src: first, scale: pad(scale), shift: pad(shift), limits: Limits::NONE }
            }
            Form::Limits { low, high } if blocked => {
                let limits = Limits { low: *low, high: *high };
                if self.limit(inputs[0], first, limits) {
                    return Ok(Some(Known::Stored(first)));
                }
                Work::Clip { src: first, limits }
            }
            Form::Map(function) if blocked => Work::Map { src: first, function: *function },
            Form::Number { factor, offset } if blocked => {
                if let Some(step) = self.joinable(inputs[0], first) {
                    let opened = self.open.get_mut(&step).expect("joinable steps are open");
                    let channels = opened.channels();
                    opened.scale(&vec![*factor; channels], &vec![*offset; channels]);
                    return Ok(Some(Known::Stored(first)));
                }
                let length = channels.div_ceil(LANES) * LANES;
                Work::Affine {
                    src: first,
                    scale: vec![*factor; length],
                    shift: vec![*offset; length],
                    limits: Limits::NONE,
                }
            }
            Form::Binary(binary) if blocked && stored.len() == 2 => {
                let second = stored[1];
                let (a, b) = (self.draft.values[first.0].image(), self.draft.values[second.0].image());
                if a == b {
                    if *binary == Binary::Add
                        && first != second
                        && let Some(value) = self.join_sum(inputs, stored)
                    {
                        return Ok(Some(Known::Stored(value)));
                    }
                    Work::Binary { binary: *binary, src: first, other: second, limits: Limits::NONE }
                } else if *binary == Binary::Mul && a[0] == b[0] && b[1..] == [1, 1] {
                    Work::Gate { src: first, gate: second }
                } else if *binary == Binary::Mul && a[0] == b[0] && a[1..] == [1, 1] {
                    Work::Gate { src: second, gate: first }
                } else {
                    return Ok(None);
                }
            }
            Form::Concat if blocked => {
                let (_, rest) = stored.split_last().expect("a node has operands");
                if rest.iter().any(|value| !self.draft.values[value.0].image()[0].is_multiple_of(LANES)) {
                    return Ok(None);
                }
                Work::Concat { parts: stored.to_vec() }
            }
            Form::Pool { max, spans } if is_image && blocked => {
                let kind = if *max { PoolKind::Max } else { PoolKind::Mean };
                let empty = spans.iter().flatten().any(|[from, to, count]| from >= to || *count == 0);
                if empty {
                    return Ok(None);
                }
                let spans = |axis: usize| {
                    spans[axis].iter().map(|[from, to, count]| Span { from: *from, to: *to, count: *count })
                };
                Work::Pool {
                    src: first,
                    pooling: Pooling { kind, rows: spans(0).collect(), columns: spans(1).collect() },
                }
            }
            Form::Mean if is_image && blocked && height * width > 0 => Work::Mean { src: first },
            Form::Conv { .. }
            | Form::Linear
            | Form::Affine { .. }
            | Form::Limits { .. }
            | Form::Map(_)
            | Form::Number { .. }
            | Form::Binary(_)
            | Form::Concat
            | Form::Pool { .. }
            | Form::Mean => return Ok(None),
        };
        let value = match made {
            Work::Opened { output, .. } => output,
            work => self.step(id, work, &shape),
        };
        Ok(Some(Known::Stored(value)))
    }

    /// A step that convolves, packed when nothing more can join it.
    fn open(&mut self, id: NodeId, src: ValueId, weights: Weights) -> Work {
        let shape = self.graph.node(id).output.shape().to_vec();
        let output = self.value(&shape, LANES);
        let step = self.draft.steps.len();
        self.draft.steps.push(Step {
            path: self.graph.node(id).path.clone(),
            work: Work::Opened { src, output },
            output,
        });
        self.makers.insert(output, step);
        self.open.insert(step, weights);
        Work::Opened { src, output }
    }

    /// The open convolution that made `value`, if only this node reads it and no sum or limit stands between.
    fn joinable(&self, node: NodeId, value: ValueId) -> Option<usize> {
        let step = *self.makers.get(&value)?;
        let weights = self.open.get(&step)?;
        (self.readers[node.index()] == 1 && weights.takes_more()).then_some(step)
    }

    /// Lets the step that made `value` keep its results within limits, if only this node reads it.
    fn limit(&mut self, node: NodeId, value: ValueId, limits: Limits) -> bool {
        if self.readers[node.index()] != 1 {
            return false;
        }
        let Some(step) = self.makers.get(&value) else { return false };
        if let Some(weights) = self.open.get_mut(step) {
            return weights.limit(limits);
        }
        match &mut self.draft.steps[*step].work {
            Work::Affine { limits: old, .. } | Work::Binary { limits: old, .. } if *old == Limits::NONE => {
                *old = limits;
                true
            }
            _ => false,
        }
    }

    /// Lets the later of the two steps that made the operands add the other's result, if it is an open convolution.
    fn join_sum(&mut self, inputs: &[NodeId], stored: &[ValueId]) -> Option<ValueId> {
        let made = |this: &Self, value: ValueId| this.makers.get(&value).map_or(-1, |step| *step as i64);
        let later = usize::from(made(self, stored[1]) > made(self, stored[0]));
        let (value, other) = (stored[later], stored[1 - later]);
        let step = self.joinable(inputs[later], value)?;
        self.open.get_mut(&step).expect("joinable steps are open").add(other).then_some(value)
    }

    /// Packs the weights of all convolutions.
    fn close(&mut self) {
        for (index, step) in self.draft.steps.iter_mut().enumerate() {
            if let Some(weights) = self.open.remove(&index) {
                let Work::Opened { src, .. } = step.work else { unreachable!("open steps convolve") };
                step.work = weights.close(src, self.level);
            }
        }
    }

    /// A step of candle's ops; computed now where it depends on no input.
    fn fallback(&mut self, id: NodeId, inputs: &[NodeId]) -> Result<Known, Diagnostic> {
        let node = self.graph.node(id);
        let weights = self.weights(id)?;
        let operands: Vec<Known> = inputs.iter().map(|input| self.known(*input)).collect();
        let constants: Option<Vec<Tensor>> = operands
            .iter()
            .map(|known| match known {
                Known::Constant(tensor) => Some(tensor.clone()),
                Known::Stored(_) => None,
            })
            .collect();
        if let Some(constants) = constants {
            let result = node.op.forward(&constants, &weights).map_err(|error| {
                Diagnostic::error(Code::NOT_RUNNABLE, format!("can't compute `{}`: {error}", node.path))
            })?;
            return Ok(Known::Constant(result));
        }
        let operands = operands
            .into_iter()
            .zip(inputs)
            .map(|(known, input)| match known {
                Known::Stored(value) => {
                    Operand::Stored { value, shape: self.graph.node(*input).output.shape().to_vec() }
                }
                Known::Constant(tensor) => Operand::Constant(tensor),
            })
            .collect();
        let shape = node.output.shape().to_vec();
        let work = Work::Fallback { op: node.op.clone(), operands, weights };
        Ok(Known::Stored(self.step(id, work, &shape)))
    }

    fn step(&mut self, id: NodeId, work: Work, shape: &[usize]) -> ValueId {
        let output = self.value(shape, LANES);
        self.makers.insert(output, self.draft.steps.len());
        self.draft.steps.push(Step { path: self.graph.node(id).path.clone(), work, output });
        output
    }

    fn value(&mut self, shape: &[usize], pixel: usize) -> ValueId {
        self.draft.values.push(Value { shape: shape.to_vec(), pixel });
        ValueId(self.draft.values.len() - 1)
    }

    fn known(&self, id: NodeId) -> Known {
        self.known[id.index()].clone().expect("nodes come after their inputs")
    }

    fn stored(&self, id: NodeId) -> Option<ValueId> {
        match self.known(id) {
            Known::Stored(value) => Some(value),
            Known::Constant(_) => None,
        }
    }

    fn weights(&self, id: NodeId) -> Result<Vec<Tensor>, Diagnostic> {
        let specs = self.graph.weights(id).into_iter();
        specs.map(|spec| self.source.get(&self.graph.weight_name(id, &spec), &spec, &DEVICE)).collect()
    }

    /// Whether an input is a photo of few channels that only plain convolutions read.
    fn is_photo(&self, id: NodeId) -> bool {
        let readers = self.graph.readers(id);
        let plain = |reader: &NodeId| {
            matches!(self.graph.node(*reader).op.form(&self.graph.input_types(*reader)), Form::Conv { groups: 1, .. })
        };
        matches!(self.graph.node(id).output.shape(), [1..=4, _, _])
            && self.readers[id.index()] == readers.len()
            && readers.iter().all(plain)
    }
}
