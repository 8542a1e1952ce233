//! The kernels of the planned path: what the machine runs instead of candle's ops. Images lie in blocks of sixteen
//! channels ([`View`]); every kernel exists for every level of vector instructions, written once.
//!
//! All functions here are safe to call: they check that what they are given lies in the arena, and do the rest behind
//! `unsafe`. Tests hold each of them, at every level the machine has, against candle.
#![allow(unsafe_code)]
#![allow(clippy::needless_range_loop, reason = "loops over registers are unrolled by their index")]

mod activation;
mod arena;
mod bands;
mod conv;
mod convolution;
mod depthwise;
mod gather;
mod instances;
mod lrn;
mod math;
mod peak;
mod pointwise;
mod pool;
mod reorder;
mod simd;
mod softmax;
mod tile;
mod unpacked;
mod view;
mod window;
mod winograd;

pub use activation::{Activation, Limits};
pub use arena::Arena;
pub use conv::{Conv, ConvShape, Placed, Places, Reach};
pub use convolution::{Convolution, PlacedConvolution};
pub use depthwise::Depthwise;
pub use gather::Gather;
pub use instances::Level;
pub use lrn::Lrn;
pub use math::Map;
pub use peak::peak_flops;
pub use pointwise::{Pointwise, pointwise};
pub use pool::Pool;
pub use reorder::{from_rows, reshape, slide, to_rows};
pub use softmax::softmax;
pub use unpacked::Unpacked;
pub use view::{LANES, View};
pub use window::{PoolKind, Pooling, Span, mean};
pub use winograd::{PlacedWinograd, Way, Winograd};

#[cfg(test)]
mod tests;
