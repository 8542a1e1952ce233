//! Softmax across channels, pixel by pixel.

use super::math::exp;
use super::simd::Block;
use super::{Arena, LANES, Level, Pool, View};

/// The channels of one pixel in their order, padded to whole blocks with negative infinity.
pub(super) struct Scores {
    values: *mut f32,
    blocks: usize,
    log: bool,
}

/// `exp(x)` over its sum across channels, or the logarithm of that; `dst` may be `src`.
#[allow(clippy::too_many_arguments, reason = "where, what, and with whom")]
pub fn softmax(arena: &mut Arena, log: bool, src: &View, dst: &View, level: Level, batch: usize, pool: &mut Pool) {
    assert!(batch > 0 && level.is_available());
    assert_eq!((src.channels, src.height, src.width), (dst.channels, dst.height, dst.width));
    assert!(src.pixel == LANES && dst.pixel == LANES);
    assert!(src.end(batch) <= arena.len() && dst.end(batch) <= arena.len());
    assert!(src == dst || src.is_apart(dst, batch), "in place, or apart");
    let memory = arena.memory();
    let kernel = level.kernels().softmax;
    let blocks = src.blocks();
    pool.run(batch * src.height, &|task| {
        let memory = &memory;
        let (image, y) = (task / src.height, task % src.height);
        // SAFETY: the view was checked to lie in the arena, and tasks write different rows.
        (0..blocks).for_each(|block| unsafe { dst.clear_beside(memory, image, block, y..y + 1) });
        let mut values = vec![f32::NEG_INFINITY; blocks * LANES];
        for x in 0..src.width {
            let at = |view: &View, block: usize| {
                view.start + image * view.image + block * view.block + y * view.row + x * LANES
            };
            // SAFETY: the views were checked to lie in the arena, tasks write different rows, `dst` is `src` or apart
            // from it, `values` has whole blocks, and the level is available.
            unsafe {
                for (block, values) in values.chunks_mut(LANES).enumerate() {
                    let lanes = (src.channels - block * LANES).min(LANES);
                    let from = memory.0.add(at(src, block)).cast_const();
                    from.copy_to_nonoverlapping(values.as_mut_ptr(), lanes);
                    values[lanes..].fill(f32::NEG_INFINITY);
                }
                kernel(&Scores { values: values.as_mut_ptr(), blocks, log });
                for (block, values) in values.chunks(LANES).enumerate() {
                    let lanes = (src.channels - block * LANES).min(LANES);
                    memory.0.add(at(dst, block)).copy_from_nonoverlapping(values.as_ptr(), lanes);
                }
            }
        }
    });
}

/// # Safety
/// All places that `scores` describes are valid, and the processor has the instructions of `S`.
#[inline(always)]
pub(super) unsafe fn scores<S: Block>(scores: &Scores) {
    // SAFETY: the caller's promises.
    unsafe {
        let mut largest = S::splat(f32::NEG_INFINITY);
        for block in 0..scores.blocks {
            // A value that is not a number stays the largest: all results then are none.
            largest = S::max(S::load(scores.values.add(block * LANES)), largest);
        }
        let mut lanes = [0.0f32; LANES];
        S::store(lanes.as_mut_ptr(), largest);
        let largest = S::splat(lanes.into_iter().fold(f32::NEG_INFINITY, f32::max));
        let mut sums = S::splat(0.0);
        for block in 0..scores.blocks {
            let at = scores.values.add(block * LANES);
            let shifted = S::sub(S::load(at), largest);
            let power = exp::<S>(shifted);
            sums = S::add(sums, power);
            S::store(at, if scores.log { shifted } else { power });
        }
        S::store(lanes.as_mut_ptr(), sums);
        let sum: f32 = lanes.into_iter().sum();
        let (factor, offset) = if scores.log { (1.0, -sum.ln()) } else { (1.0 / sum, 0.0) };
        for block in 0..scores.blocks {
            let at = scores.values.add(block * LANES);
            S::store(at, S::fma(S::load(at), S::splat(factor), S::splat(offset)));
        }
    }
}
