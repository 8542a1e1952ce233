//! The rectifier with a learned slope.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::lower::per_channel;
use super::{At, Cost, Default, Form, Init, Op, OpDef, OpError, Operands, ParamDef, ParamType, WeightSpec, shape};
use crate::ir::TensorType;

pub static PRELU: OpDef = OpDef {
    name: "prelu",
    short: "prelu",
    operands: Operands::Flow,
    params: &[ParamDef::optional("params", ParamType::Count, Default::Int(1), "slopes: 1, or one for each channel")],
    summary: "`x` where positive, a learned slope times `x` elsewhere.",
    details: "Weights: `weight [params]`. (He et al. 2015)\n\nFLOPs: two for each value.",
    example: "input image[3, 32, 32]\nconv(16, 3) -> prelu(16)\nexpect [16, 32, 32]",
    make: |args| Ok(Arc::new(Prelu { params: args.count("params") })),
};

#[derive(Debug)]
struct Prelu {
    params: usize,
}

impl Op for Prelu {
    fn def(&self) -> &'static OpDef {
        &PRELU
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        if self.params != 1 {
            let channels = shape::channels("prelu", inputs[0])?;
            if channels != self.params {
                return Err(OpError::shapes(format!("`prelu` has {} slopes for {channels} channels", self.params))
                    .at(At::Arg("params"))
                    .at(At::Operand(0))
                    .help("`params` is 1, or the number of channels"));
            }
        }
        Ok(inputs[0].clone())
    }

    fn weights(&self, _: &[&TensorType]) -> Vec<WeightSpec> {
        vec![WeightSpec::new("weight", [self.params], Init::Constant(0.25))]
    }

    fn cost(&self, _: &[&TensorType], output: &TensorType) -> Cost {
        Cost::each(output.elements(), 2)
    }

    fn form(&self, _: &[&TensorType]) -> Form {
        Form::Slope
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor]) -> CandleResult<Tensor> {
        let x = &inputs[0];
        let slope = if self.params == 1 { weights[0].clone() } else { per_channel(&weights[0], x.rank())? };
        x.relu()? - x.neg()?.relu()?.broadcast_mul(&slope)?
    }
}
