//! Probabilities from scores.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::{Cost, Default, Form, Op, OpDef, OpError, Operands, ParamDef, ParamType, Reach, Saved, shape};
use crate::ir::TensorType;

const AXIS: ParamDef =
    ParamDef::optional("axis", ParamType::Int, Default::Int(1), "the axis that sums to one; 1 is the channels");

pub static SOFTMAX: OpDef = OpDef {
    name: "softmax",
    short: "softmax",
    operands: Operands::Flow,
    params: &[AXIS],
    summary: "`exp(x)` over its sum along an axis.",
    details: "FLOPs: five for each value: maximum, difference, exponential, sum, quotient.",
    example: "input image[512]\nlinear(10) -> softmax\nexpect [10]",
    make: |args| Ok(Arc::new(Softmax { log: false, axis: args.int("axis") })),
};

pub static LOG_SOFTMAX: OpDef = OpDef {
    name: "log_softmax",
    short: "log_softmax",
    operands: Operands::Flow,
    params: &[AXIS],
    summary: "The logarithm of `softmax`.",
    details: "FLOPs: five for each value: maximum, difference, exponential, sum, difference.",
    example: "input image[512]\nlinear(10) -> log_softmax\nexpect [10]",
    make: |args| Ok(Arc::new(Softmax { log: true, axis: args.int("axis") })),
};

#[derive(Debug)]
struct Softmax {
    log: bool,
    axis: i64,
}

impl Op for Softmax {
    fn def(&self) -> &'static OpDef {
        if self.log { &LOG_SOFTMAX } else { &SOFTMAX }
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        shape::axis("axis", self.axis, inputs[0])?;
        Ok(inputs[0].clone())
    }

    fn cost(&self, _: &[&TensorType], output: &TensorType) -> Cost {
        Cost::each(output.elements(), 5)
    }

    fn detail(&self) -> String {
        if self.axis == 1 { String::new() } else { format!("axis {}", self.axis) }
    }

    fn form(&self, inputs: &[&TensorType]) -> Form {
        let channels = match inputs[0].rank() {
            1 => matches!(self.axis, 1 | -1),
            3 => matches!(self.axis, 1 | -3),
            _ => false,
        };
        if channels { Form::Softmax { log: self.log } } else { Form::Other }
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::RESULT
    }

    fn reach(&self, inputs: &[&TensorType], _: &TensorType) -> Reach {
        match shape::axis("axis", self.axis, inputs[0]) {
            Ok(axis) => Reach::Along(axis.index),
            Err(_) => Reach::All,
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let dim = inputs[0].normalize_axis(self.axis)?;
        if self.log {
            let (shifted, sums) = exponentials(&inputs[0], dim)?;
            return shifted.broadcast_sub(&sums.log()?);
        }
        softmax(&inputs[0], dim)
    }
}

/// `exp(x)` over its sum along `dim`.
pub(super) fn softmax(x: &Tensor, dim: usize) -> CandleResult<Tensor> {
    let (shifted, sums) = exponentials(x, dim)?;
    shifted.exp()?.broadcast_div(&sums)
}

/// The values less their maximum along `dim`, and the sums of the exponentials of that.
fn exponentials(x: &Tensor, dim: usize) -> CandleResult<(Tensor, Tensor)> {
    // The maximum cancels out, so its gradient is left out too.
    let shifted = x.broadcast_sub(&x.max_keepdim(dim)?.detach())?;
    let sums = shifted.exp()?.sum_keepdim(dim)?;
    Ok((shifted, sums))
}
