//! Joining tensors along an axis.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::{At, Cost, Default, Form, Op, OpDef, OpError, Operands, ParamDef, ParamType, Reach, Saved, shape};
use crate::ir::TensorType;

pub static CONCAT: OpDef = OpDef {
    name: "concat",
    short: "concat",
    operands: Operands::Merge { numbers: false },
    params: &[ParamDef::optional("axis", ParamType::Int, Default::Int(1), "the axis that grows; 1 is the channels")],
    summary: "The flow and the values, or the branches, one after the other along an axis.",
    details: "All sizes but those along `axis` must be equal. A learned tensor (`param`) has a 1 in front, for the batch, \
              over which it is repeated. Costs nothing.",
    example: "input image[192, 28, 28]\nconcat {\n  conv(64, 1)\n  conv(96, 1) -> relu -> conv(128, 3)\n  max_pool(3, 1, pad = 1)\n}\n\
              expect [384, 28, 28]",
    make: |args| Ok(Arc::new(Concat { axis: args.int("axis") })),
};

#[derive(Debug)]
struct Concat {
    axis: i64,
}

impl Op for Concat {
    fn def(&self) -> &'static OpDef {
        &CONCAT
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        // All operands are held against the first with a batch, or else the first of all.
        let batch = shape::batched_operand("concat", inputs)?;
        let first = batch.unwrap_or(0);
        let model = inputs[first];
        let axis = shape::axis("axis", self.axis, model)?;
        let mut result = model.shape().to_vec();
        for (position, ty) in inputs.iter().enumerate().filter(|(position, _)| *position != first) {
            let shape = match batch {
                Some(_) => shape::aligned("concat", position, ty, first, model)?,
                None => ty.shape(),
            };
            // A learned tensor must have a place for the batch, to be repeated over.
            let lacks_batch = batch.is_some() && !ty.batched() && ty.rank() == model.rank();
            if shape.len() != result.len() || lacks_batch {
                let (needs, help) = if ty.batched() || batch.is_none() {
                    ("tensors of one rank", "`unsqueeze` or `reshape` brings them to the same number of dimensions")
                } else {
                    (
                        "a learned tensor with a 1 in front for the batch",
                        "after the 1, a learned tensor has as many sizes as the flow: `param([1, 1, 64])` beside [16, 64]",
                    )
                };
                return Err(OpError::rank(format!("`concat` needs {needs}: {ty} here, {model} there"))
                    .at(At::Operand(position))
                    .at(At::Operand(first))
                    .help(help));
            }
            let differs = (0..shape.len()).find(|index| *index != axis.index && shape[*index] != model.shape()[*index]);
            if let Some(index) = differs {
                let rank = model.rank();
                let (here, there) = (shape[index], model.shape()[index]);
                return Err(OpError::shapes(format!(
                    "`concat` needs equal {}: {here} here, {there} there ({ty} and {model})",
                    shape::sizes_along(index, rank)
                ))
                .at(At::Operand(position))
                .at(At::Operand(first))
                .help(format!(
                    "only {} may differ; look for a stride or a padding that the operands do not share",
                    shape::sizes_along(axis.index, rank)
                )));
            }
            result[axis.index] = result[axis.index].saturating_add(shape[axis.index]);
        }
        Ok(model.with_shape(result))
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn detail(&self) -> String {
        if self.axis == 1 { String::new() } else { format!("axis {}", self.axis) }
    }

    fn form(&self, inputs: &[&TensorType]) -> Form {
        let images = inputs.iter().all(|input| input.batched() && input.rank() == 3);
        if images && (self.axis == 1 || self.axis == -3) { Form::Concat } else { Form::Other }
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn reach(&self, _: &[&TensorType], output: &TensorType) -> Reach {
        // Along rows or columns every operand stands somewhere else.
        match (output.rank(), self.axis) {
            (3, 1 | -3) => Reach::Same,
            (3, _) => Reach::All,
            _ => Reach::Same,
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let rank = inputs.iter().map(Tensor::rank).max().unwrap_or(0);
        let dim = inputs[0].normalize_axis(self.axis)?;
        let batch = inputs.iter().map(|input| input.dim(0)).collect::<CandleResult<Vec<_>>>()?;
        let batch = if dim == 0 { None } else { batch.into_iter().max() };
        let parts = inputs.iter().map(|input| {
            let mut shape = input.dims().to_vec();
            if let (Some(batch), true) = (batch, shape.len() == rank) {
                shape[0] = batch;
            }
            input.broadcast_as(shape)?.contiguous()
        });
        Tensor::cat(&parts.collect::<CandleResult<Vec<_>>>()?, dim)
    }
}
