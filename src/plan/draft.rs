//! Stages to steps: a kernel for each, its weights packed.

use std::sync::Arc;

use candle_core::Tensor;
use rayon::prelude::*;

use super::packed::{Layer, Unkept};
use super::passes::optimise;
use super::prepare;
use super::sketch::{Joined, Kind, Select, Sketch, Stage, Value, ValueId};
use super::step::{Operand, Work};
use super::{Options, PackedCache};
use crate::diagnostic::Diagnostic;
use crate::ir::{Graph, NodeId};
use crate::kernels::{Gather, LANES};
use crate::weights::WeightSource;

#[derive(Debug)]
pub(super) struct Step {
    pub path: Arc<str>,
    pub work: Work,
    pub output: ValueId,
    /// Multiply-accumulates by the definition, for one image.
    pub macs: u64,
    /// The other nodes that it computes.
    pub joined: Vec<Joined>,
}

/// A result of the plan.
#[derive(Clone, Debug)]
pub(super) enum Returned {
    Stored { value: ValueId, shape: Vec<usize> },
    Constant(Tensor),
}

#[derive(Debug)]
pub(super) struct Draft {
    pub values: Vec<Value>,
    pub inputs: Vec<ValueId>,
    pub steps: Vec<Step>,
    pub results: Vec<Returned>,
    /// Nodes that no step computes, and why.
    pub removed: Vec<(Joined, &'static str)>,
}

impl Draft {
    /// With what is to be written to the cache.
    pub fn new(
        graph: &Graph,
        results: &[NodeId],
        source: &dyn WeightSource,
        options: Options,
        cache: Option<&PackedCache>,
    ) -> Result<(Draft, Option<Unkept>), Diagnostic> {
        let mut sketch = Sketch::new(graph, results, source);
        optimise(&mut sketch)?;
        let place = cache.and_then(|cache| cache.look(&sketch, options));
        let step = |(index, stage): (usize, &Stage)| {
            let node = graph.node(stage.node);
            Ok(Step {
                path: node.path.clone(),
                macs: node.op.cost(&graph.input_types(stage.node), &node.output).macs,
                work: work(&sketch, stage, options, place.as_ref().map(|place| place.layer(index)))?,
                output: stage.output,
                joined: stage.joined.clone(),
            })
        };
        // Weights are read and packed on all threads; of several errors the first in the graph's order is told.
        let stages: Vec<&Stage> = sketch.stages().collect();
        let steps: Vec<Result<Step, Diagnostic>> = stages.into_par_iter().enumerate().map(step).collect();
        let steps = steps.into_iter().collect::<Result<_, Diagnostic>>()?;
        let unkept = place.and_then(|place| place.unkept(source));
        let results = sketch.results.iter().map(|result| match &sketch.values[result.value.0].constant {
            Some(tensor) => Returned::Constant(tensor.clone()),
            None => Returned::Stored { value: result.value, shape: result.shape.clone() },
        });
        let draft = Draft {
            results: results.collect(),
            steps,
            values: sketch.values,
            inputs: sketch.inputs,
            removed: sketch.removed,
        };
        Ok((draft, unkept))
    }
}

/// The kernel for a stage, or candle's ops where there is none; `kept` may have its weights packed.
fn work(sketch: &Sketch<'_>, stage: &Stage, options: Options, kept: Option<Layer<'_>>) -> Result<Work, Diagnostic> {
    let inputs = &stage.inputs;
    Ok(match &stage.kind {
        Kind::Convolution(convolution) => prepare::pack(sketch, stage, convolution, options, kept)?,
        Kind::Affine { scale, shift, activation } => {
            Work::Affine { src: inputs[0], scale: padded(scale), shift: padded(shift), activation: *activation }
        }
        Kind::Activation(activation) => Work::Activation { src: inputs[0], activation: *activation },
        Kind::Binary { binary, activation } => {
            Work::Binary { binary: *binary, src: inputs[0], other: inputs[1], activation: *activation }
        }
        Kind::Gate => Work::Gate { src: inputs[0], gate: inputs[1] },
        Kind::Concat => {
            let [_, height, width] = sketch.values[stage.output.0].image();
            let channels: Vec<usize> = inputs.iter().map(|part| sketch.values[part.0].image()[0]).collect();
            Work::Gather { sources: inputs.clone(), gather: Gather::concat(&channels, [height, width]) }
        }
        Kind::Pool(pooling) => Work::Pool { src: inputs[0], pooling: pooling.clone() },
        Kind::Mean => Work::Mean { src: inputs[0] },
        Kind::Slope => {
            let slopes = prepare::floats(&sketch.weights(stage.node)?[0]);
            let channels = sketch.values[stage.output.0].image()[0];
            let slopes = if slopes.len() == 1 { vec![slopes[0]; channels] } else { slopes };
            Work::Slope { src: inputs[0], slopes: padded(&slopes) }
        }
        Kind::Softmax { log } => Work::Softmax { src: inputs[0], log: *log },
        Kind::Lrn(lrn) => Work::Lrn { src: inputs[0], lrn: *lrn },
        Kind::Reshape => Work::Reshape { src: inputs[0] },
        Kind::Select(Select { places: [channels, rows, columns], fill }) => {
            let channels = channels.iter().map(|channel| channel.map(|channel| (0, channel))).collect();
            let gather = Gather { channels, rows: rows.clone(), columns: columns.clone(), fill: *fill };
            Work::Gather { sources: inputs.clone(), gather }
        }
        Kind::Identity => unreachable!("identities were removed"),
        Kind::Norm { .. } => unreachable!("normalisations are scales and shifts"),
        Kind::Plain => fallback(sketch, stage)?,
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

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::fallbacks;

    #[test]
    fn ops_with_kernels_agree_with_candle() {
        for stages in [
            "lrn(5, k = 2.0)",
            "lrn(4, alpha = 1.0, beta = 0.5)",
            "lrn(50, alpha = 2.0, beta = 0.6)",
            "flatten",
            "flatten -> reshape([7, 9, 20])",
            "reshape([9, 20, 7]) -> conv(3, 3)",
            "unsqueeze(1) -> squeeze(1)",
            "adaptive_avg_pool([4, 3])",
            "adaptive_avg_pool([9, 7])",
            "adaptive_avg_pool(1)",
            "global_max_pool",
            "mean([2, 3])",
            "mean([-1, -2], keep = true)",
            "channel_shuffle(4)",
            "upsample",
            "upsample([1, 3])",
            "subsample([2, 3])",
            "pad([1, 0, 2, 3], value = 0.5)",
            "pad(channels = [3, 20])",
            "subsample(2) -> pad(channels = 6)",
            "slice(axis = 1, start = 3, end = 19)",
            "slice(axis = 2, start = 2) -> slice(axis = -1, start = 0, end = -1)",
            "concat(in, in)",
            "softmax",
            "log_softmax",
            "global_avg_pool -> flatten -> softmax",
            "global_avg_pool -> flatten -> log_softmax",
            "prelu",
            "prelu(20)",
            "leaky_relu(0.2)",
            "elu(0.5)",
            "gelu",
            "gelu(approximate = \"tanh\")",
            "mul(5) -> silu",
            "mul(5) -> sigmoid",
            "mul(5) -> tanh",
            "mul(5) -> hard_sigmoid",
            "mul(5) -> hard_swish",
        ] {
            let body = format!("input image[20, 9, 7]\n{stages}");
            assert_eq!(fallbacks(&body), Vec::<String>::new(), "{stages}");
        }
    }
}
