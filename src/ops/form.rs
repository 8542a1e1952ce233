//! What an op is to a planner that has kernels of its own for some of them.

use super::Window;
use super::window::Frame;
use crate::kernels::Map;

/// What an op computes, where a kernel may do it. Shapes are those of [`super::Op::infer`].
#[derive(Clone, Debug)]
pub enum Form {
    /// Only [`super::Op::forward`] computes it.
    Other,
    /// The result is the operand.
    Identity,
    /// The values of the operand, in their order, in another shape.
    Reshape,
    /// A convolution; `weight`, then `bias` where there is one.
    Conv { window: Window, frame: Frame, groups: usize },
    /// A linear layer on the last axis; `weight`, then `bias` where there is one.
    Linear,
    /// Batch normalisation by running statistics; `weight` where `scale`, `bias` where `center`, then mean and variance.
    Affine { eps: f64, scale: bool, center: bool },
    /// Values outside of the range become its ends.
    Limits { low: f32, high: f32 },
    /// A function of each value alone.
    Map(Map),
    /// Two tensors.
    Binary(Binary),
    /// `x * factor + offset`
    Number { factor: f32, offset: f32 },
    /// Channels one behind the other.
    Concat,
    /// The largest value or the mean of windows: along each axis, what every window covers and what a mean divides by.
    Pool { max: bool, spans: [Vec<[usize; 3]>; 2] },
    /// The mean of each channel of an image.
    Mean,
    /// `x / (k + alpha / size * s) ** beta`, where `s` sums squares over `size` channels, `size / 2` of them before.
    Lrn { size: usize, alpha: f32, beta: f32, k: f32 },
    /// `x` where positive, `weight * x` elsewhere, with one weight or one for each channel.
    Slope,
    /// `exp(x)` over its sum across channels, or the logarithm of that.
    Softmax { log: bool },
    /// Parts of an image: for each channel, row and column of the result the one of the operand that it is; `fill` where
    /// there is none.
    Select { places: [Vec<Option<usize>>; 3], fill: f32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Maximum,
    Minimum,
}
