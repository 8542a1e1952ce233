//! Pools: the largest value or the mean of windows, and of whole images.

use std::ops::Range;

use super::bands::Bands;
use super::simd::Block;
use super::{Arena, LANES, Level, Pool, View};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    Max,
    Mean,
}

/// What a window covers along one axis: the image's places `from..to`, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: usize,
    pub to: usize,
    /// What a mean divides by along this axis.
    pub count: usize,
}

/// A pool over windows that may differ from place to place.
#[derive(Clone, Debug)]
pub struct Pooling {
    pub kind: PoolKind,
    /// One for each row of the result.
    pub rows: Vec<Span>,
    /// One for each column of the result.
    pub columns: Vec<Span>,
}

/// One row of the result in one block, or a whole block for means of images.
pub(super) struct Window {
    kind: PoolKind,
    src: *const f32,
    row: usize,
    rows: Span,
    columns: *const Span,
    width: usize,
    dst: *mut f32,
}

impl Pooling {
    /// The same for some rows of the result, from an image that begins with the first row that they cover.
    pub fn of_rows(&self, rows: Range<usize>) -> Pooling {
        let spans = &self.rows[rows];
        let first = spans.iter().map(|span| span.from).min().unwrap_or(0);
        let shifted = |span: &Span| Span { from: span.from - first, to: span.to - first, ..*span };
        Pooling { kind: self.kind, rows: spans.iter().map(shifted).collect(), columns: self.columns.clone() }
    }

    pub fn run(&self, arena: &mut Arena, src: &View, dst: &View, level: Level, batch: usize, pool: &mut Pool) {
        let inside = |spans: &[Span], size: usize| spans.iter().all(|span| span.from < span.to && span.to <= size);
        assert!(batch > 0 && level.is_available());
        assert!(src.channels == dst.channels && src.pixel == LANES && dst.pixel == LANES);
        assert_eq!((self.rows.len(), self.columns.len()), (dst.height, dst.width));
        assert!(inside(&self.rows, src.height) && inside(&self.columns, src.width));
        assert!(src.end(batch) <= arena.len() && dst.end(batch) <= arena.len());
        assert!(src.is_apart(dst, batch), "a pool does not write where it reads");
        let blocks = src.blocks();
        let memory = arena.memory();
        let kernel = level.kernels().pool;
        let bands = Bands::new([dst.height, dst.width], blocks, batch, pool.threads(), 256);
        pool.run(bands.tasks(), &|task| {
            let memory = &memory;
            let (image, block, rows) = bands.task(task);
            // SAFETY: the views and spans were checked to lie in the arena, tasks write different rows, and the level is
            // available.
            unsafe { dst.clear_beside(memory, image, block, rows.clone()) };
            for y in rows {
                let at = |view: &View| view.start + image * view.image + block * view.block;
                // SAFETY: as above.
                unsafe {
                    kernel(&Window {
                        kind: self.kind,
                        src: memory.0.add(at(src)),
                        row: src.row,
                        rows: self.rows[y],
                        columns: self.columns.as_ptr(),
                        width: dst.width,
                        dst: memory.0.add(at(dst) + y * dst.row),
                    });
                }
            }
        });
    }
}

/// The mean of each channel: `dst` is `[C, 1, 1]`.
pub fn mean(arena: &mut Arena, src: &View, dst: &View, level: Level, batch: usize, pool: &mut Pool) {
    assert!(batch > 0 && level.is_available());
    assert!(src.channels == dst.channels && (dst.height, dst.width) == (1, 1));
    assert!(src.pixel == LANES && dst.pixel == LANES);
    assert!(src.end(batch) <= arena.len() && dst.end(batch) <= arena.len());
    assert!(src.is_apart(dst, batch), "a mean does not write where it reads");
    let blocks = src.blocks();
    let memory = arena.memory();
    let kernel = level.kernels().mean;
    let columns = [Span { from: 0, to: src.width, count: src.width }];
    pool.run(batch * blocks, &|task| {
        let memory = &memory;
        let (image, block) = (task / blocks, task % blocks);
        let at = |view: &View| view.start + image * view.image + block * view.block;
        // SAFETY: the views were checked to lie in the arena, tasks write different blocks, and the level is available.
        unsafe {
            dst.clear_beside(memory, image, block, 0..1);
            kernel(&Window {
                kind: PoolKind::Mean,
                src: memory.0.add(at(src)),
                row: src.row,
                rows: Span { from: 0, to: src.height, count: src.height },
                columns: columns.as_ptr(),
                width: 1,
                dst: memory.0.add(at(dst)),
            });
        }
    });
}

/// # Safety
/// All places that `window` describes are valid, and the processor has the instructions of `S`.
#[inline(always)]
pub(super) unsafe fn row<S: Block>(window: &Window) {
    // SAFETY: the caller's promises.
    unsafe {
        for x in 0..window.width {
            let span = *window.columns.add(x);
            let start = match window.kind {
                PoolKind::Max => S::splat(f32::NEG_INFINITY),
                PoolKind::Mean => S::splat(0.0),
            };
            let mut value = start;
            for y in window.rows.from..window.rows.to {
                let from = window.src.add(y * window.row);
                for column in span.from..span.to {
                    let x = S::load(from.add(column * LANES));
                    value = match window.kind {
                        // The new value stands second, so that one that is not a number is kept, here or below.
                        PoolKind::Max => S::max(value, x),
                        PoolKind::Mean => S::add(value, x),
                    };
                }
            }
            if window.kind == PoolKind::Mean {
                value = S::mul(value, S::splat(1.0 / (window.rows.count * span.count) as f32));
            }
            S::store(window.dst.add(x * LANES), value);
        }
    }
}

/// # Safety
/// As [`row`].
#[inline(always)]
pub(super) unsafe fn mean_of_block<S: Block>(window: &Window) {
    // SAFETY: the caller's promises.
    unsafe {
        let span = *window.columns;
        // Four sums at once, so that an addition need not wait for the one before it.
        let mut sums = [S::splat(0.0); 4];
        for y in window.rows.from..window.rows.to {
            let from = window.src.add(y * window.row);
            let mut x = span.from;
            while x + 4 <= span.to {
                for i in 0..4 {
                    sums[i] = S::add(sums[i], S::load(from.add((x + i) * LANES)));
                }
                x += 4;
            }
            while x < span.to {
                sums[0] = S::add(sums[0], S::load(from.add(x * LANES)));
                x += 1;
            }
        }
        let sum = S::add(S::add(sums[0], sums[1]), S::add(sums[2], sums[3]));
        S::store(window.dst, S::mul(sum, S::splat(1.0 / (window.rows.count * span.count) as f32)));
    }
}
