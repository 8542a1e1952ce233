//! Winograd's convolution (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks", section 4): F(4x4, 3x3)
//! takes 36 products for 16 pixels of a 3x3 window, where the definition takes 144; F(1x3, 1x7) takes 9 instead of 21.
//!
//! Tiles of the input, which overlap their neighbours by what a window reaches, are transformed; at each of a tile's places a
//! matrix product runs over the input channels, with weights transformed when they were packed; and the results are
//! transformed back to pixels. Sums are made in another order and of other values than by the definition, so results
//! differ from it by some 1e-6 of the largest.

pub(super) mod axis;
mod choice;
pub(super) mod transforms;

use std::ops::Range;

use super::arena::Memory;
use super::bands::even;
use super::conv::{NEAR, channel_tiles, end};
use super::instances::{Kernels, TileFn};
use super::tile::Tile;
use super::unpacked::{Part, Unpacked, pack, packed};
use super::{Activation, Arena, ConvShape, LANES, Level, Places, Pool, Reach, View};
use transforms::{Patch, Results, Transforms};

/// What a thread's scratch may take, where each thread has its own: the weights and it should stay in its cache.
const OWN_SCRATCH: usize = 640 << 10;
/// Transformed weights of at most this many bytes stay in a thread's cache while tiles go by.
const OWN_WEIGHTS: usize = 1300 << 10;
/// What scratch that all threads share may take: more where weights are large, since the weights are read once for each
/// time that it is filled, and it comes from memory itself.
const SHARED_SCRATCH: Range<usize> = 2 << 20..10 << 20;

/// A convolution of stride 1 with its transformed weights, packed for a level.
#[derive(Debug)]
pub struct Winograd {
    shape: ConvShape,
    level: Level,
    transforms: &'static Transforms,
    /// `[tile of output channels][place][input channel][channel of the tile]`
    weights: Arena,
    bias: Arena,
    activation: Activation,
}

/// Such a convolution between tensors at their places.
#[derive(Debug)]
pub struct PlacedWinograd {
    shape: ConvShape,
    level: Level,
    transforms: &'static Transforms,
    batch: usize,
    places: Places,
    /// Tiles along rows and columns of an image.
    tiles: [usize; 2],
    /// How many tiles are in scratch at once.
    span: usize,
    /// Scratches: one for all threads, or one each.
    scratches: usize,
    /// Floats of a plane of scratch: one place of all channels of all its tiles, and what keeps planes from falling on
    /// the same sets of a cache.
    input_plane: usize,
    output_plane: usize,
    /// Where the tiles' results lie in a row of scratch.
    pixels: Vec<u32>,
    /// The kernel for each number of blocks and pixels, both from 1.
    kernels: Vec<Vec<TileFn>>,
}

/// A way to compute a convolution: its tiles and what transforms them.
#[derive(Clone, Copy, Debug)]
pub struct Way(&'static Transforms);

impl Winograd {
    /// The ways to compute a convolution, if there are any.
    pub fn ways(shape: &ConvShape, level: Level) -> impl Iterator<Item = Way> {
        let all = level.kernels().winograd.iter().map(Way);
        all.filter(move |way| choice::suits(shape, way.0))
    }

    /// The way that takes less time than direct convolution, for a result of a height and width.
    pub fn pays(shape: &ConvShape, size: [usize; 2], level: Level) -> Option<Way> {
        choice::choose(shape, size, level).map(Way)
    }

    /// Transforms and packs weights and biases; the shape suits.
    ///
    /// # Errors
    /// They can't be read.
    pub fn new<U: Unpacked>(
        shape: ConvShape,
        Way(transforms): Way,
        unpacked: &U,
        activation: Activation,
        level: Level,
    ) -> Result<Winograd, U::Error> {
        let ConvShape { in_channels: ins, out_channels: outs, .. } = shape;
        assert!(choice::suits(&shape, transforms) && level.is_available());
        let (places, taps) = (transforms.places(), shape.kernel[0] * shape.kernel[1]);
        let padded = outs.next_multiple_of(LANES);
        let [weights, bias] = packed([places * ins * padded, padded], unpacked, |mut weights_left, mut bias_left| {
            let mut parts = Vec::new();
            for (first, blocks) in channel_tiles(outs, level.kernels()) {
                let (weights, weights_behind) = weights_left.split_at_mut(places * ins * blocks * LANES);
                let (bias, bias_behind) = bias_left.split_at_mut(blocks * LANES);
                parts.push(Part { channels: first * LANES..outs.min((first + blocks) * LANES), weights, bias });
                (weights_left, bias_left) = (weights_behind, bias_behind);
            }
            // SAFETY: the level is available.
            pack(parts, unpacked, ins * taps, |rows, packed| unsafe { (transforms.weights)(rows, ins, packed) })
        })?;
        Ok(Winograd { shape, level, transforms, weights, bias, activation })
    }

    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// What the algorithm is called.
    pub fn name(&self) -> String {
        let Transforms { results: [rows, columns], taps: [height, width], .. } = self.transforms;
        format!("Winograd F({rows}x{columns}, {height}x{width})")
    }

    /// The weights and the biases as they are packed.
    pub fn packed(&self) -> [&Arena; 2] {
        [&self.weights, &self.bias]
    }

    /// The bytes of the packed weights.
    pub fn weight_bytes(&self) -> usize {
        4 * self.weights.len()
    }

    /// How far windows reach.
    pub fn reach(&self) -> Reach {
        self.shape.windows()
    }

    /// Prepares to compute `batch` images on `threads` at such places.
    pub fn place(&self, places: &Places, batch: usize, threads: usize) -> PlacedWinograd {
        let (shape, Places { src, dst, .. }) = (&self.shape, places);
        let [rows, columns] = self.transforms.results;
        let tiles = [dst.height.div_ceil(rows), dst.width.div_ceil(columns)];
        let all = batch * tiles[0] * tiles[1];
        let (ins, outs) = (src.blocks() * LANES, dst.blocks() * LANES);
        let each = self.transforms.places() * (ins + outs) * 4;
        let kernels = self.level.kernels();
        // A whole number of the widest register tiles, if there is room for one.
        let fit = |bytes: usize| {
            let most = (bytes / each).max(1);
            if most > kernels.pixels { most / kernels.pixels * kernels.pixels } else { most }
        };
        let own = self.weight_bytes() <= OWN_WEIGHTS && fit(OWN_SCRATCH) >= kernels.pixels && all >= 2 * threads;
        let (scratches, most) = if own {
            (threads, fit(OWN_SCRATCH).min(all.div_ceil(threads)))
        } else {
            (1, fit((self.weight_bytes() / 2).clamp(SHARED_SCRATCH.start, SHARED_SCRATCH.end)))
        };
        // Spans of nearly equal length.
        let span = all.div_ceil(all.div_ceil(most));
        let plane = |channels: usize| channels * span + LANES;
        let by_pixels =
            |blocks: usize| (1..=kernels.pixels).map(|pixels| (kernels.tile)(pixels, blocks, LANES)).collect();
        assert!(self.level.is_available() && src.pixel == LANES);
        PlacedWinograd {
            shape: *shape,
            level: self.level,
            transforms: self.transforms,
            batch,
            places: *places,
            tiles,
            span,
            scratches,
            input_plane: plane(ins),
            output_plane: plane(outs),
            pixels: (0..span as u32).map(|tile| tile * LANES as u32).collect(),
            kernels: (1..=kernels.blocks).map(by_pixels).collect(),
        }
    }

    /// Computes what was prepared, at places that may begin elsewhere; `scratch` is where the arena has
    /// [`PlacedWinograd::scratch`] floats for it.
    pub fn run(&self, arena: &mut Arena, placed: &PlacedWinograd, places: &Places, scratch: usize, pool: &mut Pool) {
        assert!(placed.shape == self.shape && placed.level == self.level, "prepared for this layer");
        assert!(placed.places.are_like(places), "prepared for such places");
        let end = end(&self.shape, places, placed.batch);
        assert!(end <= scratch && scratch + placed.scratch() <= arena.len(), "scratch lies behind all tensors");
        let work = Work {
            layer: self,
            placed,
            places,
            columns: channel_tiles(self.shape.out_channels, self.level.kernels()),
            kernels: self.level.kernels(),
            memory: arena.memory(),
        };
        let tiles = placed.all_tiles();
        let spans = tiles.div_ceil(placed.span);
        let span = |index: usize| index * placed.span..((index + 1) * placed.span).min(tiles);
        let (ins, outs) = (places.src.blocks(), places.dst.blocks());
        let count = self.transforms.places();
        let one = placed.scratch() / placed.scratches;
        if placed.scratches > 1 || pool.threads() == 1 {
            assert!(placed.scratches >= pool.threads(), "prepared for so many threads");
            pool.run_on(spans, &|task, thread| {
                let scratch = scratch + thread * one;
                // SAFETY: every thread has a scratch of its own, and spans write different pixels.
                unsafe {
                    work.inputs(scratch, &span(task), &span(task), 0..ins);
                    for place in 0..count {
                        for column in 0..work.columns.len() {
                            work.products(scratch, &span(task), place, column);
                        }
                    }
                    work.outputs(scratch, &span(task), &span(task), 0..outs);
                }
            });
            return;
        }
        for index in 0..spans {
            let span = span(index);
            let parts = even(span.len().div_ceil(16), 1, pool.threads()).min(span.len());
            let part =
                |part: usize| span.start + span.len() * part / parts..span.start + span.len() * (part + 1) / parts;
            // SAFETY: in each of the three, tasks write different places of scratch or different pixels, and what they
            // read was written before.
            pool.run(parts * ins, &|task| unsafe {
                let block = task % ins;
                work.inputs(scratch, &span, &part(task / ins), block..block + 1);
            });
            // SAFETY: as above.
            pool.run(count * work.columns.len(), &|task| unsafe {
                work.products(scratch, &span, task % count, task / count);
            });
            // SAFETY: as above.
            pool.run(parts * outs, &|task| unsafe {
                let block = task % outs;
                work.outputs(scratch, &span, &part(task / outs), block..block + 1);
            });
        }
    }
}

impl PlacedWinograd {
    /// The floats of scratch that it needs.
    pub fn scratch(&self) -> usize {
        self.scratches * self.transforms.places() * (self.input_plane + self.output_plane)
    }

    fn all_tiles(&self) -> usize {
        self.batch * self.tiles[0] * self.tiles[1]
    }

    /// The image of a tile, and its row and column among the tiles of that image.
    fn tile(&self, index: usize) -> (usize, usize, usize) {
        let [rows, columns] = self.tiles;
        (index / (rows * columns), index / columns % rows, index % columns)
    }
}

struct Work<'a> {
    layer: &'a Winograd,
    placed: &'a PlacedWinograd,
    places: &'a Places,
    columns: Vec<(usize, usize)>,
    kernels: &'static Kernels,
    memory: Memory,
}

impl Work<'_> {
    /// Transforms some tiles of a span for some blocks of input channels.
    ///
    /// # Safety
    /// `scratch` holds the span's scratch, and nobody else touches these tiles' blocks in it.
    unsafe fn inputs(&self, scratch: usize, span: &Range<usize>, tiles: &Range<usize>, blocks: Range<usize>) {
        let placed = self.placed;
        let (Places { src, dst, .. }, [above, left]) = (self.places, placed.shape.before);
        let Transforms { points, results, taps, input, .. } = placed.transforms;
        for block in blocks {
            for index in tiles.clone() {
                let (image, y, x) = placed.tile(index);
                // SAFETY: `end` found all rows and columns that windows reach inside the arena; what lies beyond them
                // is not read.
                unsafe {
                    let base = src.start + image * src.image + block * src.block;
                    let from =
                        base + y * results[0] * src.row + x * results[1] * LANES - above * src.row - left * LANES;
                    input(&Patch {
                        src: self.memory.0.add(from),
                        row: src.row,
                        rows: points[0].min(dst.height + taps[0] - 1 - y * results[0]),
                        columns: points[1].min(dst.width + taps[1] - 1 - x * results[1]),
                        dst: self.memory.0.add(scratch + (block * span.len() + index - span.start) * LANES),
                        plane: placed.input_plane,
                    });
                }
            }
        }
    }

    /// The matrix product of one place for one tile of output channels.
    ///
    /// # Safety
    /// `scratch` holds the span's scratch with all its inputs, and nobody else touches this place's results in it.
    unsafe fn products(&self, scratch: usize, span: &Range<usize>, place: usize, column: usize) {
        const ZEROS: [f32; 64] = [0.0; 64];
        let (placed, tiles) = (self.placed, span.len());
        let (first, blocks) = self.columns[column];
        let ins = placed.shape.in_channels;
        let in_blocks = ins.div_ceil(LANES);
        let count = tiles.div_ceil(self.kernels.pixels);
        let results = scratch + placed.transforms.places() * placed.input_plane;
        let weights = self.layer.weights.floats().as_ptr();
        let lines = (blocks * LANES).div_ceil(count);
        let here = weights.wrapping_add((placed.transforms.places() * first + place * blocks) * LANES * ins);
        for part in 0..count {
            let (from, to) = (tiles * part / count, tiles * (part + 1) / count);
            // SAFETY: the places are inside scratch and the packed weights.
            unsafe {
                let tile = Tile {
                    src: self.memory.0.add(scratch + place * placed.input_plane + from * LANES),
                    window_row: 0,
                    window_column: 0,
                    window: [1, 1],
                    blocks: in_blocks,
                    block: tiles * LANES,
                    last_lanes: ins - (in_blocks - 1) * LANES,
                    step: LANES,
                    weights: here,
                    near: if part == 0 { NEAR } else { 0 },
                    soon: here.wrapping_add(ins * blocks * LANES + part * in_blocks * lines * LANES),
                    soon_lines: lines,
                    bias: ZEROS.as_ptr(),
                    dst: self.memory.0.add(results + place * placed.output_plane + first * tiles * LANES),
                    dst_block: tiles * LANES,
                    dst_pixels: placed.pixels.as_ptr().add(from),
                    add: std::ptr::null(),
                    add_block: 0,
                    add_pixels: std::ptr::null(),
                    last: false,
                    low: 0.0,
                    high: 0.0,
                };
                (placed.kernels[blocks - 1][to - from - 1])(&tile);
            }
        }
    }

    /// Transforms the results of some tiles of a span for some blocks of output channels.
    ///
    /// # Safety
    /// `scratch` holds the span's scratch with all its products, and nobody else writes these pixels' channels.
    unsafe fn outputs(&self, scratch: usize, span: &Range<usize>, tiles: &Range<usize>, blocks: Range<usize>) {
        let placed = self.placed;
        let Places { dst, add, .. } = self.places;
        let Transforms { results, output, .. } = placed.transforms;
        let products = scratch + placed.transforms.places() * placed.input_plane;
        let (activation, limits) = (self.layer.activation, self.layer.activation.limits());
        for block in blocks {
            for index in tiles.clone() {
                let (image, y, x) = placed.tile(index);
                let (y, x) = (y * results[0], x * results[1]);
                let (rows, columns) = (results[0].min(dst.height - y), results[1].min(dst.width - x));
                let at = |view: &View| {
                    let base = view.start + image * view.image + block * view.block + y * view.row + x * LANES;
                    self.memory.0.wrapping_add(base)
                };
                // SAFETY: `end` found the results, with the zeros around them, and what is added inside the arena.
                unsafe {
                    if x == 0 {
                        dst.clear_beside(&self.memory, image, block, y..y + rows);
                    }
                    output(&Results {
                        src: self.memory.0.add(products + (block * span.len() + index - span.start) * LANES),
                        plane: placed.output_plane,
                        bias: self.layer.bias.floats().as_ptr().add(block * LANES),
                        dst: at(dst),
                        dst_row: dst.row,
                        add: add.as_ref().map_or(std::ptr::null(), |add| at(add)),
                        add_row: add.map_or(0, |add| add.row),
                        rows,
                        columns,
                        low: limits.low,
                        high: limits.high,
                    });
                    for row in y..y + rows {
                        let first = row * dst.width + x;
                        activation.finish(self.layer.level, &self.memory, dst, [image, block], first..first + columns);
                    }
                }
            }
        }
    }
}
