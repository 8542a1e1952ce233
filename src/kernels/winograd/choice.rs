//! Whether Winograd's algorithm takes less time than the definition, and with tiles of which size: a model of both, fitted
//! to measurements on one core with AVX-512, whose weights come from memory.

use super::super::{ConvShape, LANES, Level};
use super::transforms::Transforms;

/// What a way to compute must leave of the time of one with fewer weights.
const LESS: f64 = 0.92;

/// The transforms that take the least time for a convolution, for a result of a height and width, one image at a time; none
/// where the definition takes less.
pub fn choose(shape: &ConvShape, size: [usize; 2], level: Level) -> Option<&'static Transforms> {
    let (mut best, mut least) = (None, direct(shape, size, level));
    for transforms in level.kernels().winograd.iter().filter(|transforms| suits(shape, transforms)) {
        let time = time(shape, size, transforms, level);
        if time < LESS * least {
            (best, least) = (Some(transforms), time);
        }
    }
    best
}

/// Whether transforms can compute a convolution at all; not of photos, whose channels lie in another way.
pub fn suits(shape: &ConvShape, transforms: &Transforms) -> bool {
    shape.groups == 1
        && shape.in_channels > 4
        && shape.kernel == transforms.taps
        && shape.stride == [1, 1]
        && shape.dilation == [1, 1]
}

/// The cycles of direct convolution.
fn direct(shape: &ConvShape, [height, width]: [usize; 2], level: Level) -> f64 {
    let weights = (shape.kernel[0] * shape.kernel[1] * shape.in_channels) as f64 * blocks(shape.out_channels);
    both((height * width) as f64 * weights / rate(level) / 0.97, weights)
}

/// The cycles of Winograd's convolution: the products, the transforms by the places of tiles, and the weights.
fn time(shape: &ConvShape, [height, width]: [usize; 2], transforms: &Transforms, level: Level) -> f64 {
    let tiles = (height.div_ceil(transforms.results[0]) * width.div_ceil(transforms.results[1])) as f64;
    let places = transforms.places() as f64;
    let weights = places * shape.in_channels as f64 * blocks(shape.out_channels);
    let transformed = tiles * (blocks(shape.in_channels) + blocks(shape.out_channels)) * places * 8.0 / rate(level);
    both(tiles * weights / rate(level) / 0.88 + transformed, weights)
}

/// The cycles of what a core computes while so many blocks of weights come from memory: most of the shorter is hidden.
fn both(computed: f64, weights: f64) -> f64 {
    let read = weights * (LANES * 4) as f64 / 7.0;
    computed.max(read) + 0.25 * computed.min(read)
}

/// Multiply-adds of blocks in a cycle.
fn rate(level: Level) -> f64 {
    match level {
        Level::Avx512 => 2.0,
        Level::Avx2 => 1.0,
        Level::Neon => 0.5,
        Level::Scalar => 0.25,
    }
}

fn blocks(channels: usize) -> f64 {
    channels.div_ceil(LANES) as f64
}
