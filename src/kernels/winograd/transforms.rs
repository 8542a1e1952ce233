//! Winograd's transforms of tiles and weights, along rows and columns each by the algorithm of that axis.

use std::mem::MaybeUninit;

use super::super::LANES;
use super::super::simd::Block;
use super::axis::{Axis, Line};

/// The kernels of one size of windows at one level.
#[derive(Debug)]
pub(in super::super) struct Transforms {
    /// Rows and columns of a transformed tile.
    pub points: [usize; 2],
    /// Rows and columns of results that a tile gives.
    pub results: [usize; 2],
    /// Rows and columns of the window.
    pub taps: [usize; 2],
    pub weights: unsafe fn(&[f32], usize, &mut [f32]),
    pub input: unsafe fn(&Patch),
    pub output: unsafe fn(&Results),
}

impl Transforms {
    /// The places of a transformed tile.
    pub fn places(&self) -> usize {
        self.points[0] * self.points[1]
    }
}

/// A tile of one block of input channels; distances are in floats.
pub(in super::super) struct Patch {
    pub src: *const f32,
    pub row: usize,
    /// Rows and columns that can be read; the rest are zeros.
    pub rows: usize,
    pub columns: usize,
    pub dst: *mut f32,
    /// From one place of the transformed tile to the next.
    pub plane: usize,
}

/// The products of a tile of one block of output channels.
pub(in super::super) struct Results {
    pub src: *const f32,
    pub plane: usize,
    pub bias: *const f32,
    pub dst: *mut f32,
    pub dst_row: usize,
    /// What is added, or null.
    pub add: *const f32,
    pub add_row: usize,
    pub rows: usize,
    pub columns: usize,
    pub low: f32,
    pub high: f32,
}

/// What an axis makes of lines, for both axes.
const fn points<A: Axis>() -> usize {
    A::Points::<f32>::LEN
}

const fn results<A: Axis>() -> usize {
    A::Results::<f32>::LEN
}

const fn taps<A: Axis>() -> usize {
    A::Taps::<f32>::LEN
}

/// `G g G^T` for the windows `g` of some output channels, `[channels, ins, rows, columns]`, to
/// `[place][input channel][channel]`. Channels lie beside one another, so that a compiler makes vector instructions of this.
#[inline(always)]
pub(in super::super) fn weights<R: Axis, C: Axis>(rows: &[f32], ins: usize, packed: &mut [f32]) {
    let plane = packed.len() / (points::<R>() * points::<C>());
    let (width, places) = (plane / ins, taps::<R>() * taps::<C>());
    for (block, rows) in rows.chunks(LANES * ins * places).enumerate() {
        for input in 0..ins {
            let mut window = R::Taps::of(C::Taps::of([0.0; LANES]));
            for (lane, row) in rows.chunks_exact(ins * places).enumerate() {
                for (place, value) in row[input * places..][..places].iter().enumerate() {
                    window[place / taps::<C>()][place % taps::<C>()][lane] = f64::from(*value);
                }
            }
            let mut across = R::Taps::of(C::Points::of([0.0; LANES]));
            for y in 0..taps::<R>() {
                for lane in 0..LANES {
                    let mut line = C::Taps::of(0.0);
                    for x in 0..taps::<C>() {
                        line[x] = window[y][x][lane];
                    }
                    let line = C::weights(&line);
                    for x in 0..points::<C>() {
                        across[y][x][lane] = line[x];
                    }
                }
            }
            for x in 0..points::<C>() {
                let mut down = R::Points::of([0.0; LANES]);
                for lane in 0..LANES {
                    let mut line = R::Taps::of(0.0);
                    for y in 0..taps::<R>() {
                        line[y] = across[y][x][lane];
                    }
                    let line = R::weights(&line);
                    for y in 0..points::<R>() {
                        down[y][lane] = line[y] as f32;
                    }
                }
                for y in 0..points::<R>() {
                    let at = (y * points::<C>() + x) * plane + input * width + block * LANES;
                    packed[at..at + LANES].copy_from_slice(&down[y]);
                }
            }
        }
    }
}

/// `B^T d B` of a tile `d`.
///
/// # Safety
/// All places that `patch` describes are valid, and the processor has the instructions of `S`.
#[inline(always)]
pub(in super::super) unsafe fn input<R: Axis, C: Axis, S: Block>(patch: &Patch) {
    // SAFETY: the caller's promises.
    unsafe {
        if patch.rows == points::<R>() && patch.columns == points::<C>() {
            return transform::<R, C, S>(patch.src, patch.row, patch.dst, patch.plane);
        }
        let mut whole = R::Points::of(C::Points::of([0.0f32; LANES]));
        for y in 0..patch.rows {
            for x in 0..patch.columns {
                let from = patch.src.add(y * patch.row + x * LANES);
                S::store(whole[y][x].as_mut_ptr(), S::load(from));
            }
        }
        transform::<R, C, S>((&raw const whole).cast(), points::<C>() * LANES, patch.dst, patch.plane);
    }
}

/// # Safety
/// As [`input`], with all pixels there.
#[inline(always)]
unsafe fn transform<R: Axis, C: Axis, S: Block>(src: *const f32, row: usize, dst: *mut f32, plane: usize) {
    let mut rows = MaybeUninit::<R::Points<C::Points<S::V>>>::uninit();
    let rows = rows.as_mut_ptr().cast::<C::Points<S::V>>();
    // SAFETY: the caller's promises; all rows are written before they are read.
    unsafe {
        for y in 0..points::<R>() {
            let mut line = C::Points::of(S::splat(0.0));
            for x in 0..points::<C>() {
                line[x] = S::load(src.add(y * row + x * LANES));
            }
            rows.add(y).write(C::input::<S>(&line));
        }
        for x in 0..points::<C>() {
            let mut line = R::Points::of(S::splat(0.0));
            for y in 0..points::<R>() {
                line[y] = *rows.cast::<S::V>().add(y * points::<C>() + x);
            }
            let line = R::input::<S>(&line);
            for y in 0..points::<R>() {
                S::store(dst.add((y * points::<C>() + x) * plane), line[y]);
            }
        }
    }
}

/// `A^T m A` of a tile's products `m`, bias, sum and limits.
///
/// # Safety
/// All places that `results` describes are valid, and the processor has the instructions of `S`.
#[inline(always)]
pub(in super::super) unsafe fn output<R: Axis, C: Axis, S: Block>(tile: &Results) {
    let mut rows = MaybeUninit::<R::Points<C::Results<S::V>>>::uninit();
    let rows = rows.as_mut_ptr().cast::<C::Results<S::V>>();
    // SAFETY: the caller's promises; all rows are written before they are read.
    unsafe {
        for y in 0..points::<R>() {
            let mut line = C::Points::of(S::splat(0.0));
            for x in 0..points::<C>() {
                line[x] = S::load(tile.src.add((y * points::<C>() + x) * tile.plane));
            }
            rows.add(y).write(C::output::<S>(&line));
        }
        let bias = S::load(tile.bias);
        let (low, high) = (S::splat(tile.low), S::splat(tile.high));
        for x in 0..results::<C>() {
            let mut line = R::Points::of(S::splat(0.0));
            for y in 0..points::<R>() {
                line[y] = *rows.cast::<S::V>().add(y * results::<C>() + x);
            }
            let line = R::output::<S>(&line);
            if x < tile.columns {
                for y in 0..results::<R>() {
                    if y < tile.rows {
                        let mut sum = S::add(line[y], bias);
                        if !tile.add.is_null() {
                            sum = S::add(sum, S::load(tile.add.add(y * tile.add_row + x * LANES)));
                        }
                        S::store(tile.dst.add(y * tile.dst_row + x * LANES), S::max(low, S::min(high, sum)));
                    }
                }
            }
        }
    }
}

/// What the kernels of a pair of axes are for.
pub(in super::super) const fn sizes<R: Axis, C: Axis>() -> [[usize; 2]; 3] {
    const { assert!(is_whole::<R>() && is_whole::<C>()) };
    [[points::<R>(), points::<C>()], [results::<R>(), results::<C>()], [taps::<R>(), taps::<C>()]]
}

/// Whether an axis has as many points as it needs.
const fn is_whole<A: Axis>() -> bool {
    let count = points::<A>();
    count == results::<A>() + taps::<A>() - 1 && count == A::ZERO as usize + 2 * A::PAIRS.len() + 1
}
