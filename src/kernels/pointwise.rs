//! What is done to every value alone, or to pairs of values at the same place.

use super::bands::Bands;
use super::math::{Mapped, leaky};
use super::simd::Block;
use super::{Activation, Arena, LANES, Level, Pool, View};

/// What is done, before the activation.
#[derive(Clone, Copy, Debug)]
pub enum Pointwise<'a> {
    /// `x * scale + shift`, with values for each channel, padded to whole blocks.
    Affine {
        scale: &'a [f32],
        shift: &'a [f32],
    },
    /// `x * gate`, with one value for each channel and image: `[C, 1, 1]`.
    Gate(View),
    Add(View),
    Sub(View),
    Mul(View),
    Max(View),
    Min(View),
    /// `x` where positive, `slope * x` elsewhere, with a slope for each channel, padded to whole blocks.
    Slope(&'a [f32]),
    Copy,
}

/// A stretch of blocks of sixteen values.
pub(super) struct Strip {
    kind: Kind,
    src: *const f32,
    other: *const f32,
    shift: *const f32,
    dst: *mut f32,
    /// How many blocks of sixteen.
    length: usize,
    low: f32,
    high: f32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `other` and `shift` hold one block.
    Affine,
    /// `other` holds one block.
    Gate,
    /// `other` holds one block.
    Slope,
    Add,
    Sub,
    Mul,
    Max,
    Min,
    Copy,
}

/// Computes `dst` from `src`, which may be the same view.
#[allow(clippy::too_many_arguments, reason = "where, what, and with whom")]
pub fn pointwise(
    arena: &mut Arena,
    kind: Pointwise<'_>,
    src: &View,
    dst: &View,
    activation: Activation,
    level: Level,
    batch: usize,
    pool: &mut Pool,
) {
    let blocks = src.blocks();
    let same_shape = |a: &View, b: &View| (a.channels, a.height, a.width) == (b.channels, b.height, b.width);
    assert!(batch > 0 && level.is_available());
    assert!(same_shape(src, dst) && src.pixel == LANES && dst.pixel == LANES);
    assert!(src.end(batch) <= arena.len() && dst.end(batch) <= arena.len());
    assert!(src == dst || src.is_apart(dst, batch), "in place, or apart");
    let other = match kind {
        Pointwise::Add(view)
        | Pointwise::Sub(view)
        | Pointwise::Mul(view)
        | Pointwise::Max(view)
        | Pointwise::Min(view) => {
            assert!(same_shape(src, &view) && view.pixel == LANES && view.end(batch) <= arena.len());
            Some(view)
        }
        Pointwise::Gate(view) => {
            assert!(view.channels == src.channels && view.height == 1 && view.width == 1 && view.pixel == LANES);
            assert!(view.end(batch) <= arena.len());
            Some(view)
        }
        Pointwise::Affine { scale, shift } => {
            assert!(scale.len() == blocks * LANES && shift.len() == blocks * LANES);
            None
        }
        Pointwise::Slope(slopes) => {
            assert!(slopes.len() == blocks * LANES);
            None
        }
        Pointwise::Copy => None,
    };
    let memory = arena.memory();
    let (strip, mapped) = (level.kernels().pointwise, level.kernels().map);
    let limits = activation.limits();
    let bands = Bands::new([src.height, src.width], blocks, batch, pool.threads(), 1024);
    pool.run(bands.tasks(), &|task| {
        let memory = &memory;
        let (image, block, rows) = bands.task(task);
        // SAFETY: the views were checked to lie in the arena, tasks write different rows, `dst` is `src` or apart from it,
        // and the level is available.
        unsafe { dst.clear_beside(memory, image, block, rows.clone()) };
        for y in rows {
            let at = |view: &View| view.start + image * view.image + block * view.block;
            // SAFETY: as above.
            unsafe {
                let from = memory.0.add(at(src) + y * src.row).cast_const();
                let to = memory.0.add(at(dst) + y * dst.row);
                let beside = |view: &View| memory.0.add(at(view) + y * view.row).cast_const();
                let none = std::ptr::null();
                if let (Pointwise::Copy, Activation::Map(map)) = (kind, activation) {
                    mapped(&Mapped { map, src: from, dst: to, length: dst.width });
                    continue;
                }
                let (kind, other, shift) = match (kind, &other) {
                    (Pointwise::Affine { scale, shift }, _) => {
                        (Kind::Affine, scale.as_ptr().add(block * LANES), shift.as_ptr().add(block * LANES))
                    }
                    (Pointwise::Gate(gate), _) => (Kind::Gate, memory.0.add(at(&gate)).cast_const(), none),
                    (Pointwise::Add(view), _) => (Kind::Add, beside(&view), none),
                    (Pointwise::Sub(view), _) => (Kind::Sub, beside(&view), none),
                    (Pointwise::Mul(view), _) => (Kind::Mul, beside(&view), none),
                    (Pointwise::Max(view), _) => (Kind::Max, beside(&view), none),
                    (Pointwise::Min(view), _) => (Kind::Min, beside(&view), none),
                    (Pointwise::Copy, _) => (Kind::Copy, none, none),
                    (Pointwise::Slope(slopes), _) => (Kind::Slope, slopes.as_ptr().add(block * LANES), none),
                };
                strip(&Strip {
                    kind,
                    src: from,
                    other,
                    shift,
                    dst: to,
                    length: dst.width,
                    low: limits.low,
                    high: limits.high,
                });
                activation.finish(level, memory, dst, [image, block], y * dst.width..(y + 1) * dst.width);
            }
        }
    });
}

/// # Safety
/// All places that `strip` describes are valid, and the processor has the instructions of `S`.
#[inline(always)]
pub(super) unsafe fn strip<S: Block>(strip: &Strip) {
    // SAFETY: the caller's promises.
    unsafe {
        let (low, high) = (S::splat(strip.low), S::splat(strip.high));
        let constant = |from: *const f32| if from.is_null() { S::splat(0.0) } else { S::load(from) };
        let per_block = matches!(strip.kind, Kind::Affine | Kind::Gate | Kind::Slope);
        let scale = if per_block { constant(strip.other) } else { S::splat(0.0) };
        let shift = constant(strip.shift);
        for i in 0..strip.length {
            let x = S::load(strip.src.add(i * LANES));
            let y = match strip.kind {
                Kind::Affine => S::fma(x, scale, shift),
                Kind::Gate => S::mul(x, scale),
                Kind::Slope => leaky::<S>(x, scale),
                Kind::Copy => x,
                Kind::Add => S::add(x, S::load(strip.other.add(i * LANES))),
                Kind::Sub => S::sub(x, S::load(strip.other.add(i * LANES))),
                Kind::Mul => S::mul(x, S::load(strip.other.add(i * LANES))),
                Kind::Max => S::max(x, S::load(strip.other.add(i * LANES))),
                Kind::Min => S::min(x, S::load(strip.other.add(i * LANES))),
            };
            S::store(strip.dst.add(i * LANES), S::max(low, S::min(high, y)));
        }
    }
}
