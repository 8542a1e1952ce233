//! Local response normalisation.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::lower::place;
use super::{Cost, Default, Form, Op, OpDef, OpError, Operands, ParamDef, ParamType, shape};
use crate::ir::TensorType;

pub static LRN: OpDef = OpDef {
    name: "lrn",
    short: "lrn",
    operands: Operands::Flow,
    params: &[
        ParamDef::optional("size", ParamType::Count, Default::Int(5), "channels that are looked at"),
        ParamDef::optional("alpha", ParamType::Float, Default::Float(1e-4), "weight of their mean square"),
        ParamDef::optional("beta", ParamType::Float, Default::Float(0.75), "the power"),
        ParamDef::optional("k", ParamType::Float, Default::Float(1.0), "added to it"),
    ],
    summary: "Local response normalisation: each value by the squares of its neighbours in the channels.",
    details: "`x / (k + alpha / size * s) ** beta`, where `s` is the sum of squares over `size` channels around this one, \
              `size / 2` (rounded down) before and the rest after; channels beyond the ends count as 0. PyTorch's and \
              Caffe's `alpha`; that of the paper and of TensorFlow is `alpha / size`. (Krizhevsky et al. 2012, section \
              3.3)\n\nFLOPs: `size + 5` for each value: square, sum, factor, offset, power and quotient.",
    example: "input image[96, 27, 27]\nlrn(5, k = 2.0)\nexpect [96, 27, 27]",
    make: |args| {
        Ok(Arc::new(Lrn {
            size: args.count("size"),
            alpha: args.float("alpha"),
            beta: args.float("beta"),
            k: args.float("k"),
        }))
    },
};

#[derive(Debug)]
struct Lrn {
    size: usize,
    alpha: f64,
    beta: f64,
    k: f64,
}

impl Op for Lrn {
    fn def(&self) -> &'static OpDef {
        &LRN
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        shape::channels("lrn", inputs[0])?;
        Ok(inputs[0].clone())
    }

    fn cost(&self, _: &[&TensorType], output: &TensorType) -> Cost {
        Cost::each(output.elements(), (self.size as u64).saturating_add(5))
    }

    fn detail(&self) -> String {
        format!("size {}", self.size)
    }

    fn form(&self, _: &[&TensorType]) -> Form {
        Form::Lrn { size: self.size, alpha: self.alpha as f32, beta: self.beta as f32, k: self.k as f32 }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let x = &inputs[0];
        let channels = x.dim(1)?;
        let squares = x.sqr()?;
        // Channels further off than there are any count as 0.
        let before = (self.size / 2).min(channels - 1) as i64;
        let after = ((self.size - 1) / 2).min(channels - 1) as i64;
        let mut sum: Option<Tensor> = None;
        for offset in -after..=before {
            let neighbour = place(&squares, 1, offset, channels, 0.0)?;
            sum = Some(match sum {
                Some(sum) => (sum + neighbour)?,
                None => neighbour,
            });
        }
        let sum = sum.expect("a channel is its own neighbour");
        x / sum.affine(self.alpha / self.size as f64, self.k)?.powf(self.beta)?
    }
}
