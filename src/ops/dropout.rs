//! Ops that act in training alone.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::{Args, Cost, Default, Form, Op, OpDef, OpError, Operands, ParamDef, ParamType, Saved};
use crate::ir::TensorType;

pub static DROPOUT: OpDef = OpDef {
    name: "dropout",
    short: "dropout",
    operands: Operands::Flow,
    params: &[ParamDef::optional("p", ParamType::Float, Default::Float(0.5), "the share of values that is dropped")],
    summary: "Drops values at random in training.",
    details: "At inference the flow as it is. Costs nothing.",
    example: "input image[512, 7, 7]\nflatten -> dropout(0.2) -> linear(1000)\nexpect [1000]",
    make: |args| make(false, args),
};

pub static DROP_PATH: OpDef = OpDef {
    name: "drop_path",
    short: "drop_path",
    operands: Operands::Flow,
    params: &[ParamDef::optional(
        "p",
        ParamType::Float,
        Default::Float(0.0),
        "the share of images for which it is dropped",
    )],
    summary: "Drops the whole flow for some images at random in training; stochastic depth.",
    details: "It stands at the end of a residual branch. At inference the flow as it is. Costs nothing. (Huang et al. 2016)",
    example: "input image[64, 28, 28]\nresidual { conv(64, 3) -> drop_path(0.1) }\nexpect [64, 28, 28]",
    make: |args| make(true, args),
};

#[derive(Debug)]
struct Dropout {
    path: bool,
    p: f64,
}

fn make(path: bool, args: &Args) -> Result<Arc<dyn Op>, OpError> {
    match args.float("p") {
        p if (0.0..=1.0).contains(&p) => Ok(Arc::new(Dropout { path, p })),
        p => Err(OpError::argument("p", format!("`p` is {p}, and a share is between 0 and 1"))),
    }
}

impl Op for Dropout {
    fn def(&self) -> &'static OpDef {
        if self.path { &DROP_PATH } else { &DROPOUT }
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        Ok(inputs[0].clone())
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn detail(&self) -> String {
        format!("p {}", self.p)
    }

    fn form(&self, _: &[&TensorType]) -> Form {
        Form::Identity
    }

    fn is_view(&self) -> bool {
        true
    }

    fn saved(&self, _: &[&TensorType], output: &TensorType) -> Saved {
        // A mask of one byte a value.
        Saved { bytes: output.elements(), ..Saved::NOTHING }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        Ok(inputs[0].clone())
    }
}
