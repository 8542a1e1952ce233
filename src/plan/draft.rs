//! Stages to steps: a kernel for each, its weights packed.

use std::sync::Arc;

use candle_core::Tensor;

use super::passes::optimise;
use super::prepare;
use super::sketch::{Joined, Kind, Sketch, Stage, Value, ValueId};
use super::step::{Operand, Work};
use crate::diagnostic::Diagnostic;
use crate::ir::{Graph, NodeId};
use crate::kernels::{LANES, Level};
use crate::weights::WeightSource;

#[derive(Debug)]
pub(super) struct Step {
    pub path: Arc<str>,
    pub work: Work,
    pub output: ValueId,
    /// The other nodes that it computes.
    pub joined: Vec<Joined>,
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

impl Draft {
    pub fn new(
        graph: &Graph,
        results: &[NodeId],
        source: &dyn WeightSource,
        level: Level,
    ) -> Result<Draft, Diagnostic> {
        let mut sketch = Sketch::new(graph, results, source);
        optimise(&mut sketch)?;
        let step = |stage: &Stage| {
            Ok(Step {
                path: graph.node(stage.node).path.clone(),
                work: work(&sketch, stage, level)?,
                output: stage.output,
                joined: stage.joined.clone(),
            })
        };
        let steps = sketch.stages().map(step).collect::<Result<_, Diagnostic>>()?;
        let results = sketch.results.iter().map(|result| match &sketch.values[result.value.0].constant {
            Some(tensor) => Result_::Constant(tensor.clone()),
            None => Result_::Stored { value: result.value, shape: result.shape.clone() },
        });
        Ok(Draft { results: results.collect(), steps, values: sketch.values, inputs: sketch.inputs })
    }
}

/// The kernel for a stage, or candle's ops where there is none.
fn work(sketch: &Sketch<'_>, stage: &Stage, level: Level) -> Result<Work, Diagnostic> {
    let inputs = &stage.inputs;
    Ok(match &stage.kind {
        Kind::Convolution(convolution) => prepare::pack(sketch, stage, convolution, level)?,
        Kind::Affine { scale, shift, limits } => {
            Work::Affine { src: inputs[0], scale: padded(scale), shift: padded(shift), limits: *limits }
        }
        Kind::Clip(limits) => Work::Clip { src: inputs[0], limits: *limits },
        Kind::Map(function) => Work::Map { src: inputs[0], function: *function },
        Kind::Binary { binary, limits } => {
            Work::Binary { binary: *binary, src: inputs[0], other: inputs[1], limits: *limits }
        }
        Kind::Gate => Work::Gate { src: inputs[0], gate: inputs[1] },
        Kind::Concat => Work::Concat { parts: inputs.clone() },
        Kind::Pool(pooling) => Work::Pool { src: inputs[0], pooling: pooling.clone() },
        Kind::Mean => Work::Mean { src: inputs[0] },
        Kind::Plain | Kind::Identity | Kind::Reshape | Kind::Norm { .. } | Kind::Select(_) => fallback(sketch, stage)?,
    })
}

/// A step of candle's ops; nothing has joined such a stage.
fn fallback(sketch: &Sketch<'_>, stage: &Stage) -> Result<Work, Diagnostic> {
    let types = sketch.graph.input_types(stage.node);
    let operands = stage.inputs.iter().zip(types).map(|(value, ty)| match &sketch.values[value.0].constant {
        Some(tensor) => Operand::Constant(tensor.clone()),
        None => Operand::Stored { value: *value, shape: ty.shape().to_vec() },
    });
    Ok(Work::Fallback {
        op: sketch.graph.node(stage.node).op.clone(),
        operands: operands.collect(),
        weights: sketch.weights(stage.node)?,
    })
}

/// A value for each channel, with zeros up to whole blocks.
fn padded(values: &[f32]) -> Vec<f32> {
    let mut values = values.to_vec();
    values.resize(values.len().next_multiple_of(LANES), 0.0);
    values
}
