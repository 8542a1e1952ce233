//! Fully connected layers.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::{
    At, Cost, Default, Form, Init, Op, OpDef, OpError, Operands, ParamDef, ParamType, Reach, WeightSpec, lower, shape,
};
use crate::ir::TensorType;

pub static LINEAR: OpDef = OpDef {
    name: "linear",
    short: "fc",
    operands: Operands::Flow,
    params: &[
        ParamDef::required("out", ParamType::Count, "features of the result"),
        ParamDef::optional(
            "bias",
            ParamType::Bool,
            Default::Bool(true),
            "whether a learned value is added per feature",
        ),
        ParamDef::optional("axis", ParamType::Int, Default::Absent, "the axis of the features; the last where absent"),
    ],
    summary: "Fully connected layer.",
    details: "From `[features]` to `[out]`, and from `[length, features]` to `[length, out]`. An image `[C, H, W]` is an \
              error, since a missing `flatten` is the likely cause; `axis` given says that it is meant: `linear(out, axis = \
              1)` works on the channels of each pixel. Weights: `weight [out, features]`, `bias [out]`.\n\n\
              MACs: `out * features` for each vector; FLOPs: two for each, one for each result where there is a bias.",
    example: "input image[512, 7, 7]\nflatten -> linear(4096) -> relu -> linear(1000)\nexpect [1000]",
    make: |args| {
        Ok(Arc::new(Linear { out: args.count("out"), bias: args.bool("bias"), axis: args.optional_int("axis") }))
    },
};

#[derive(Debug)]
struct Linear {
    out: usize,
    bias: bool,
    axis: Option<i64>,
}

impl Linear {
    fn axis(&self, ty: &TensorType) -> Result<shape::Axis, OpError> {
        if ty.rank() == 0 {
            return Err(OpError::rank("`linear` needs features, and this tensor has no axis but the batch")
                .at(At::Operand(0))
                .help("`unsqueeze(1)` adds one"));
        }
        if let (None, true, [channels, height, width]) = (self.axis, ty.batched(), ty.shape()) {
            let features = channels.saturating_mul(*height).saturating_mul(*width);
            return Err(OpError::rank(format!(
                "`linear` needs a vector or a sequence of them, and this is the image {ty}"
            ))
            .at(At::Operand(0))
            .help(format!(
                "put `flatten` before it for all {features} values, or `global_avg_pool -> flatten` for the {channels} \
                     channels; to apply it along one axis of the image, give `axis`"
            )));
        }
        shape::axis("axis", self.axis.unwrap_or(-1), ty)
    }
}

impl Op for Linear {
    fn def(&self) -> &'static OpDef {
        &LINEAR
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let axis = self.axis(inputs[0])?;
        let mut shape = inputs[0].shape().to_vec();
        shape[axis.index] = self.out;
        Ok(inputs[0].with_shape(shape))
    }

    fn weights(&self, inputs: &[&TensorType]) -> Vec<WeightSpec> {
        let features = self.axis(inputs[0]).map_or(1, |axis| inputs[0].shape()[axis.index]);
        let init = Init::fan_in(features);
        let mut weights = vec![WeightSpec::new("weight", [self.out, features], init)];
        if self.bias {
            weights.push(WeightSpec::new("bias", [self.out], init));
        }
        weights
    }

    fn cost(&self, inputs: &[&TensorType], output: &TensorType) -> Cost {
        let macs = inputs[0].elements().saturating_mul(self.out as u64);
        Cost::macs(macs, if self.bias { output.elements() } else { 0 })
    }

    fn form(&self, inputs: &[&TensorType]) -> Form {
        if inputs[0].rank() == 1 { Form::Linear } else { Form::Other }
    }

    fn reach(&self, inputs: &[&TensorType], _: &TensorType) -> Reach {
        match self.axis(inputs[0]) {
            Ok(axis) => Reach::Along(axis.index),
            Err(_) => Reach::All,
        }
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor]) -> CandleResult<Tensor> {
        let x = &inputs[0];
        let last = x.rank() - 1;
        let dim = match self.axis {
            None => last,
            Some(value) => x.normalize_axis(value)?,
        };
        let y = lower::linear(&x.transpose(dim, last)?, &weights[0], weights.get(1))?;
        y.transpose(dim, last)?.contiguous()
    }
}
