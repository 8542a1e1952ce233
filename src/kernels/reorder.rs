//! Between rows of channels as everybody else has them (`[N, C, H, W]`) and blocks of sixteen.

use super::{Arena, LANES, Pool, View};

/// Copies `[N, C, H, W]` into the arena, with zeros around it; lanes beyond the last channel become 0.
pub fn from_rows(arena: &mut Arena, rows: &[f32], view: &View, batch: usize, pool: &mut Pool) {
    let plane = view.height * view.width;
    assert_eq!(rows.len(), batch * view.channels * plane, "one value for each place");
    assert!(view.end(batch) <= arena.len());
    let blocks = view.blocks();
    let memory = arena.memory();
    pool.run(batch * view.height * blocks, &|task| {
        let memory = &memory;
        let (image, y, block) = (task / blocks / view.height, task / blocks % view.height, task % blocks);
        // SAFETY: the view was checked to lie in the arena, and tasks write different rows.
        unsafe { view.clear_beside(memory, image, block, y..y + 1) };
        let first = block * LANES;
        let lanes = view.pixel.min(LANES);
        let at = view.start + image * view.image + block * view.block + y * view.row;
        for lane in 0..lanes {
            let channel = first + lane;
            let from = (channel < view.channels).then(|| {
                let start = (image * view.channels + channel) * plane + y * view.width;
                &rows[start..start + view.width]
            });
            for x in 0..view.width {
                // SAFETY: as above.
                unsafe { memory.0.add(at + x * view.pixel + lane).write(from.map_or(0.0, |from| from[x])) };
            }
        }
    });
}

/// Copies a view to `[N, C, H, W]`.
pub fn to_rows(arena: &Arena, view: &View, batch: usize) -> Vec<f32> {
    let floats = arena.floats();
    let mut rows = Vec::with_capacity(batch * view.channels * view.height * view.width);
    for image in 0..batch {
        for channel in 0..view.channels {
            let at = view.start + image * view.image + channel / LANES * view.block + channel % LANES;
            for y in 0..view.height {
                rows.extend((0..view.width).map(|x| floats[at + y * view.row + x * view.pixel]));
            }
        }
    }
    rows
}

/// Copies the values of `src` in their order, channel by channel and row by row, to the places of `dst`.
pub fn reshape(arena: &mut Arena, src: &View, dst: &View, batch: usize, pool: &mut Pool) {
    let plane = |view: &View| view.height * view.width;
    assert_eq!(src.channels * plane(src), dst.channels * plane(dst), "one value for each place");
    assert!(batch > 0 && src.pixel == LANES && dst.pixel == LANES);
    assert!(src.end(batch) <= arena.len() && dst.end(batch) <= arena.len());
    assert!(src.is_apart(dst, batch), "what is copied lies apart");
    let memory = arena.memory();
    pool.run(batch * src.channels, &|task| {
        let memory = &memory;
        let (image, channel) = (task / src.channels, task % src.channels);
        if channel == 0 {
            // SAFETY: the view was checked to lie in the arena, and one task of an image does this.
            (0..dst.blocks()).for_each(|block| unsafe { dst.clear_beside(memory, image, block, 0..dst.height) });
        }
        let first = |view: &View, channel: usize| {
            view.start + image * view.image + channel / LANES * view.block + channel % LANES
        };
        let from = first(src, channel);
        // The place in the result of this channel's first value.
        let start = channel * plane(src);
        let (mut to, mut y, mut x) = (start / plane(dst), start % plane(dst) / dst.width, start % dst.width);
        let mut at = first(dst, to);
        for row in 0..src.height {
            for column in 0..src.width {
                // SAFETY: both views were checked to lie in the arena, and tasks write different places.
                unsafe {
                    let value = memory.0.add(from + row * src.row + column * LANES).read();
                    memory.0.add(at + y * dst.row + x * LANES).write(value);
                }
                x += 1;
                if x == dst.width {
                    (x, y) = (0, y + 1);
                }
                if y == dst.height {
                    (y, to) = (0, to + 1);
                    at = first(dst, to);
                }
            }
        }
    });
}

/// Moves rows to the front of every block, where `view` begins, from so many rows behind it.
pub fn slide(arena: &mut Arena, view: &View, from: usize, rows: usize, batch: usize, pool: &mut Pool) {
    let [_, _, left, right] = view.halo;
    let start = view.start.checked_sub(left * view.pixel).expect("zeros stand before the first pixel");
    let line = (rows - 1) * view.row + (left + view.width + right) * view.pixel;
    let last = start + (batch - 1) * view.image + (view.blocks() - 1) * view.block;
    assert!(from * view.row + line <= view.block && last + from * view.row + line <= arena.len());
    let memory = arena.memory();
    let blocks = view.blocks();
    pool.run(batch * blocks, &|task| {
        let memory = &memory;
        let at = start + task / blocks * view.image + task % blocks * view.block;
        // SAFETY: the rows lie in the arena and in one block, and tasks move those of different blocks.
        unsafe { memory.0.add(at).copy_from(memory.0.add(at + from * view.row), line) };
    });
}
