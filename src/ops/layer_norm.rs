//! Norms that look at one image alone.

use std::sync::Arc;

use candle_core::{D, Result as CandleResult, Tensor};

use super::lower::{along, per_channel};
use super::norm::{EPS, eps};
use super::{At, Cost, Default, Init, Op, OpDef, OpError, Operands, ParamDef, ParamType, WeightSpec, shape};
use crate::diagnostic::Code;
use crate::ir::TensorType;

const AFFINE: ParamDef = ParamDef::optional(
    "affine",
    ParamType::Bool,
    Default::Bool(true),
    "whether there are a learned factor and offset (`weight`, `bias`)",
);

pub static LAYER_NORM: OpDef = OpDef {
    name: "layer_norm",
    short: "ln",
    operands: Operands::Flow,
    params: &[
        ParamDef::optional("axis", ParamType::Int, Default::Int(-1), "the one axis that is normalised; -1 is the last"),
        EPS,
        AFFINE,
    ],
    summary: "Normalisation along one axis by its own mean and variance.",
    details: "Along the one axis `axis`, for each place of the others: the last of a sequence `[L, E]`, or `axis = 1` for \
              the channels of each pixel of an image (the channels-first layer norm of ConvNeXt). The variance is the \
              biased one. Weights: `weight` and `bias`, both of that axis's size. (Ba et al. 2016)\n\n\
              FLOPs: five for each value, mean, difference, square, sum and quotient, and two more with `affine`.",
    example: "input tokens[196, 768]\nlayer_norm -> linear(3072)\nexpect [196, 3072]",
    make: |args| Ok(Arc::new(LayerNorm { axis: args.int("axis"), eps: eps(args)?, affine: args.bool("affine") })),
};

#[derive(Debug)]
struct LayerNorm {
    axis: i64,
    eps: f64,
    affine: bool,
}

impl Op for LayerNorm {
    fn def(&self) -> &'static OpDef {
        &LAYER_NORM
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        shape::axis("axis", self.axis, inputs[0])?;
        Ok(inputs[0].clone())
    }

    fn weights(&self, inputs: &[&TensorType]) -> Vec<WeightSpec> {
        let size = shape::axis("axis", self.axis, inputs[0]).map_or(1, |axis| inputs[0].shape()[axis.index]);
        factor_and_offset(self.affine, size)
    }

    fn cost(&self, _: &[&TensorType], output: &TensorType) -> Cost {
        Cost::each(output.elements(), if self.affine { 7 } else { 5 })
    }

    fn detail(&self) -> String {
        let axis = (self.axis != -1).then(|| format!("axis {}", self.axis));
        join([axis, eps_detail(self.eps)])
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor]) -> CandleResult<Tensor> {
        let x = &inputs[0];
        let dim = x.normalize_axis(self.axis)?;
        let y = normalise(x, dim, self.eps)?;
        match weights {
            [weight, bias] => {
                y.broadcast_mul(&along(weight, dim, x.rank())?)?.broadcast_add(&along(bias, dim, x.rank())?)
            }
            _ => Ok(y),
        }
    }
}

pub static GROUP_NORM: OpDef = OpDef {
    name: "group_norm",
    short: "gn",
    operands: Operands::Flow,
    params: &[ParamDef::required("groups", ParamType::Count, "parts that the channels fall into"), EPS, AFFINE],
    summary: "Normalisation of groups of channels by their own mean and variance.",
    details: "Each group's channels and all their pixels are normalised together; one group is the layer norm of a whole \
              image, as many as channels instance norm. `groups` must divide the channels. The variance is the biased one. \
              Weights: `weight [C]`, `bias [C]`. (Wu and He 2018)\n\nFLOPs: as `layer_norm`.",
    example: "input image[64, 28, 28]\nconv(128, 3) -> group_norm(32) -> relu\nexpect [128, 28, 28]",
    make: |args| Ok(Arc::new(GroupNorm { groups: args.count("groups"), eps: eps(args)?, affine: args.bool("affine") })),
};

#[derive(Debug)]
struct GroupNorm {
    groups: usize,
    eps: f64,
    affine: bool,
}

impl Op for GroupNorm {
    fn def(&self) -> &'static OpDef {
        &GROUP_NORM
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let channels = shape::channels("group_norm", inputs[0])?;
        if !channels.is_multiple_of(self.groups) {
            let groups = self.groups;
            return Err(OpError::new(
                Code::GROUPS,
                format!("`group_norm` has {groups} groups, which do not divide the {channels} channels"),
            )
            .at(At::Arg("groups"))
            .at(At::Operand(0))
            .help("choose `groups` among the divisors of the number of channels"));
        }
        Ok(inputs[0].clone())
    }

    fn weights(&self, inputs: &[&TensorType]) -> Vec<WeightSpec> {
        factor_and_offset(self.affine, inputs[0].shape()[0])
    }

    fn cost(&self, _: &[&TensorType], output: &TensorType) -> Cost {
        Cost::each(output.elements(), if self.affine { 7 } else { 5 })
    }

    fn detail(&self) -> String {
        join([Some(format!("groups {}", self.groups)), eps_detail(self.eps)])
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor]) -> CandleResult<Tensor> {
        let x = &inputs[0];
        let grouped = x.contiguous()?.reshape((x.dim(0)?, self.groups, ()))?;
        let y = normalise(&grouped, 2, self.eps)?.reshape(x.shape())?;
        match weights {
            [weight, bias] => {
                y.broadcast_mul(&per_channel(weight, x.rank())?)?.broadcast_add(&per_channel(bias, x.rank())?)
            }
            _ => Ok(y),
        }
    }
}

/// Zero mean and unit variance along `dim`.
fn normalise(x: &Tensor, dim: usize, eps: f64) -> CandleResult<Tensor> {
    let last = x.rank() - 1;
    // candle's sums are quick along the last axis.
    let x = x.transpose(dim, last)?.contiguous()?;
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    centred.broadcast_div(&(variance + eps)?.sqrt()?)?.transpose(dim, last)?.contiguous()
}

fn factor_and_offset(affine: bool, size: usize) -> Vec<WeightSpec> {
    if affine {
        vec![WeightSpec::new("weight", [size], Init::Ones), WeightSpec::new("bias", [size], Init::Zeros)]
    } else {
        Vec::new()
    }
}

fn eps_detail(eps: f64) -> Option<String> {
    (eps != 1e-5).then(|| format!("eps {eps}"))
}

fn join(parts: [Option<String>; 2]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
