//! Attention of a sequence to itself.

use std::sync::Arc;

use candle_core::{D, Result as CandleResult, Tensor};

use super::{
    At, Cost, Default, Init, Op, OpDef, OpError, Operands, ParamDef, ParamType, Reach, Saved, WeightSpec, lower, shape,
    softmax,
};
use crate::diagnostic::Code;
use crate::ir::TensorType;

pub static ATTENTION: OpDef = OpDef {
    name: "attention",
    short: "attention",
    operands: Operands::Flow,
    params: &[
        ParamDef::required("heads", ParamType::Count, "parts that the features fall into"),
        ParamDef::optional("bias", ParamType::Bool, Default::Bool(true), "whether the projections add learned values"),
    ],
    summary: "Multi-head self-attention over a sequence.",
    details: "From `[L, E]` to `[L, E]`, as PyTorch's `MultiheadAttention` with one tensor for query, key and value: `heads` \
              must divide `E`. Weights: `in_proj_weight [3 E, E]` and `in_proj_bias [3 E]` for query, key and value in that \
              order, `out_proj.weight [E, E]` and `out_proj.bias [E]`. (Vaswani et al. 2017)\n\n\
              MACs: `4 L E E + 2 L L E`; FLOPs: two for each, and one for each bias added (`4 L E`), one for each scaled \
              query (`L E`), five for each value of the softmax (`heads L L`).",
    example: "input tokens[197, 768]\nresidual { ln -> attention(12) }\nexpect [197, 768]",
    make: |args| Ok(Arc::new(Attention { heads: args.count("heads"), bias: args.bool("bias") })),
};

#[derive(Debug)]
struct Attention {
    heads: usize,
    bias: bool,
}

impl Op for Attention {
    fn def(&self) -> &'static OpDef {
        &ATTENTION
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        shape::batched("attention", inputs[0])?;
        let [_, features] = inputs[0].shape() else {
            return Err(OpError::rank(format!(
                "`attention` needs a sequence [length, features], and this is {}",
                inputs[0]
            ))
            .at(At::Operand(0))
            .help("`flatten(2) -> transpose(1, 2)` makes a sequence of an image's pixels"));
        };
        if !features.is_multiple_of(self.heads) {
            let heads = self.heads;
            return Err(OpError::new(
                Code::GROUPS,
                format!("`attention` has {heads} heads, which do not divide the {features} features"),
            )
            .at(At::Arg("heads"))
            .at(At::Operand(0))
            .help("choose `heads` among the divisors of the number of features"));
        }
        Ok(inputs[0].clone())
    }

    fn weights(&self, inputs: &[&TensorType]) -> Vec<WeightSpec> {
        let features = inputs[0].shape()[1];
        let three = features.saturating_mul(3);
        let bound = (6.0 / (features as f64 + three as f64)).sqrt();
        let mut weights = vec![WeightSpec::new("in_proj_weight", [three, features], Init::Uniform { bound })];
        if self.bias {
            weights.push(WeightSpec::new("in_proj_bias", [three], Init::Zeros));
        }
        weights.push(WeightSpec::new("out_proj.weight", [features, features], Init::fan_in(features)));
        if self.bias {
            weights.push(WeightSpec::new("out_proj.bias", [features], Init::Zeros));
        }
        weights
    }

    fn cost(&self, inputs: &[&TensorType], output: &TensorType) -> Cost {
        let [length, features] = [0, 1].map(|index| inputs[0].shape()[index] as u64);
        let values = output.elements();
        let projections = values.saturating_mul(features).saturating_mul(4);
        let products = values.saturating_mul(length).saturating_mul(2);
        let softmax = (self.heads as u64).saturating_mul(length).saturating_mul(length).saturating_mul(5);
        let biases = if self.bias { values.saturating_mul(4) } else { 0 };
        let extra = softmax.saturating_add(biases).saturating_add(values);
        Cost::macs(projections.saturating_add(products), extra)
    }

    fn detail(&self) -> String {
        format!("heads {}", self.heads)
    }

    fn saved(&self, _: &[&TensorType], output: &TensorType) -> Saved {
        // Query, key, value, the attention of every head, and what it gives.
        let length = output.shape().first().map_or(0, |length| *length as u64);
        let scores = (self.heads as u64).saturating_mul(length).saturating_mul(length);
        let values = output.elements().saturating_mul(4).saturating_add(scores);
        Saved { bytes: values.saturating_mul(4), ..Saved::OPERANDS }
    }

    fn reach(&self, _: &[&TensorType], _: &TensorType) -> Reach {
        Reach::All
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor]) -> CandleResult<Tensor> {
        let (n, length, features) = inputs[0].dims3()?;
        let size = features / self.heads;
        let (input, output) = match (self.bias, weights) {
            (true, [w_in, b_in, w_out, b_out]) => ((w_in, Some(b_in)), (w_out, Some(b_out))),
            (false, [w_in, w_out]) => ((w_in, None), (w_out, None)),
            _ => candle_core::bail!("`attention` with {} weights", weights.len()),
        };
        let projected = lower::linear(&inputs[0], input.0, input.1)?;
        // [3, N, heads, L, size]
        let heads =
            projected.reshape(vec![n, length, 3, self.heads, size])?.permute(vec![2, 0, 3, 1, 4])?.contiguous()?;
        let query = (heads.get(0)? / (size as f64).sqrt())?;
        let (key, value) = (heads.get(1)?, heads.get(2)?);
        let scores = softmax::softmax(&query.matmul(&key.transpose(D::Minus2, D::Minus1)?.contiguous()?)?, 3)?;
        let mixed = scores.matmul(&value)?.transpose(1, 2)?.contiguous()?.reshape((n, length, features))?;
        lower::linear(&mixed, output.0, output.1)
    }
}
