//! Local response normalisation across channels.

use super::simd::Block;
use super::{Arena, LANES, Level, Pool, View};

/// `x / (k + alpha / size * s) ** beta`, where `s` is the sum of squares over `size` channels around a channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lrn {
    pub size: usize,
    pub alpha: f32,
    pub beta: f32,
    pub k: f32,
}

/// Pixels that are normalised together.
const PIXELS: usize = 8;

/// A few neighbouring pixels of all channels.
pub(super) struct Pixels {
    src: *const f32,
    src_block: usize,
    dst: *mut f32,
    dst_block: usize,
    count: usize,
    channels: usize,
    /// Squares of each pixel in the order of channels, with zeros on both sides: `stride` floats for each pixel.
    squares: *mut f32,
    stride: usize,
    before: usize,
    after: usize,
    lrn: Lrn,
}

impl Lrn {
    /// Computes `dst` from `src`, which may be the same view.
    pub fn run(&self, arena: &mut Arena, src: &View, dst: &View, level: Level, batch: usize, pool: &mut Pool) {
        let same_shape = (src.channels, src.height, src.width) == (dst.channels, dst.height, dst.width);
        assert!(batch > 0 && same_shape && self.size > 0 && level.is_available());
        assert!(src.pixel == LANES && dst.pixel == LANES);
        assert!(src.end(batch) <= arena.len() && dst.end(batch) <= arena.len());
        assert!(src == dst || src.is_apart(dst, batch), "in place, or apart");
        // Channels further off than there are any count as 0.
        let before = (self.size / 2).min(src.channels - 1);
        let after = ((self.size - 1) / 2).min(src.channels - 1);
        let stride = before + src.blocks() * LANES + after;
        let memory = arena.memory();
        let kernel = level.kernels().lrn;
        pool.run(batch * src.height, &|task| {
            let memory = &memory;
            let (image, y) = (task / src.height, task % src.height);
            // SAFETY: the views were checked to lie in the arena, and tasks write different rows.
            (0..dst.blocks()).for_each(|block| unsafe { dst.clear_beside(memory, image, block, y..y + 1) });
            let mut squares = vec![0.0; PIXELS * stride];
            let at = |view: &View| view.start + image * view.image + y * view.row;
            for x in (0..src.width).step_by(PIXELS) {
                // SAFETY: the views were checked to lie in the arena, tasks write different rows, `dst` is `src` or
                // apart from it, `squares` has the floats that its strides say, and the level is available.
                unsafe {
                    kernel(&Pixels {
                        src: memory.0.add(at(src) + x * LANES).cast_const(),
                        src_block: src.block,
                        dst: memory.0.add(at(dst) + x * LANES),
                        dst_block: dst.block,
                        count: PIXELS.min(src.width - x),
                        channels: src.channels,
                        squares: squares.as_mut_ptr(),
                        stride,
                        before,
                        after,
                        lrn: *self,
                    });
                }
            }
        });
    }
}

/// # Safety
/// All places that `pixels` describes are valid, its squares are zeros where no channel is, and the processor has the
/// instructions of `S`.
#[inline(always)]
pub(super) unsafe fn pixels<S: Block>(pixels: &Pixels) {
    let blocks = pixels.channels.div_ceil(LANES);
    let Lrn { size, alpha, beta, k } = pixels.lrn;
    // SAFETY: the caller's promises.
    unsafe {
        for block in 0..blocks {
            let lanes = (pixels.channels - block * LANES).min(LANES);
            for p in 0..pixels.count {
                let x = S::load(pixels.src.add(block * pixels.src_block + p * LANES));
                let to = pixels.squares.add(p * pixels.stride + pixels.before + block * LANES);
                if lanes == LANES {
                    S::store(to, S::mul(x, x));
                } else {
                    let mut last = [0.0f32; LANES];
                    S::store(last.as_mut_ptr(), S::mul(x, x));
                    to.copy_from_nonoverlapping(last.as_ptr(), lanes);
                }
            }
        }
        let (factor, offset) = (S::splat(alpha / size as f32), S::splat(k));
        for block in 0..blocks {
            for p in 0..pixels.count {
                // From `before` channels before each lane's own to `after` behind it.
                let from = pixels.squares.add(p * pixels.stride + block * LANES);
                let mut sum = S::load(from);
                for place in 1..=pixels.before + pixels.after {
                    sum = S::add(sum, S::load(from.add(place)));
                }
                let base = S::fma(sum, factor, offset);
                let divisor = if beta == 0.75 {
                    let root = S::sqrt(base);
                    S::mul(root, S::sqrt(root))
                } else if beta == 0.5 {
                    S::sqrt(base)
                } else {
                    let mut powers = [0.0f32; LANES];
                    S::store(powers.as_mut_ptr(), base);
                    S::load(powers.map(|power| power.powf(beta)).as_ptr())
                };
                let x = S::load(pixels.src.add(block * pixels.src_block + p * LANES));
                S::store(pixels.dst.add(block * pixels.dst_block + p * LANES), S::div(x, divisor));
            }
        }
    }
}
