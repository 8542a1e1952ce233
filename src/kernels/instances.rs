//! The kernels for each level of vector instructions, and which levels the machine has.

use super::depthwise::{self, Depthwise};
use super::lrn::{self, Pixels};
use super::math::{self, Mapped};
use super::peak::multiply_adds;
use super::pointwise::{self, Strip};
use super::simd::{Block, Scalar};
use super::softmax::{self, Scores};
use super::tile::{Tile, tile};
use super::window::{self, Window};
use super::winograd::axis::{Axis, F43, F45, F47, F63, One};
use super::winograd::transforms::{self, Patch, Results, Transforms};

/// A level of vector instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    Scalar,
    Avx2,
    Avx512,
    Neon,
}

impl Level {
    /// The levels that this machine has, the fastest first.
    pub fn available() -> Vec<Level> {
        let mut levels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                levels.push(Level::Avx512);
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                levels.push(Level::Avx2);
            }
        }
        #[cfg(target_arch = "aarch64")]
        levels.push(Level::Neon);
        levels.push(Level::Scalar);
        levels
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        Level::available().contains(&self)
    }

    /// The level called `name`, as `ARCHC_SIMD` names it.
    pub fn parse(name: &str) -> Option<Level> {
        [Level::Scalar, Level::Avx2, Level::Avx512, Level::Neon].into_iter().find(|level| level.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Level::Scalar => "scalar",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
            Level::Neon => "neon",
        }
    }

    /// The kernels of this level; the machine must have it.
    pub(super) fn kernels(self) -> &'static Kernels {
        match self {
            Level::Scalar => &SCALAR,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => &AVX2,
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => &AVX512,
            #[cfg(target_arch = "aarch64")]
            Level::Neon => &NEON,
            #[allow(unreachable_patterns, reason = "which levels are left depends on the machine")]
            _ => unreachable!("a level of another machine is never available"),
        }
    }
}

pub(super) type TileFn = unsafe fn(&Tile);

/// The kernels of one level.
pub(super) struct Kernels {
    /// How many pixels a tile spans at most.
    pub pixels: usize,
    /// How many blocks of output channels a tile spans at most.
    pub blocks: usize,
    /// The tile for so many pixels, blocks and floats between pixels.
    pub tile: fn(usize, usize, usize) -> TileFn,
    pub depthwise: unsafe fn(&Depthwise, &depthwise::Row),
    pub pool: unsafe fn(&Window),
    pub mean: unsafe fn(&Window),
    pub pointwise: unsafe fn(&Strip),
    /// Winograd's transforms for each size of windows and tiles; those of fewer places come first.
    pub winograd: &'static [Transforms],
    /// Multiply-adds in so many rounds, of as many blocks as `pixels`.
    pub peak: unsafe fn(usize) -> f32,
    pub lrn: unsafe fn(&Pixels),
    pub map: unsafe fn(&Mapped),
    pub softmax: unsafe fn(&Scores),
}

/// Defines the kernels of a level: its name, its type of block, the attribute that turns its instructions on, and how
/// many pixels and blocks its tiles have.
macro_rules! level {
    ($name:ident, $room:ident, $block:ty, [$($feature:meta)?], [$($pixels:literal)*], [$($blocks:literal)*]) => {
        static $name: Kernels = Kernels {
            pixels: <$block>::PIXELS,
            blocks: <$block>::BLOCKS,
            tile: $room::pick,
            depthwise: $room::depthwise_row,
            pool: $room::pool_row,
            mean: $room::mean_block,
            pointwise: $room::strip,
            winograd: &[
                $room::winograd::<One, F43>(),
                $room::winograd::<F43, One>(),
                $room::winograd::<One, F47>(),
                $room::winograd::<F47, One>(),
                $room::winograd::<F43, F43>(),
                $room::winograd::<F63, F63>(),
                $room::winograd::<F45, F45>(),
            ],
            peak: $room::peak,
            lrn: $room::lrn_pixels,
            map: $room::mapped,
            softmax: $room::scores,
        };

        mod $room {
            use super::*;

            $(#[$feature])?
            unsafe fn entry<const N: usize, const B: usize, const STEP: usize>(t: &Tile) {
                // SAFETY: the caller promises what `tile` asks for, and this function has the instructions on.
                unsafe { tile::<$block, N, B, STEP>(t) }
            }

            fn by_pixels<const B: usize, const STEP: usize>(pixels: usize) -> TileFn {
                match pixels {
                    $($pixels => entry::<$pixels, B, STEP>,)*
                    _ => unreachable!("no tile has {pixels} pixels"),
                }
            }

            pub(super) fn pick(pixels: usize, blocks: usize, step: usize) -> TileFn {
                match (blocks, step) {
                    $(
                        ($blocks, 16) => by_pixels::<$blocks, 16>(pixels),
                        ($blocks, 32) => by_pixels::<$blocks, 32>(pixels),
                        ($blocks, 4) => by_pixels::<$blocks, 4>(pixels),
                        ($blocks, 8) => by_pixels::<$blocks, 8>(pixels),
                        ($blocks, _) => by_pixels::<$blocks, 0>(pixels),
                    )*
                    _ => unreachable!("no tile has {blocks} blocks"),
                }
            }

            $(#[$feature])?
            pub(super) unsafe fn depthwise_row(layer: &Depthwise, row: &depthwise::Row) {
                // SAFETY: the caller promises what the kernel asks for.
                unsafe { depthwise::row::<$block>(layer, row) }
            }

            $(#[$feature])?
            pub(super) unsafe fn pool_row(row: &Window) {
                // SAFETY: the caller promises what the kernel asks for.
                unsafe { window::row::<$block>(row) }
            }

            $(#[$feature])?
            pub(super) unsafe fn mean_block(block: &Window) {
                // SAFETY: the caller promises what the kernel asks for.
                unsafe { window::mean_of_block::<$block>(block) }
            }

            pub(super) const fn winograd<R: Axis, C: Axis>() -> Transforms {
                let [points, results, taps] = transforms::sizes::<R, C>();
                let (weights, input, output) = (weights::<R, C>, tile_in::<R, C>, tile_out::<R, C>);
                Transforms { points, results, taps, weights, input, output }
            }

            $(#[$feature])?
            unsafe fn weights<R: Axis, C: Axis>(rows: &[f32], ins: usize, packed: &mut [f32]) {
                transforms::weights::<R, C>(rows, ins, packed);
            }

            $(#[$feature])?
            unsafe fn tile_in<R: Axis, C: Axis>(patch: &Patch) {
                // SAFETY: the caller promises what the kernel asks for.
                unsafe { transforms::input::<R, C, $block>(patch) }
            }

            $(#[$feature])?
            unsafe fn tile_out<R: Axis, C: Axis>(results: &Results) {
                // SAFETY: the caller promises what the kernel asks for.
                unsafe { transforms::output::<R, C, $block>(results) }
            }

            $(#[$feature])?
            pub(super) unsafe fn peak(rounds: usize) -> f32 {
                // SAFETY: the caller promises what the kernel asks for.
                unsafe { multiply_adds::<$block, { <$block>::PIXELS }>(rounds) }
            }

            $(#[$feature])?
            pub(super) unsafe fn lrn_pixels(pixels: &Pixels) {
                // SAFETY: the caller promises what the kernel asks for.
                unsafe { lrn::pixels::<$block>(pixels) }
            }

            $(#[$feature])?
            pub(super) unsafe fn mapped(mapped: &Mapped) {
                // SAFETY: the caller promises what the kernel asks for.
                unsafe { math::mapped::<$block>(mapped) }
            }

            $(#[$feature])?
            pub(super) unsafe fn scores(scores: &Scores) {
                // SAFETY: the caller promises what the kernel asks for.
                unsafe { softmax::scores::<$block>(scores) }
            }

            $(#[$feature])?
            pub(super) unsafe fn strip(strip: &Strip) {
                // SAFETY: the caller promises what the kernel asks for.
                unsafe { pointwise::strip::<$block>(strip) }
            }
        }
    };
}

level!(SCALAR, scalar, Scalar, [], [1 2 3 4], [1]);

#[cfg(target_arch = "x86_64")]
use super::simd::{Avx2, Avx512};
#[cfg(target_arch = "x86_64")]
level!(AVX2, avx2, Avx2, [target_feature(enable = "avx2,fma")], [1 2 3 4 5 6], [1]);
#[cfg(target_arch = "x86_64")]
level!(AVX512, avx512, Avx512, [target_feature(enable = "avx512f")], [1 2 3 4 5 6 7 8 9 10 11 12 13 14], [1 2]);

#[cfg(target_arch = "aarch64")]
use super::simd::Neon;
#[cfg(target_arch = "aarch64")]
level!(NEON, neon, Neon, [], [1 2 3 4 5 6], [1]);
