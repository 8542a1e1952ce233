//! Products of matrices.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::{At, Cost, Op, OpDef, OpError, Operands, Reach, lower, shape};
use crate::ir::TensorType;

pub static MATMUL: OpDef = OpDef {
    name: "matmul",
    short: "matmul",
    operands: Operands::Pair { numbers: false },
    params: &[],
    summary: "The matrix product of the flow and another tensor, along their last two axes.",
    details: "From `[.., m, k]` and `[.., k, n]` to `[.., m, n]`; axes before the last two broadcast as in `add`. A learned \
              matrix `param([k, n])` works on the last axis of any flow.\n\n\
              MACs: `k` for each value of the result; FLOPs: two for each.",
    example: "input tokens[16, 64]\nlinear(64) -> keys: transpose(1, 2)\nin -> matmul(keys)\nexpect [16, 16]",
    make: |_| Ok(Arc::new(Matmul)),
};

#[derive(Debug)]
struct Matmul;

impl Op for Matmul {
    fn def(&self) -> &'static OpDef {
        &MATMUL
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let [left, right] = [inputs[0], inputs[1]];
        let (m, k) = match (left.shape(), right.batched(), right.rank()) {
            ([.., m, k], _, _) => (Some(*m), *k),
            // The batch stands for the rows.
            ([k], false, 2) if left.batched() => (None, *k),
            _ => return Err(needs_matrix(left, 0)),
        };
        let [.., rows, n] = right.shape() else { return Err(needs_matrix(right, 1)) };
        if k != *rows {
            return Err(OpError::shapes(format!(
                "`matmul` needs as many columns on the left as rows on the right: {k} in {left}, {rows} in {right}"
            ))
            .at(At::Operand(1))
            .at(At::Operand(0))
            .help("`transpose` turns a matrix; the last axis of the flow meets the last but one of the value"));
        }
        let mut result = match (m, right.batched()) {
            (None, _) => left.with_shape(Vec::new()),
            // A matrix without a batch meets every matrix of the flow alike.
            (Some(_), false) if left.batched() && right.rank() == 2 => {
                left.with_shape(&left.shape()[..left.rank() - 2])
            }
            (Some(_), _) => shape::broadcast("matmul", &[&stacked(left), &stacked(right)])?,
        };
        let mut sizes = result.shape().to_vec();
        sizes.extend(m);
        sizes.push(*n);
        result = result.with_shape(sizes);
        Ok(result)
    }

    fn cost(&self, inputs: &[&TensorType], output: &TensorType) -> Cost {
        let k = inputs[0].shape().last().copied().unwrap_or(1);
        Cost::macs(output.elements().saturating_mul(k as u64), 0)
    }

    fn reach(&self, _: &[&TensorType], _: &TensorType) -> Reach {
        Reach::All
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        if inputs[1].rank() == 2 && inputs[0].rank() >= 2 {
            return lower::linear(&inputs[0], &inputs[1].t()?, None);
        }
        inputs[0].contiguous()?.broadcast_matmul(&inputs[1].contiguous()?)
    }
}

/// The axes before a tensor's matrices.
fn stacked(ty: &TensorType) -> TensorType {
    ty.with_shape(&ty.shape()[..ty.rank() - 2])
}

fn needs_matrix(ty: &TensorType, operand: usize) -> OpError {
    OpError::rank(format!("`matmul` multiplies matrices, the last two axes of its operands, and {ty} has fewer"))
        .at(At::Operand(operand))
        .help("`linear` works on vectors; `unsqueeze` or `reshape` makes a matrix")
}
