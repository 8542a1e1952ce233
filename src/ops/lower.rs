//! What lowerings share: padding, strided views, per-channel weights. All of it can be differentiated.

use candle_core::{Result, Tensor};

use super::OpError;

/// An error of a shape rule, for a tensor that is not as promised.
pub fn refused(error: OpError) -> candle_core::Error {
    candle_core::Error::Msg(error.message)
}

/// A per-channel weight `[C]` as `[1, C, 1, ...]`, to meet a tensor of `rank` dimensions with the batch.
pub fn per_channel(weight: &Tensor, rank: usize) -> Result<Tensor> {
    along(weight, 1, rank)
}

/// A vector laid along `dim` of a tensor of `rank` dimensions.
pub fn along(vector: &Tensor, dim: usize, rank: usize) -> Result<Tensor> {
    let mut shape = vec![1; rank];
    shape[dim] = vector.elem_count();
    vector.reshape(shape)
}

/// The larger of each two values, the first where they are equal: candle's `maximum` branches on every value, and a
/// selection by mask does not.
pub fn larger(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    a.lt(b)?.where_cond(b, a)
}

/// `max(x, bound)`
pub fn at_least(x: &Tensor, bound: f64) -> Result<Tensor> {
    larger(x, &filled(x, bound)?)
}

/// `min(x, bound)`
pub fn at_most(x: &Tensor, bound: f64) -> Result<Tensor> {
    let bound = filled(x, bound)?;
    x.gt(&bound)?.where_cond(&bound, x)
}

fn filled(like: &Tensor, value: f64) -> Result<Tensor> {
    Tensor::full(value as f32, like.shape(), like.device())?.to_dtype(like.dtype())?.contiguous()
}

/// Moves `x` along `dim` into `len` places that hold `value` elsewhere: its slice 0 comes to place `at`, and what falls
/// outside is cut off. Pads and crops in one.
pub fn place(x: &Tensor, dim: usize, at: i64, len: usize, value: f64) -> Result<Tensor> {
    let size = x.dim(dim)?;
    let cut = usize::try_from(at.saturating_neg()).unwrap_or(0).min(size);
    let before = usize::try_from(at).unwrap_or(0).min(len);
    let keep = (size - cut).min(len - before);
    let after = len - before - keep;
    let fill = |places: usize| -> Result<Tensor> {
        let mut shape = x.dims().to_vec();
        shape[dim] = places;
        Tensor::full(value as f32, shape, x.device())?.to_dtype(x.dtype())
    };
    let mut parts = Vec::with_capacity(3);
    if before > 0 {
        parts.push(fill(before)?);
    }
    if keep > 0 {
        parts.push(x.narrow(dim, cut, keep)?.contiguous()?);
    }
    if after > 0 {
        parts.push(fill(after)?);
    }
    match parts.as_slice() {
        [only] => Ok(only.clone()),
        parts => Tensor::cat(parts, dim),
    }
}

/// `[N, C, H, W]` with a window sliding over it: gives the values that each place of the window sees.
pub struct Taps {
    /// `[N, C, rows / stride, stride, columns / stride, stride]`
    phases: Tensor,
    stride: [usize; 2],
    out: [usize; 2],
}

impl Taps {
    /// The window moves by `stride` and comes to rest in `out` places; all of them lie in `x`.
    pub fn new(x: &Tensor, stride: [usize; 2], out: [usize; 2]) -> Result<Taps> {
        let (n, c, h, w) = x.dims4()?;
        // One place is reached at any stride.
        let stride = [0, 1].map(|axis| if out[axis] == 1 { 1 } else { stride[axis] });
        let cells = [h.div_ceil(stride[0]), w.div_ceil(stride[1])];
        let x = place(x, 2, 0, cells[0] * stride[0], 0.0)?;
        let x = place(&x, 3, 0, cells[1] * stride[1], 0.0)?;
        let phases = x.contiguous()?.reshape(vec![n, c, cells[0], stride[0], cells[1], stride[1]])?;
        Ok(Taps { phases, stride, out })
    }

    /// `[N, C, out h, out w]`: what lies `offset` rows and columns from each window's first value.
    pub fn tap(&self, offset: [usize; 2]) -> Result<Tensor> {
        let [row, column] = offset;
        let [sh, sw] = self.stride;
        self.phases
            .narrow(5, column % sw, 1)?
            .squeeze(5)?
            .narrow(3, row % sh, 1)?
            .squeeze(3)?
            .narrow(2, row / sh, self.out[0])?
            .narrow(3, column / sw, self.out[1])?
            .contiguous()
    }
}

/// `x W^T + b` along the last axis.
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let mut shape = x.dims().to_vec();
    let features = shape.pop().unwrap_or(1);
    shape.push(weight.dim(0)?);
    let rows = x.contiguous()?.reshape(((), features))?;
    let y = rows.matmul(&weight.t()?)?.reshape(shape)?;
    match bias {
        Some(bias) => y.broadcast_add(bias),
        None => Ok(y),
    }
}
