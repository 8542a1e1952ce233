//! Direct convolution: tiles of pixels by blocks of output channels, over weights packed in the order they are read.

use super::arena::Memory;
use super::bands::even;
use super::instances::Kernels;
use super::tile::Tile;
use super::unpacked::{Part, Unpacked, pack, packed};
use super::{Activation, Arena, LANES, Level, Pool, View};

/// What a convolution does to shapes. The input has at least the zeros around it that the window reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    pub in_channels: usize,
    pub out_channels: usize,
    /// Parts that the channels fall into; where there are several, each has whole blocks of channels.
    pub groups: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    /// Rows above and columns left of the image that windows begin in.
    pub before: [usize; 2],
}

impl ConvShape {
    /// How far windows reach.
    pub fn windows(&self) -> Reach {
        let extent = [0, 1].map(|axis| (self.kernel[axis] - 1) * self.dilation[axis] + 1);
        Reach { stride: self.stride, extent, before: self.before }
    }

    /// The floats from the first pixel of `src` back to the first place of its window.
    pub(super) fn reach(&self, src: &View) -> usize {
        self.before[0] * src.row + self.before[1] * src.pixel
    }
}

/// What a convolution reads, where its results go, and what is added to them before the limits apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    pub src: View,
    pub dst: View,
    pub add: Option<View>,
}

impl Places {
    /// Whether these differ from `other` by nothing but where they begin.
    pub(super) fn are_like(&self, other: &Places) -> bool {
        let at = |view: &View| View { start: 0, ..*view };
        let all = |places: &Places| (at(&places.src), at(&places.dst), places.add.as_ref().map(at));
        all(self) == all(other)
    }
}

/// How far the windows of a convolution reach, along rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// From one window to the next.
    pub stride: [usize; 2],
    /// What a window covers, first to last.
    pub extent: [usize; 2],
    /// Rows above and columns left of the image that windows begin in.
    pub before: [usize; 2],
}

/// A convolution with its weights, packed for a level.
#[derive(Debug)]
pub struct Conv {
    shape: ConvShape,
    level: Level,
    /// `[group][tile of output channels][block of input channels][row][column][lane][channel of the tile]`
    weights: Arena,
    bias: Arena,
    activation: Activation,
}

/// Weights of more bytes than this stay in the cache while images go by, rather than the other way round.
const LARGE_WEIGHTS: usize = 512 << 10;
/// Weights of at most this many bytes are rather read by every thread than pixels exchanged between them.
const TWICE_WEIGHTS: usize = 4 << 20;
/// How many bytes of weights are read for one tile before the next tile reads them again.
const CHUNK: usize = 192 << 10;
/// How many floats ahead the weights that come from memory are fetched.
pub(super) const NEAR: usize = 2048;
/// How many bytes of the input one task reads, about.
const TASK: usize = 192 << 10;

impl Conv {
    /// Packs weights and biases.
    ///
    /// # Errors
    /// They can't be read.
    pub fn new<U: Unpacked>(
        shape: ConvShape,
        unpacked: &U,
        activation: Activation,
        level: Level,
    ) -> Result<Conv, U::Error> {
        let ConvShape { in_channels, out_channels, groups, kernel: [rows, columns], .. } = shape;
        let (ins, outs, places) = (in_channels / groups, out_channels / groups, rows * columns);
        assert!(groups == 1 || (ins % LANES == 0 && outs % LANES == 0), "groups have whole blocks");
        let padded = outs.next_multiple_of(LANES);
        let floats = [groups * padded * ins * places, groups * padded];
        let [weights, bias] = packed(floats, unpacked, |mut weights_left, mut bias_left| {
            let mut parts = Vec::new();
            for group in 0..groups {
                for (first, blocks) in channel_tiles(outs, level.kernels()) {
                    let (weights, weights_behind) = weights_left.split_at_mut(blocks * LANES * ins * places);
                    let (bias, bias_behind) = bias_left.split_at_mut(blocks * LANES);
                    let channels = group * outs + first * LANES..group * outs + outs.min((first + blocks) * LANES);
                    parts.push(Part { channels, weights, bias });
                    (weights_left, bias_left) = (weights_behind, bias_behind);
                }
            }
            pack(parts, unpacked, ins * places, |rows, packed| match packed.len() / (ins * places) {
                32 => pack_rows::<32>(rows, places, packed.as_chunks_mut().0),
                LANES => pack_rows::<LANES>(rows, places, packed.as_chunks_mut().0),
                width => unreachable!("no tile has {width} channels"),
            })
        })?;
        Ok(Conv { shape, level, weights, bias, activation })
    }

    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// How far windows reach.
    pub fn reach(&self) -> Reach {
        self.shape.windows()
    }

    /// The weights and the biases as they are packed.
    pub fn packed(&self) -> [&Arena; 2] {
        [&self.weights, &self.bias]
    }

    /// The bytes of the packed weights.
    pub fn weight_bytes(&self) -> usize {
        4 * self.weights.len()
    }

    fn kernels(&self) -> &'static Kernels {
        self.level.kernels()
    }

    /// Prepares to compute `batch` images on `threads` at such places.
    pub fn place(&self, places: &Places, batch: usize, threads: usize) -> Placed {
        Placed::new(self, places, batch, threads)
    }

    /// Computes what was prepared, at places that may begin elsewhere.
    pub fn run(&self, arena: &mut Arena, placed: &Placed, places: &Places, pool: &mut Pool) {
        assert!(placed.shape == self.shape && placed.level == self.level, "prepared for this layer");
        assert!(placed.places.are_like(places), "prepared for such places");
        assert!(end(&self.shape, places, placed.batch) <= arena.len(), "all places lie in the arena");
        let (batch, columns) = (placed.batch, self.shape.groups * placed.tiles.len());
        let units = batch * placed.parts.len();
        let large = self.weight_bytes() > LARGE_WEIGHTS;
        // Where threads can have pixels of their own, none waits for what another has written in the step before.
        let own = units.is_multiple_of(pool.threads())
            && (batch.is_multiple_of(pool.threads()) || self.weight_bytes() <= TWICE_WEIGHTS);
        let each = if own { units / pool.threads() } else { units };
        let memory = arena.memory();
        pool.run(columns * units, &|task| {
            let memory = &memory;
            // With large weights, neighbouring tasks share weights; with small ones, they share pixels.
            let (unit, column) = match large {
                true => (task / (columns * each) * each + task % each, task / each % columns),
                false => (task / columns, task % columns),
            };
            let (image, part) = (unit / placed.parts.len(), unit % placed.parts.len());
            let (group, tile) = (column / placed.tiles.len(), column % placed.tiles.len());
            // SAFETY: `end` has found every pixel of every window inside the arena and `dst` apart from `src`, tasks
            // write different blocks or different pixels, and the level is available.
            unsafe { self.task(placed, places, memory, [image, group], placed.tiles[tile], &placed.parts[part]) }
        });
    }

    /// One tile of channels for some of the pixels of one image.
    ///
    /// # Safety
    /// What is placed lies in the arena at `memory`, and no other thread writes these pixels' channels.
    unsafe fn task(
        &self,
        placed: &Placed,
        places: &Places,
        memory: &Memory,
        [image, group]: [usize; 2],
        (first, blocks): (usize, usize),
        part: &std::ops::Range<usize>,
    ) {
        let [rows, columns] = self.shape.kernel;
        let (ins, outs) = (self.shape.in_channels / self.shape.groups, self.shape.out_channels / self.shape.groups);
        let in_blocks = ins.div_ceil(LANES);
        let last_lanes = ins - (in_blocks - 1) * LANES;
        let group_blocks = outs.div_ceil(LANES);
        // Weights before this tile: whole groups, then this group's earlier blocks.
        let before = (group * group_blocks + first) * LANES;
        let chunk = (CHUNK / (rows * columns * LANES * blocks * LANES * 4)).max(1);
        let Places { src, dst, add } = places;
        let limits = self.activation.limits();
        // SAFETY: all offsets were checked to lie in the arena; the packed weights and biases have the sizes that
        // their layout says.
        unsafe {
            let from = memory.0.add(src.start + image * src.image + group * in_blocks * src.block - placed.reach);
            let to = memory.0.add(dst.start + image * dst.image + (group * group_blocks + first) * dst.block);
            let other = add.as_ref().map(|add| {
                memory.0.add(add.start + image * add.image + (group * group_blocks + first) * add.block).cast_const()
            });
            let weights = self.weights.floats().as_ptr().add(before * ins * rows * columns);
            let bias = self.bias.floats().as_ptr().add(before);
            let mut block = 0;
            while block < in_blocks {
                let count = chunk.min(in_blocks - block);
                let last = block + count == in_blocks;
                let here = weights.add(block * LANES * rows * columns * blocks * LANES);
                // While this chunk of weights is in use, the next comes near, a part with every tile.
                let size = count * LANES * rows * columns * blocks * LANES;
                let lines = (rows * columns * blocks * LANES).div_ceil(part.len());
                for (index, segment) in placed.segments[part.clone()].iter().enumerate() {
                    let tile = Tile {
                        src: from.add(block * src.block + segment.src),
                        window_row: src.row * self.shape.dilation[0],
                        window_column: src.pixel * self.shape.dilation[1],
                        window: [rows, columns],
                        blocks: count,
                        block: src.block,
                        last_lanes: if last { last_lanes } else { LANES },
                        step: placed.step,
                        weights: here,
                        near: if index == 0 { NEAR } else { 0 },
                        soon: here.wrapping_add(size + index * count * lines * LANES),
                        soon_lines: lines,
                        bias: if block == 0 { bias } else { std::ptr::null() },
                        dst: to,
                        dst_block: dst.block,
                        dst_pixels: placed.dst_pixels.as_ptr().add(segment.first),
                        add: other.unwrap_or(std::ptr::null()),
                        add_block: add.as_ref().map_or(0, |add| add.block),
                        add_pixels: match &placed.add_pixels {
                            Some(pixels) => pixels.as_ptr().add(segment.first),
                            None => std::ptr::null(),
                        },
                        last,
                        low: limits.low,
                        high: limits.high,
                    };
                    (placed.kernels[blocks - 1][segment.pixels - 1])(&tile);
                }
                block += count;
            }
            // The rows that begin in this part.
            let pixel = |segment: Option<&Segment>| segment.map_or(dst.height * dst.width, |segment| segment.first);
            let pixels = [part.start, part.end].map(|index| pixel(placed.segments.get(index)));
            let rows = pixels.map(|pixel| pixel.div_ceil(dst.width));
            for block in (first..first + blocks).map(|block| group * group_blocks + block) {
                self.activation.finish(self.level, memory, dst, [image, block], pixels[0]..pixels[1]);
                dst.clear_beside(memory, image, block, rows[0]..rows[1]);
            }
        }
    }
}

/// The weights of up to `W` output channels (`[channel][input channel][place]`) as a tile reads them: `[block of input
/// channels][place][lane]`, with fewer lanes in the last block where the channels end.
fn pack_rows<const W: usize>(rows: &[f32], places: usize, packed: &mut [[f32; W]]) {
    let each = packed.len();
    for (block, packed) in packed.chunks_mut(LANES * places).enumerate() {
        let lanes = packed.len() / places;
        for (c, row) in rows.chunks_exact(each).enumerate().take(W) {
            let row = &row[block * LANES * places..][..packed.len()];
            for (lane, window) in row.chunks_exact(places).enumerate() {
                for (place, value) in window.iter().enumerate() {
                    packed[place * lanes + lane][c] = *value;
                }
            }
        }
    }
}

/// A convolution between tensors at their places: how its pixels are reached, and which thread computes which.
#[derive(Debug)]
pub struct Placed {
    shape: ConvShape,
    level: Level,
    batch: usize,
    /// The tiles of a group's output channels: first block and number of blocks.
    tiles: Vec<(usize, usize)>,
    /// Ranges of segments.
    parts: Vec<std::ops::Range<usize>>,
    places: Places,
    /// From the first pixel's window back to its first place.
    reach: usize,
    /// Between the windows of neighbouring pixels.
    step: usize,
    segments: Vec<Segment>,
    dst_pixels: Vec<u32>,
    add_pixels: Option<Vec<u32>>,
    /// The kernel for each number of blocks and pixels, both from 1.
    kernels: Vec<Vec<super::instances::TileFn>>,
}

/// Neighbouring pixels that one tile computes.
#[derive(Debug)]
struct Segment {
    /// The first pixel, counted row by row.
    first: usize,
    pixels: usize,
    /// The first place of its window, from that of the image's first pixel.
    src: usize,
}

impl Placed {
    fn new(layer: &Conv, places: &Places, batch: usize, threads: usize) -> Placed {
        let Places { src, dst, add } = places;
        let shape = &layer.shape;
        let kernels = layer.kernels();
        let flat = shape.kernel == [1, 1] && shape.stride == [1, 1] && shape.before == [0, 0] && src.is_flat();
        let (rows, width) = if flat { (1, dst.height * dst.width) } else { (dst.height, dst.width) };
        let step = src.pixel * shape.stride[1];
        let mut segments = Vec::new();
        // Tiles of nearly equal width: 17 pixels are 9 and 8, not 14 and 3.
        let count = width.div_ceil(kernels.pixels);
        for row in 0..rows {
            let mut x = 0;
            for index in 0..count {
                let pixels = match width < 8 * kernels.pixels {
                    true => (width - x).div_ceil(count - index),
                    false => kernels.pixels.min(width - x),
                };
                segments.push(Segment {
                    first: row * width + x,
                    pixels,
                    src: row * shape.stride[0] * src.row + x * step,
                });
                x += pixels;
            }
        }
        let by_pixels =
            |blocks: usize| (1..=kernels.pixels).map(|pixels| (kernels.tile)(pixels, blocks, step)).collect();
        let tiles = channel_tiles(shape.out_channels / shape.groups, layer.kernels());
        let parts = parts(layer, src, segments.len(), batch, threads, shape.groups * tiles.len());
        assert!(layer.level.is_available());
        Placed {
            shape: *shape,
            level: layer.level,
            batch,
            tiles,
            parts,
            places: *places,
            reach: shape.reach(src),
            step,
            segments,
            dst_pixels: dst.pixels(),
            add_pixels: add.as_ref().map(View::pixels),
            kernels: (1..=kernels.blocks).map(by_pixels).collect(),
        }
    }
}

/// Tiles of output channels: first block and number of blocks.
pub(super) fn channel_tiles(channels: usize, kernels: &Kernels) -> Vec<(usize, usize)> {
    let blocks = channels.div_ceil(LANES);
    (0..blocks).step_by(kernels.blocks).map(|first| (first, kernels.blocks.min(blocks - first))).collect()
}

/// One past the last float that a convolution touches, once it is sure that nothing is read that another task writes.
pub(super) fn end(shape: &ConvShape, Places { src, dst, add }: &Places, batch: usize) -> usize {
    assert!(batch > 0);
    assert_eq!((src.channels, dst.channels), (shape.in_channels, shape.out_channels));
    assert!(dst.pixel == LANES && (src.pixel == LANES || (src.channels <= src.pixel && shape.groups == 1)));
    let reach = shape.reach(src);
    assert!(src.start >= reach, "zeros stand before the first pixel");
    // All places of all windows, with the zeros around the image.
    let Reach { stride, extent, .. } = shape.windows();
    let covered = |axis: usize, size: usize| (size - 1) * stride[axis] + extent[axis];
    let (height, width) = (covered(0, dst.height), covered(1, dst.width));
    let seen = View { start: src.start - reach, height, width, halo: [0; 4], ..*src };
    assert!(seen.is_apart(dst, batch), "a convolution does not write where it reads");
    let added = add.as_ref().map_or(0, |add| {
        assert_eq!((add.channels, add.height, add.width), (dst.channels, dst.height, dst.width));
        assert_eq!(add.pixel, LANES);
        add.end(batch)
    });
    seen.end(batch).max(dst.end(batch)).max(added)
}

/// Segments cut into parts for tasks; `columns` is the number of tiles of channels.
fn parts(
    layer: &Conv,
    src: &View,
    segments: usize,
    batch: usize,
    threads: usize,
    columns: usize,
) -> Vec<std::ops::Range<usize>> {
    let bytes = src.height * src.width * src.channels * 4;
    let by_size = if layer.weight_bytes() > LARGE_WEIGHTS { 1 } else { bytes.div_ceil(TASK) };
    // Enough tasks that threads which finish early find more.
    let by_threads = if threads == 1 { 1 } else { (12 * threads).div_ceil(columns * batch) };
    let count = even(by_size.max(by_threads), batch, threads).clamp(1, segments);
    (0..count).map(|part| segments * part / count..segments * (part + 1) / count).collect()
}
