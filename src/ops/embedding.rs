//! Learned vectors, looked up by number.

use std::sync::Arc;

use candle_core::{DType, Result as CandleResult, Tensor};

use super::{Cost, Init, Op, OpDef, OpError, Operands, ParamDef, ParamType, WeightSpec};
use crate::ir::TensorType;

pub static EMBEDDING: OpDef = OpDef {
    name: "embedding",
    short: "embedding",
    operands: Operands::Flow,
    params: &[
        ParamDef::required("count", ParamType::Count, "vectors in the table"),
        ParamDef::required("size", ParamType::Count, "features of a vector"),
    ],
    summary: "The vector of each number, from a learned table.",
    details: "The flow holds whole numbers from 0 to before `count`: from `[L]` to `[L, size]`. Weights: `weight [count, \
              size]`. Costs nothing.",
    example: "input words[128]\nembedding(30522, 768)\nexpect [128, 768]",
    make: |args| Ok(Arc::new(Embedding { count: args.count("count"), size: args.count("size") })),
};

#[derive(Debug)]
struct Embedding {
    count: usize,
    size: usize,
}

impl Op for Embedding {
    fn def(&self) -> &'static OpDef {
        &EMBEDDING
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let mut shape = inputs[0].shape().to_vec();
        shape.push(self.size);
        Ok(inputs[0].with_shape(shape))
    }

    fn weights(&self, _: &[&TensorType]) -> Vec<WeightSpec> {
        vec![WeightSpec::new("weight", [self.count, self.size], Init::Normal { std: 1.0 })]
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn detail(&self) -> String {
        format!("{} x {}", self.count, self.size)
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor]) -> CandleResult<Tensor> {
        let mut shape = inputs[0].dims().to_vec();
        shape.push(self.size);
        let numbers = inputs[0].flatten_all()?.to_dtype(DType::U32)?;
        weights[0].index_select(&numbers, 0)?.reshape(shape)
    }
}
