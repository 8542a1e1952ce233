//! What a step computes, and running it.

use std::sync::Arc;

use candle_core::Tensor;

use super::custom::Rows;
use super::draft::{Draft, Returned};
use super::layout::{Layout, Part};
use super::prepare::floats;
use super::sketch::ValueId;
use crate::kernels::{
    Activation, Arena, Convolution, Depthwise, Gather, Level, Lrn, Pointwise, Pool, Pooling, View, from_rows, mean,
    pointwise, reshape, slide, softmax, to_rows,
};
use crate::ops::{Binary, Op};

#[derive(Debug)]
pub(super) enum Work {
    Conv {
        src: ValueId,
        layer: Convolution,
        add: Option<ValueId>,
    },
    Depthwise {
        src: ValueId,
        layer: Depthwise,
    },
    Pool {
        src: ValueId,
        pooling: Pooling,
    },
    Mean {
        src: ValueId,
    },
    Affine {
        src: ValueId,
        scale: Vec<f32>,
        shift: Vec<f32>,
        activation: Activation,
    },
    Gate {
        src: ValueId,
        gate: ValueId,
    },
    Binary {
        binary: Binary,
        src: ValueId,
        other: ValueId,
        activation: Activation,
    },
    Activation {
        src: ValueId,
        activation: Activation,
    },
    /// What does not lie in its place already is copied there.
    Gather {
        sources: Vec<ValueId>,
        gather: Gather,
    },
    Reshape {
        src: ValueId,
    },
    Lrn {
        src: ValueId,
        lrn: Lrn,
    },
    Slope {
        src: ValueId,
        slopes: Vec<f32>,
    },
    Softmax {
        src: ValueId,
        log: bool,
    },
    Fallback {
        op: Arc<dyn Op>,
        operands: Vec<Operand>,
        weights: Vec<Tensor>,
    },
}

/// An operand of candle's ops.
#[derive(Debug)]
pub(super) enum Operand {
    Stored { value: ValueId, shape: Vec<usize> },
    Constant(Tensor),
}

impl Work {
    /// The tensors of the arena that it reads.
    pub fn reads(&self) -> Vec<ValueId> {
        match self {
            Work::Depthwise { src, .. }
            | Work::Pool { src, .. }
            | Work::Mean { src }
            | Work::Affine { src, .. }
            | Work::Activation { src, .. }
            | Work::Reshape { src }
            | Work::Slope { src, .. }
            | Work::Softmax { src, .. }
            | Work::Lrn { src, .. } => vec![*src],
            Work::Conv { src, add, .. } => std::iter::once(*src).chain(*add).collect(),
            Work::Gate { src, gate } => vec![*src, *gate],
            Work::Binary { src, other, .. } => vec![*src, *other],
            Work::Gather { sources, .. } => sources.clone(),
            Work::Fallback { operands, .. } => operands
                .iter()
                .filter_map(|operand| match operand {
                    Operand::Stored { value, .. } => Some(*value),
                    Operand::Constant(_) => None,
                })
                .collect(),
        }
    }

    /// The weights and biases that a kernel has packed.
    pub fn packed(&self) -> Option<[&Arena; 2]> {
        match self {
            Work::Conv { layer, .. } => Some(layer.packed()),
            Work::Depthwise { layer, .. } => Some(layer.packed()),
            Work::Affine { .. }
            | Work::Slope { .. }
            | Work::Fallback { .. }
            | Work::Pool { .. }
            | Work::Mean { .. }
            | Work::Gate { .. }
            | Work::Binary { .. }
            | Work::Activation { .. }
            | Work::Gather { .. }
            | Work::Reshape { .. }
            | Work::Lrn { .. }
            | Work::Softmax { .. } => None,
        }
    }

    /// The bytes of weights as they are packed.
    pub fn weight_bytes(&self) -> usize {
        match self {
            Work::Conv { layer, .. } => layer.weight_bytes(),
            Work::Depthwise { layer, .. } => layer.weight_bytes(),
            Work::Affine { scale, shift, .. } => 4 * (scale.len() + shift.len()),
            Work::Slope { slopes, .. } => 4 * slopes.len(),
            Work::Fallback { weights, .. } => 4 * weights.iter().map(Tensor::elem_count).sum::<usize>(),
            Work::Pool { .. }
            | Work::Mean { .. }
            | Work::Gate { .. }
            | Work::Binary { .. }
            | Work::Activation { .. }
            | Work::Gather { .. }
            | Work::Reshape { .. }
            | Work::Lrn { .. }
            | Work::Softmax { .. } => 0,
        }
    }

    pub fn is_fallback(&self) -> bool {
        matches!(self, Work::Fallback { .. })
    }

    /// What it computes, in a few words.
    pub fn describe(&self) -> String {
        let then = |activation: Activation| activation.name().map_or(String::new(), |name| format!(" + {name}"));
        match self {
            Work::Conv { layer, add, .. } => {
                let sum = if add.is_some() { " + add" } else { "" };
                format!("{}{sum}{}", layer.name(), then(layer.activation()))
            }
            Work::Depthwise { layer, .. } => format!("depthwise convolution{}", then(layer.activation())),
            Work::Pool { .. } => "pool".to_string(),
            Work::Mean { .. } => "mean of images".to_string(),
            Work::Affine { activation, .. } => format!("scale and shift{}", then(*activation)),
            Work::Gate { .. } => "scale by channel".to_string(),
            Work::Binary { binary, activation, .. } => format!("{binary:?}{}", then(*activation)).to_lowercase(),
            Work::Activation { activation, .. } => activation.name().unwrap_or("copy").to_string(),
            Work::Slope { .. } => "slopes of negative values".to_string(),
            Work::Softmax { .. } => "softmax".to_string(),
            Work::Gather { sources, .. } if sources.len() > 1 => "concat".to_string(),
            Work::Gather { .. } => "parts of an image".to_string(),
            Work::Reshape { .. } => "another shape".to_string(),
            Work::Lrn { .. } => "local response normalisation".to_string(),
            Work::Fallback { op, .. } => format!("candle: {}", op.def().name),
        }
    }
}

/// One run of a plan.
pub(super) struct Run<'a> {
    pub draft: &'a Draft,
    pub layout: &'a Layout,
    pub arena: &'a mut Arena,
    pub pool: &'a mut Pool,
    pub level: Level,
    /// The images of the batch that are computed now.
    pub first: usize,
    pub images: usize,
}

impl Run<'_> {
    /// Brings all images of all inputs.
    pub fn inputs(&mut self, inputs: &[Rows<'_>]) {
        (self.first, self.images) = (0, self.layout.batch());
        for (value, rows) in self.draft.inputs.iter().zip(inputs) {
            self.store(*value, rows);
        }
    }

    /// Computes all steps for all images.
    pub fn steps(&mut self, mut observer: impl FnMut(usize)) -> candle_core::Result<()> {
        for stretch in self.layout.stretches() {
            for first in (0..self.layout.batch()).step_by(stretch.images) {
                (self.first, self.images) = (first, stretch.images);
                for sweep in self.layout.sweeps(stretch) {
                    for band in 0..sweep.bands() {
                        for index in sweep.steps.clone() {
                            self.part(Part { sweep, step: index, band, first }, &mut observer)?;
                        }
                    }
                }
            }
        }
        (self.first, self.images) = (0, self.layout.batch());
        Ok(())
    }

    /// A result of all images, once all steps have run.
    pub fn result(&self, result: &Returned) -> Rows<'static> {
        match result {
            Returned::Stored { value, shape } => self.load(*value, shape),
            Returned::Constant(tensor) => Rows { shape: tensor.shape().clone(), values: floats(tensor).into() },
        }
    }

    /// Computes the rows of a part, once the rows that are still read have moved to where they are looked for.
    fn part(&mut self, part: Part<'_>, observer: &mut impl FnMut(usize)) -> candle_core::Result<()> {
        let step = &self.draft.steps[part.step];
        if let Some((from, rows)) = part.sweep.slide(part.step, part.band) {
            slide(self.arena, &self.layout.view(step.output, part.first), from, rows, self.images, self.pool);
        }
        if part.sweep.rows(part.step, part.band).is_empty() {
            return Ok(());
        }
        self.step(&step.work, step.output, part).map_err(|error| error.context(step.path.to_string()))?;
        observer(part.step);
        Ok(())
    }

    fn step(&mut self, work: &Work, output: ValueId, part: Part<'_>) -> candle_core::Result<()> {
        let (layout, batch, level) = (self.layout, self.images, self.level);
        let view = |value: ValueId| layout.read(value, work, part);
        let dst = &layout.written(output, part);
        let mut point = |kind: Pointwise<'_>, src: ValueId, activation: Activation| {
            pointwise(self.arena, kind, &view(src), dst, activation, level, batch, self.pool);
        };
        match work {
            Work::Conv { src, layer, add } => {
                let places = layout.places(*src, output, *add, work, part);
                layer.run(self.arena, layout.conv(part), &places, layout.scratch(), self.pool);
            }
            Work::Depthwise { src, layer } => layer.run(self.arena, &view(*src), dst, batch, self.pool),
            Work::Pool { src, pooling } if part.sweep.bands() == 1 => {
                pooling.run(self.arena, &view(*src), dst, level, batch, self.pool);
            }
            Work::Pool { src, pooling } => {
                let pooling = pooling.of_rows(part.sweep.rows(part.step, part.band));
                pooling.run(self.arena, &view(*src), dst, level, batch, self.pool);
            }
            Work::Mean { src } => mean(self.arena, &view(*src), dst, level, batch, self.pool),
            Work::Affine { src, scale, shift, activation } => {
                point(Pointwise::Affine { scale, shift }, *src, *activation);
            }
            Work::Gate { src, gate } => point(Pointwise::Gate(view(*gate)), *src, Activation::NONE),
            Work::Binary { binary, src, other, activation } => {
                let other = view(*other);
                let kind = match binary {
                    Binary::Add => Pointwise::Add(other),
                    Binary::Sub => Pointwise::Sub(other),
                    Binary::Mul => Pointwise::Mul(other),
                    Binary::Maximum => Pointwise::Max(other),
                    Binary::Minimum => Pointwise::Min(other),
                };
                point(kind, *src, *activation);
            }
            Work::Activation { src, activation } => point(Pointwise::Copy, *src, *activation),
            Work::Slope { src, slopes } => point(Pointwise::Slope(slopes), *src, Activation::NONE),
            Work::Softmax { src, log } => {
                softmax(self.arena, *log, &view(*src), dst, level, batch, self.pool);
            }
            Work::Gather { sources, gather } => {
                let sources: Vec<View> = sources.iter().map(|source| view(*source)).collect();
                gather.run(self.arena, &sources, dst, batch, self.pool);
            }
            Work::Reshape { src } => reshape(self.arena, &view(*src), dst, batch, self.pool),
            Work::Lrn { src, lrn } => lrn.run(self.arena, &view(*src), dst, level, batch, self.pool),
            Work::Fallback { op, operands, weights } => {
                let operands = operands.iter().map(|operand| match operand {
                    Operand::Stored { value, shape } => self.load(*value, shape).into_tensor(),
                    Operand::Constant(tensor) => Ok(tensor.clone()),
                });
                let operands: Vec<Tensor> = operands.collect::<candle_core::Result<_>>()?;
                let result = op.forward(&operands, weights)?;
                Rows::of_all(&[result], |results| {
                    self.store(output, &results[0]);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    /// A tensor of the arena, row by row.
    fn load(&self, value: ValueId, shape: &[usize]) -> Rows<'static> {
        let values = to_rows(self.arena, &self.layout.view(value, self.first), self.images);
        Rows { shape: [&[self.images], shape].concat().into(), values: values.into() }
    }

    fn store(&mut self, value: ValueId, rows: &Rows<'_>) {
        from_rows(self.arena, &rows.values, &self.layout.view(value, self.first), self.images, self.pool);
    }
}
