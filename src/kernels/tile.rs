//! The innermost loop of convolutions and linear layers: a tile of neighbouring pixels by blocks of output channels,
//! held in registers while all input channels and all places of the window go by.

use super::simd::Block;

/// What a tile reads and writes. Distances are in floats.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    /// The first input channel at the first place of the window of the first pixel.
    pub src: *const f32,
    /// From one row of the window to the next, dilation included.
    pub window_row: usize,
    /// From one column of the window to the next, dilation included.
    pub window_column: usize,
    /// Rows and columns of the window.
    pub window: [usize; 2],
    /// How many blocks of input channels are summed up.
    pub blocks: usize,
    /// From one block of input channels to the next.
    pub block: usize,
    /// How many channels of the last block are used; of the others all 16 are.
    pub last_lanes: usize,
    /// Between neighbouring pixels in the input, for tiles whose step is not known when they are compiled.
    pub step: usize,
    /// `[blocks][window rows][window columns][lanes][B * 16]`
    pub weights: *const f32,
    /// How far ahead weights are fetched, for the first tile that reads them: other tiles find them in a cache.
    pub near: usize,
    /// The weights that come after these tiles', and how many cache lines of them this tile fetches for each block of
    /// input channels: they come from memory while these are in use. They need not be valid.
    pub soon: *const f32,
    pub soon_lines: usize,
    /// `B * 16` values to start from; null to start from what `dst` holds.
    pub bias: *const f32,
    pub dst: *mut f32,
    /// From one block of output channels to the next.
    pub dst_block: usize,
    /// Where each pixel of the tile is written, from `dst`.
    pub dst_pixels: *const u32,
    /// What is added at the end, at places of its own; null for nothing. Looked at only where `last`.
    pub add: *const f32,
    pub add_block: usize,
    pub add_pixels: *const u32,
    /// Whether all input channels have gone by after this tile, so that `add` and the limits apply.
    pub last: bool,
    /// Results are kept in this range, which is that of all floats where there is no activation.
    pub low: f32,
    pub high: f32,
}

/// Computes one tile of `N` pixels that lie `STEP` floats apart in the input (`tile.step`, where that is 0), for `B`
/// blocks of output channels.
///
/// # Safety
/// Every place that `tile` describes for `N` pixels and `B` blocks is inside allocations that live as long as the call,
/// nobody else writes what it reads or touches what it writes, and the processor has the instructions of `S`.
#[inline(always)]
pub(super) unsafe fn tile<S: Block, const N: usize, const B: usize, const STEP: usize>(tile: &Tile) {
    // SAFETY: the caller's promises are those that every access below needs.
    unsafe {
        let mut sums = [[S::splat(0.0); B]; N];
        if tile.bias.is_null() {
            for p in 0..N {
                let at = tile.dst.add(*tile.dst_pixels.add(p) as usize);
                for b in 0..B {
                    sums[p][b] = S::load(at.add(b * tile.dst_block));
                }
            }
        } else {
            for b in 0..B {
                let start = S::load(tile.bias.add(16 * b));
                for p in 0..N {
                    sums[p][b] = start;
                }
            }
        }
        let near = tile.near;
        let (mut weights, mut soon) = (tile.weights, tile.soon);
        let step = if STEP == 0 { tile.step } else { STEP };
        for block in 0..tile.blocks {
            let from = tile.src.add(block * tile.block);
            let lanes = if block + 1 == tile.blocks { tile.last_lanes } else { 16 };
            if tile.window[0] * tile.window[1] == 1 {
                // Pixels are looked at once, so the next block's would come too late.
                for p in 0..N {
                    S::prefetch(from.wrapping_add(tile.block + p * step));
                }
            }
            for _ in 0..tile.soon_lines {
                S::prefetch_far(soon);
                soon = soon.wrapping_add(16);
            }
            for row in 0..tile.window[0] {
                for column in 0..tile.window[1] {
                    let mut at = from.add(row * tile.window_row + column * tile.window_column);
                    for _ in 0..lanes {
                        let mut w = [S::splat(0.0); B];
                        for b in 0..B {
                            w[b] = S::load(weights.add(16 * b));
                            S::prefetch(weights.wrapping_add(16 * b + near));
                        }
                        weights = weights.add(16 * B);
                        for p in 0..N {
                            let x = S::splat(*at.add(p * step));
                            for b in 0..B {
                                sums[p][b] = S::fma(w[b], x, sums[p][b]);
                            }
                        }
                        at = at.add(1);
                    }
                }
            }
        }
        let (low, high) = (S::splat(tile.low), S::splat(tile.high));
        for p in 0..N {
            let at = tile.dst.add(*tile.dst_pixels.add(p) as usize);
            for b in 0..B {
                let mut sum = sums[p][b];
                if tile.last {
                    if !tile.add.is_null() {
                        let other = tile.add.add(*tile.add_pixels.add(p) as usize + b * tile.add_block);
                        sum = S::add(sum, S::load(other));
                    }
                    sum = S::max(low, S::min(high, sum));
                }
                S::store(at.add(b * tile.dst_block), sum);
            }
        }
    }
}
