//! What shape rules share: axes, images, broadcasting.

use super::{At, OpError};
use crate::diagnostic::Code;
use crate::ir::TensorType;

/// An axis of a tensor, which it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Its position in the shape, which leaves out the batch.
    pub index: usize,
    /// Its position in the tensor at run time, which has the batch in front.
    pub dim: usize,
}

/// The axis that `value` names, PyTorch's way: 0 is the batch, 1 the channels, -1 the last.
///
/// Without a batch (see [`TensorType`]) all axes of the tensor as stored can be named.
pub fn axis(param: &'static str, value: i64, ty: &TensorType) -> Result<Axis, OpError> {
    axis_of(param, value, ty.rank(), ty.batched(), &format!("{ty}"))
}

/// The axis that `value` names in a result of `rank` dimensions without the batch.
pub fn axis_of(param: &'static str, value: i64, rank: usize, batched: bool, of: &str) -> Result<Axis, OpError> {
    let batch = usize::from(batched);
    let all = (rank + batch) as i64;
    let from_front = if value < 0 { value.saturating_add(all) } else { value };
    if batched && from_front == 0 {
        return Err(OpError::new(Code::AXIS, format!("axis {value} of {of} is the batch, which stays as it is"))
            .at(At::Arg(param))
            .help("axes are PyTorch's: 0 is the batch, 1 the channels, -1 the last"));
    }
    match usize::try_from(from_front) {
        Ok(dim) if from_front < all => Ok(Axis { index: dim - batch, dim }),
        _ => {
            let range = match (batched, rank) {
                (true, 0) => "it has none but the batch".to_string(),
                (true, 1) => "it has only axis 1, besides the batch".to_string(),
                (true, rank) => format!("its axes are 1 to {rank}, besides the batch, which is 0"),
                (false, 0) => "it has none".to_string(),
                (false, rank) => format!("its axes are 0 to {}", rank - 1),
            };
            Err(OpError::new(Code::AXIS, format!("{of} has no axis {value}: {range}"))
                .at(At::Arg(param))
                .help("the batch is axis 0 though shapes are written without it; negative axes count from the end"))
        }
    }
}

/// `[C, H, W]` of a flow that is an image.
pub fn image(op: &str, ty: &TensorType) -> Result<[usize; 3], OpError> {
    batched(op, ty)?;
    ty.image(op)
}

/// Holds where the tensor has a batch.
pub fn batched(op: &str, ty: &TensorType) -> Result<(), OpError> {
    if ty.batched() {
        return Ok(());
    }
    Err(OpError::rank(format!("`{op}` needs a tensor with a batch, and {ty} is a learned one without"))
        .at(At::Operand(0))
        .help("merge it with the flow first, as in `concat(x)` or `add(x)`"))
}

/// The channels (axis 1) of a tensor with a batch.
pub fn channels(op: &str, ty: &TensorType) -> Result<usize, OpError> {
    batched(op, ty)?;
    ty.shape().first().copied().ok_or_else(|| {
        OpError::rank(format!("`{op}` works along the channels, and this has no axis but the batch"))
            .at(At::Operand(0))
            .help("`unsqueeze(1)` adds one")
    })
}

/// What the sizes along an axis are called, in the plural.
pub fn sizes_along(index: usize, rank: usize) -> String {
    match (rank, index) {
        (3, 0) => "channels".to_string(),
        (3, 1) => "heights".to_string(),
        (3, 2) => "widths".to_string(),
        _ => format!("sizes along axis {}", index + 1),
    }
}

/// The type that elementwise operands broadcast to, as NumPy does it, the batch aside.
///
/// # Errors
/// Ranks that differ among tensors with a batch; sizes that differ and are not 1.
pub fn broadcast(op: &str, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
    let batch = batched_operand(op, inputs)?;
    let shapes = inputs
        .iter()
        .enumerate()
        .map(|(position, ty)| match batch {
            Some(first) => aligned(op, position, ty, first, inputs[first]),
            None => Ok(ty.shape()),
        })
        .collect::<Result<Vec<&[usize]>, OpError>>()?;
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let mut result = vec![1; rank];
    // The operand that gave each size of the result.
    let mut from = vec![0; rank];
    for (position, shape) in shapes.iter().enumerate() {
        let skip = rank - shape.len();
        for (offset, size) in shape.iter().enumerate() {
            let index = skip + offset;
            if result[index] == 1 {
                (result[index], from[index]) = (*size, position);
            } else if *size != 1 && *size != result[index] {
                let (what, here, there) = (sizes_along(index, rank), *size, result[index]);
                let (a, b) = (inputs[position], inputs[from[index]]);
                return Err(OpError::shapes(format!(
                    "`{op}` needs equal {what}: {here} here, {there} there ({a} and {b})"
                ))
                .at(At::Operand(position))
                .at(At::Operand(from[index]))
                .help("sizes must be equal, or 1 on one side; a stride, a padding or a number of channels differs"));
            }
        }
    }
    Ok(if batch.is_some() { TensorType::new(result) } else { TensorType::unbatched(result) })
}

/// The first operand with a batch, if any; those that have one must be of one rank.
pub fn batched_operand(op: &str, inputs: &[&TensorType]) -> Result<Option<usize>, OpError> {
    let Some(first) = inputs.iter().position(|ty| ty.batched()) else { return Ok(None) };
    let rank = inputs[first].rank();
    match inputs.iter().position(|ty| ty.batched() && ty.rank() != rank) {
        None => Ok(Some(first)),
        Some(other) => Err(OpError::rank(format!(
            "`{op}` needs tensors of one rank: {} here, {} there",
            inputs[other], inputs[first]
        ))
        .at(At::Operand(other))
        .at(At::Operand(first))
        .help("`unsqueeze` or `reshape` brings them to the same number of dimensions, `flatten` or a pool takes some away")),
    }
}

/// The part of an operand's shape that stands beside the shape, without the batch, of the operand `first`.
pub fn aligned<'a>(
    op: &str,
    position: usize,
    ty: &'a TensorType,
    first: usize,
    flow: &TensorType,
) -> Result<&'a [usize], OpError> {
    let shape = ty.shape();
    if ty.batched() || shape.len() <= flow.rank() {
        return Ok(shape);
    }
    if shape.len() == flow.rank() + 1 && shape[0] == 1 {
        return Ok(&shape[1..]);
    }
    let error = if shape.len() == flow.rank() + 1 {
        OpError::shapes(format!(
            "the first size of {ty} stands for the batch where `{op}` joins it with {flow}, and is {} instead of 1",
            shape[0]
        ))
    } else {
        OpError::rank(format!("`{op}` can't join the learned tensor {ty} with {flow}, which has fewer dimensions"))
    };
    Err(error
        .at(At::Operand(position))
        .at(At::Operand(first))
        .help("a learned tensor is written as stored: with a 1 in front for the batch, or without it and no longer than the flow"))
}
