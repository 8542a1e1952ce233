//! Batch normalisation.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::lower::per_channel;
use super::{
    Args, Cost, Default, Form, Init, Op, OpDef, OpError, Operands, ParamDef, ParamType, Saved, WeightSpec, shape,
};
use crate::ir::TensorType;

pub(super) const EPS: ParamDef =
    ParamDef::optional("eps", ParamType::Float, Default::Float(1e-5), "added to the variance");

pub static BATCH_NORM: OpDef = OpDef {
    name: "batch_norm",
    short: "bn",
    operands: Operands::Flow,
    params: &[
        EPS,
        ParamDef::optional(
            "momentum",
            ParamType::Float,
            Default::Float(0.1),
            "weight of a batch in the running values",
        ),
        ParamDef::optional(
            "scale",
            ParamType::Bool,
            Default::Bool(true),
            "whether there is a learned factor (`weight`)",
        ),
        ParamDef::optional(
            "center",
            ParamType::Bool,
            Default::Bool(true),
            "whether there is a learned offset (`bias`)",
        ),
    ],
    summary: "Normalisation of each channel by its running mean and variance.",
    details: "`(x - running_mean) / sqrt(running_var + eps) * weight + bias` along axis 1, as PyTorch does at inference; \
              `momentum` is PyTorch's, 1 minus that of Keras, and matters in training alone. Weights: `weight [C]`, `bias \
              [C]`, and the buffers `running_mean [C]`, `running_var [C]`. Keras's `scale = False` and `center = False` are \
              `scale` and `center` here. (Ioffe and Szegedy 2015)\n\nFLOPs: two for each value, a factor and an offset, \
              since both can be computed before.",
    example: "input image[3, 32, 32]\nconv(64, 3, bias = false) -> batch_norm(eps = 1e-3) -> relu\nexpect [64, 32, 32]",
    make: |args| {
        Ok(Arc::new(BatchNorm {
            eps: eps(args)?,
            momentum: args.float("momentum"),
            scale: args.bool("scale"),
            center: args.bool("center"),
        }))
    },
};

/// The argument `eps`, which is not negative.
pub(super) fn eps(args: &Args) -> Result<f64, OpError> {
    match args.float("eps") {
        eps if eps >= 0.0 => Ok(eps),
        eps => Err(OpError::argument("eps", format!("`eps` is {eps}, and must be 0 or more"))),
    }
}

#[derive(Debug)]
struct BatchNorm {
    eps: f64,
    momentum: f64,
    scale: bool,
    center: bool,
}

impl Op for BatchNorm {
    fn def(&self) -> &'static OpDef {
        &BATCH_NORM
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        shape::channels("batch_norm", inputs[0])?;
        Ok(inputs[0].clone())
    }

    fn weights(&self, inputs: &[&TensorType]) -> Vec<WeightSpec> {
        let shape = [inputs[0].shape()[0]];
        let mut weights = Vec::with_capacity(4);
        if self.scale {
            weights.push(WeightSpec::new("weight", shape, Init::Ones));
        }
        if self.center {
            weights.push(WeightSpec::new("bias", shape, Init::Zeros));
        }
        weights.push(WeightSpec::buffer("running_mean", shape, Init::Zeros));
        weights.push(WeightSpec::buffer("running_var", shape, Init::Ones));
        weights
    }

    fn cost(&self, _: &[&TensorType], output: &TensorType) -> Cost {
        Cost::each(output.elements(), 2)
    }

    fn detail(&self) -> String {
        let mut parts = Vec::new();
        if self.eps != 1e-5 {
            parts.push(format!("eps {}", self.eps));
        }
        if self.momentum != 0.1 {
            parts.push(format!("momentum {}", self.momentum));
        }
        if !self.scale {
            parts.push("no scale".to_string());
        }
        if !self.center {
            parts.push("no center".to_string());
        }
        parts.join(", ")
    }

    fn form(&self, _: &[&TensorType]) -> Form {
        Form::Affine { eps: self.eps, scale: self.scale, center: self.center }
    }

    fn saved(&self, inputs: &[&TensorType], _: &TensorType) -> Saved {
        // The batch's mean and deviation, a float32 a channel each.
        let channels = inputs[0].shape().first().map_or(0, |channels| *channels as u64);
        Saved { batch_bytes: channels.saturating_mul(8), ..Saved::OPERANDS }
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor]) -> CandleResult<Tensor> {
        let rank = inputs[0].rank();
        let learned = usize::from(self.scale) + usize::from(self.center);
        let (mean, variance) = (&weights[learned], &weights[learned + 1]);
        let mut factor = (variance + self.eps)?.sqrt()?.recip()?;
        if self.scale {
            factor = (factor * &weights[0])?;
        }
        let mut offset = (mean * &factor)?.neg()?;
        if self.center {
            offset = (offset + &weights[learned - 1])?;
        }
        inputs[0].broadcast_mul(&per_channel(&factor, rank)?)?.broadcast_add(&per_channel(&offset, rank)?)
    }
}
