//! Where flows begin: the inputs of an architecture, learned tensors; and the op that does nothing.

use std::sync::Arc;

use candle_core::Tensor;

use super::{Cost, Form, Init, Op, OpDef, OpError, Operands, ParamDef, ParamType, Saved, WeightSpec};
use crate::ir::TensorType;

pub static INPUT: OpDef = OpDef {
    name: "input",
    short: "input",
    operands: Operands::Input,
    params: &[ParamDef::required("shape", ParamType::Shape, "the sizes without the batch")],
    summary: "An input of the architecture.",
    details: "Written as a statement: `input image[3, 224, 224]`. Costs nothing.",
    example: "input image[3, 8, 8]\nrelu",
    make: |args| Ok(Arc::new(Input { shape: args.shape("shape").to_vec() })),
};

#[derive(Debug)]
struct Input {
    shape: Vec<usize>,
}

impl Op for Input {
    fn def(&self) -> &'static OpDef {
        &INPUT
    }

    fn infer(&self, _: &[&TensorType]) -> Result<TensorType, OpError> {
        Ok(TensorType::new(self.shape.clone()))
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn forward(&self, _: &[Tensor], _: &[Tensor]) -> candle_core::Result<Tensor> {
        unreachable!("whoever runs a graph gives its inputs")
    }
}

pub static PARAM: OpDef = OpDef {
    name: "param",
    short: "param",
    operands: Operands::Source,
    params: &[
        ParamDef::required("shape", ParamType::Shape, "the sizes as stored"),
        ParamDef::optional("init", ParamType::Float, super::Default::Float(0.0), "the value it starts with"),
    ],
    summary: "A learned tensor, which starts a flow.",
    details: "Its weight has the path of its label and no further name. Where its rank is one more than that of the \
              tensor it meets, its first size is 1 and stands for the batch; otherwise it broadcasts from the right; \
              `concat` repeats it over the batch. Costs nothing.",
    example: "input tokens[16, 8]\ntoken: param([1, 1, 8])\nin -> concat(token, axis = 1)",
    make: |args| Ok(Arc::new(Param { shape: args.shape("shape").to_vec(), init: args.float("init") })),
};

#[derive(Debug)]
struct Param {
    shape: Vec<usize>,
    init: f64,
}

impl Op for Param {
    fn def(&self) -> &'static OpDef {
        &PARAM
    }

    fn infer(&self, _: &[&TensorType]) -> Result<TensorType, OpError> {
        Ok(TensorType::unbatched(self.shape.clone()))
    }

    fn weights(&self, _: &[&TensorType]) -> Vec<WeightSpec> {
        vec![WeightSpec::new("", self.shape.clone(), Init::Constant(self.init))]
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn forward(&self, _: &[Tensor], weights: &[Tensor]) -> candle_core::Result<Tensor> {
        Ok(weights[0].clone())
    }
}

pub static IDENTITY: OpDef = OpDef {
    name: "identity",
    short: "identity",
    operands: Operands::Flow,
    params: &[],
    summary: "The flow as it is.",
    details: "Makes no node: it stands for the unchanged flow in a branch or as a stage value (`act = identity`).",
    example: "input image[3, 8, 8]\nconcat { identity; conv(4, 3) }",
    make: |_| Ok(Arc::new(Identity)),
};

#[derive(Debug)]
struct Identity;

impl Op for Identity {
    fn def(&self) -> &'static OpDef {
        &IDENTITY
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        Ok(inputs[0].clone())
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn form(&self, _: &[&TensorType]) -> Form {
        Form::Identity
    }

    fn is_view(&self) -> bool {
        true
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> candle_core::Result<Tensor> {
        Ok(inputs[0].clone())
    }
}

/// An input of the given shape, for whoever builds a graph.
pub fn input(shape: &[usize]) -> Arc<dyn Op> {
    Arc::new(Input { shape: shape.to_vec() })
}
