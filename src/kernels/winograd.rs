//! Winograd's convolution F(4x4, 3x3) (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks", section
//! 4.3): 36 products for 16 pixels of a 3x3 window, where the definition takes 144.
//!
//! Tiles of 6x6 pixels of the input, each overlapping its neighbours by 2, are transformed; at each of the 36 places a
//! matrix product runs over the input channels, with weights transformed when they were packed; and the results are
//! transformed back to 4x4 pixels. Sums are made in another order and of other values than by the definition, so results
//! differ from it by some 1e-6 of the largest.

use std::ops::Range;

use super::arena::Memory;
use super::bands::even;
use super::conv::{NEAR, channel_tiles, end};
use super::instances::{Kernels, TileFn};
use super::simd::Block;
use super::tile::Tile;
use super::unpacked::{Part, Unpacked, pack, packed};
use super::{Activation, Arena, ConvShape, LANES, Level, Places, Pool, Reach, View};

/// Rows and columns of a transformed tile.
const SIDE: usize = 6;
/// Its places.
const PLACES: usize = SIDE * SIDE;
/// Rows and columns of results that a tile gives.
const STEP: usize = 4;
/// What a thread's scratch may take, where each thread has its own: the weights and it should stay in its cache.
const OWN_SCRATCH: usize = 640 << 10;
/// Transformed weights of at most this many bytes stay in a thread's cache while tiles go by.
const OWN_WEIGHTS: usize = 1300 << 10;
/// What scratch that all threads share may take: it should stay in the last cache.
const SHARED_SCRATCH: usize = 10 << 20;

/// A 3x3 convolution of stride 1 with its transformed weights, packed for a level.
#[derive(Debug)]
pub struct Winograd {
    shape: ConvShape,
    level: Level,
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

impl Winograd {
    /// Whether the kernel can compute a convolution at all; not of photos, whose channels lie in another way.
    pub fn suits(shape: &ConvShape) -> bool {
        shape.groups == 1
            && shape.in_channels > 4
            && shape.kernel == [3, 3]
            && shape.stride == [1, 1]
            && shape.dilation == [1, 1]
    }

    /// Whether it takes less time than direct convolution, for a result of a height and width, one image at a time, with
    /// weights that come from memory. The figures are a processor's: cycles of a core for what its caches give and take.
    pub fn pays(shape: &ConvShape, [height, width]: [usize; 2], level: Level) -> bool {
        // Sixteen-float multiply-adds in a cycle.
        let rate = match level {
            Level::Avx512 => 2.0,
            Level::Avx2 => 1.0,
            Level::Neon => 0.5,
            Level::Scalar => 0.25,
        };
        let blocks = |channels: usize| channels.div_ceil(LANES) as f64;
        let (ins, outs) = (shape.in_channels as f64, blocks(shape.out_channels));
        let tiles = (height.div_ceil(STEP) * width.div_ceil(STEP)) as f64;
        // Bytes that come from memory in a cycle.
        let memory = |weights: f64| weights * 64.0 / 8.0;
        let direct = 9.0 * (height * width) as f64 * ins * outs / rate / 0.92 + memory(9.0 * ins * outs) * 0.25;
        let products = PLACES as f64 * tiles * ins * outs / rate / 0.85;
        let transforms = tiles * (blocks(shape.in_channels) + outs) * 170.0 / rate;
        products + transforms + memory(PLACES as f64 * ins * outs) < 0.95 * direct
    }

    /// Transforms and packs weights and biases; the shape suits.
    ///
    /// # Errors
    /// They can't be read.
    pub fn new<U: Unpacked>(
        shape: ConvShape,
        unpacked: &U,
        activation: Activation,
        level: Level,
    ) -> Result<Winograd, U::Error> {
        let ConvShape { in_channels: ins, out_channels: outs, .. } = shape;
        assert!(Winograd::suits(&shape) && level.is_available());
        let padded = outs.next_multiple_of(LANES);
        let transform = level.kernels().winograd_weights;
        let [weights, bias] = packed([PLACES * ins * padded, padded], unpacked, |mut weights_left, mut bias_left| {
            let mut parts = Vec::new();
            for (first, blocks) in channel_tiles(outs, level.kernels()) {
                let (weights, weights_behind) = weights_left.split_at_mut(PLACES * ins * blocks * LANES);
                let (bias, bias_behind) = bias_left.split_at_mut(blocks * LANES);
                parts.push(Part { channels: first * LANES..outs.min((first + blocks) * LANES), weights, bias });
                (weights_left, bias_left) = (weights_behind, bias_behind);
            }
            // SAFETY: the level is available.
            pack(parts, unpacked, ins * 9, |rows, packed| unsafe { transform(rows, ins, packed) })
        })?;
        Ok(Winograd { shape, level, weights, bias, activation })
    }

    pub fn activation(&self) -> Activation {
        self.activation
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
        let tiles = [dst.height.div_ceil(STEP), dst.width.div_ceil(STEP)];
        let all = batch * tiles[0] * tiles[1];
        let (ins, outs) = (src.blocks() * LANES, dst.blocks() * LANES);
        let each = PLACES * (ins + outs) * 4;
        let kernels = self.level.kernels();
        // A whole number of the widest register tiles, if there is room for one.
        let fit = |bytes: usize| {
            let most = (bytes / each).max(1);
            if most > kernels.pixels { most / kernels.pixels * kernels.pixels } else { most }
        };
        let own = self.weight_bytes() <= OWN_WEIGHTS && fit(OWN_SCRATCH) >= kernels.pixels && all >= 2 * threads;
        let (scratches, most) =
            if own { (threads, fit(OWN_SCRATCH).min(all.div_ceil(threads))) } else { (1, fit(SHARED_SCRATCH)) };
        // Spans of nearly equal length.
        let span = all.div_ceil(all.div_ceil(most));
        let plane = |channels: usize| channels * span + LANES;
        let by_pixels =
            |blocks: usize| (1..=kernels.pixels).map(|pixels| (kernels.tile)(pixels, blocks, LANES)).collect();
        assert!(self.level.is_available() && src.pixel == LANES);
        PlacedWinograd {
            shape: *shape,
            level: self.level,
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
        let one = placed.scratch() / placed.scratches;
        if placed.scratches > 1 || pool.threads() == 1 {
            assert!(placed.scratches >= pool.threads(), "prepared for so many threads");
            pool.run_on(spans, &|task, thread| {
                let scratch = scratch + thread * one;
                // SAFETY: every thread has a scratch of its own, and spans write different pixels.
                unsafe {
                    work.inputs(scratch, &span(task), &span(task), 0..ins);
                    for place in 0..PLACES {
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
            pool.run(PLACES * work.columns.len(), &|task| unsafe {
                work.products(scratch, &span, task % PLACES, task / PLACES);
            });
            // SAFETY: as above.
            pool.run(parts * outs, &|task| unsafe {
                let block = task % outs;
                work.outputs(scratch, &span, &part(task / outs), block..block + 1);
            });
        }
    }
}

/// `G g G^T` for the 3x3 windows `g` of some output channels, `[channels, ins, 3, 3]`, to `[place][input channel][channel]`.
/// Channels lie beside one another, so that a compiler makes vector instructions of this.
#[inline(always)]
pub(super) fn weights(rows: &[f32], ins: usize, packed: &mut [f32]) {
    let plane = packed.len() / PLACES;
    let width = plane / ins;
    for (block, rows) in rows.chunks(LANES * ins * 9).enumerate() {
        for input in 0..ins {
            let mut window = [[[0.0; LANES]; 3]; 3];
            for (lane, row) in rows.chunks_exact(ins * 9).enumerate() {
                for (place, value) in row[input * 9..][..9].iter().enumerate() {
                    window[place / 3][place % 3][lane] = f64::from(*value);
                }
            }
            let across = window.map(|row| weights_line(&row));
            for x in 0..SIDE {
                let down = weights_line(&[across[0][x], across[1][x], across[2][x]]);
                for y in 0..SIDE {
                    let at = (y * SIDE + x) * plane + input * width + block * LANES;
                    packed[at..at + LANES].copy_from_slice(&down[y].map(|value| value as f32));
                }
            }
        }
    }
}

/// `G g` for one line of every channel.
#[inline(always)]
fn weights_line(g: &[[f64; LANES]; 3]) -> [[f64; LANES]; SIDE] {
    let mut line = [[0.0; LANES]; SIDE];
    for lane in 0..LANES {
        let [first, middle, last] = [g[0][lane], g[1][lane], g[2][lane]];
        let (even, odd) = (first + last, middle);
        let (far, twice) = (first * (1.0 / 24.0) + last * (1.0 / 6.0), middle * (1.0 / 12.0));
        line[0][lane] = first * 0.25;
        line[1][lane] = (even + odd) * (-1.0 / 6.0);
        line[2][lane] = (even - odd) * (-1.0 / 6.0);
        line[3][lane] = far + twice;
        line[4][lane] = far - twice;
        line[5][lane] = last;
    }
    line
}

impl PlacedWinograd {
    /// The floats of scratch that it needs.
    pub fn scratch(&self) -> usize {
        self.scratches * PLACES * (self.input_plane + self.output_plane)
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
        for block in blocks {
            for index in tiles.clone() {
                let (image, y, x) = placed.tile(index);
                // SAFETY: `end` found all rows and columns that windows reach inside the arena; what lies beyond them
                // is not read.
                unsafe {
                    let base = src.start + image * src.image + block * src.block;
                    let from = base + y * STEP * src.row + x * STEP * LANES - above * src.row - left * LANES;
                    (self.kernels.winograd_input)(&Patch {
                        src: self.memory.0.add(from),
                        row: src.row,
                        rows: SIDE.min(dst.height + 2 - y * STEP),
                        columns: SIDE.min(dst.width + 2 - x * STEP),
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
        let results = scratch + PLACES * placed.input_plane;
        let weights = self.layer.weights.floats().as_ptr();
        let lines = (blocks * LANES).div_ceil(count);
        let here = weights.wrapping_add((PLACES * first + place * blocks) * LANES * ins);
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
        let results = scratch + PLACES * placed.input_plane;
        let (activation, limits) = (self.layer.activation, self.layer.activation.limits());
        for block in blocks {
            for index in tiles.clone() {
                let (image, y, x) = placed.tile(index);
                if x == 0 {
                    // SAFETY: `end` found the results with the zeros around them inside the arena.
                    unsafe { dst.clear_beside(&self.memory, image, block, y * STEP..dst.height.min((y + 1) * STEP)) };
                }
                let at = |view: &View| {
                    let base = view.start + image * view.image + block * view.block;
                    base + y * STEP * view.row + x * STEP * LANES
                };
                // SAFETY: `end` found the results and what is added inside the arena.
                unsafe {
                    (self.kernels.winograd_output)(&Results {
                        src: self.memory.0.add(results + (block * span.len() + index - span.start) * LANES),
                        plane: placed.output_plane,
                        bias: self.layer.bias.floats().as_ptr().add(block * LANES),
                        dst: self.memory.0.add(at(dst)),
                        dst_row: dst.row,
                        add: add.as_ref().map_or(std::ptr::null(), |add| self.memory.0.add(at(add))),
                        add_row: add.map_or(0, |add| add.row),
                        rows: STEP.min(dst.height - y * STEP),
                        columns: STEP.min(dst.width - x * STEP),
                        low: limits.low,
                        high: limits.high,
                    });
                    for row in y * STEP..dst.height.min((y + 1) * STEP) {
                        let [from, to] = [x * STEP, dst.width.min((x + 1) * STEP)].map(|x| row * dst.width + x);
                        activation.finish(self.layer.level, &self.memory, dst, [image, block], from..to);
                    }
                }
            }
        }
    }
}

/// A tile of one block of input channels; distances are in floats.
pub(super) struct Patch {
    src: *const f32,
    row: usize,
    /// Rows and columns that can be read; the rest are zeros.
    rows: usize,
    columns: usize,
    dst: *mut f32,
    /// From one place of the transformed tile to the next.
    plane: usize,
}

/// The products of a tile of one block of output channels.
pub(super) struct Results {
    src: *const f32,
    plane: usize,
    bias: *const f32,
    dst: *mut f32,
    dst_row: usize,
    /// What is added, or null.
    add: *const f32,
    add_row: usize,
    rows: usize,
    columns: usize,
    low: f32,
    high: f32,
}

/// `B^T d B` of a tile `d`.
///
/// # Safety
/// All places that `patch` describes are valid, and the processor has the instructions of `S`.
#[inline(always)]
pub(super) unsafe fn input<S: Block>(patch: &Patch) {
    // SAFETY: the caller's promises.
    unsafe {
        if patch.rows == SIDE && patch.columns == SIDE {
            return transform::<S>(patch.src, patch.row, patch.dst, patch.plane);
        }
        let mut whole = [0.0f32; PLACES * LANES];
        for y in 0..patch.rows {
            let (from, to) = (patch.src.add(y * patch.row), whole.as_mut_ptr().add(y * SIDE * LANES));
            for x in 0..patch.columns {
                S::store(to.add(x * LANES), S::load(from.add(x * LANES)));
            }
        }
        transform::<S>(whole.as_ptr(), SIDE * LANES, patch.dst, patch.plane);
    }
}

/// # Safety
/// As [`input`], with all 36 pixels there.
#[inline(always)]
unsafe fn transform<S: Block>(src: *const f32, row: usize, dst: *mut f32, plane: usize) {
    // SAFETY: the caller's promises.
    unsafe {
        let mut rows = [[S::splat(0.0); SIDE]; SIDE];
        for y in 0..SIDE {
            let mut line = [S::splat(0.0); SIDE];
            for x in 0..SIDE {
                line[x] = S::load(src.add(y * row + x * LANES));
            }
            rows[y] = line_in::<S>(line);
        }
        for x in 0..SIDE {
            let line = line_in::<S>([rows[0][x], rows[1][x], rows[2][x], rows[3][x], rows[4][x], rows[5][x]]);
            for y in 0..SIDE {
                S::store(dst.add((y * SIDE + x) * plane), line[y]);
            }
        }
    }
}

/// `B^T d` for one line.
///
/// # Safety
/// The processor has the instructions of `S`.
#[inline(always)]
unsafe fn line_in<S: Block>(d: [S::V; SIDE]) -> [S::V; SIDE] {
    // SAFETY: the caller's promise.
    unsafe {
        let (four, minus_four, minus_five) = (S::splat(4.0), S::splat(-4.0), S::splat(-5.0));
        let (two, minus_two) = (S::splat(2.0), S::splat(-2.0));
        let (a, b) = (S::fma(minus_four, d[2], d[4]), S::fma(minus_four, d[1], d[3]));
        let (c, e) = (S::sub(d[4], d[2]), S::sub(d[3], d[1]));
        [
            S::fma(four, d[0], S::fma(minus_five, d[2], d[4])),
            S::add(a, b),
            S::sub(a, b),
            S::fma(two, e, c),
            S::fma(minus_two, e, c),
            S::fma(four, d[1], S::fma(minus_five, d[3], d[5])),
        ]
    }
}

/// `A^T m A` of a tile's products `m`, bias, sum and limits.
///
/// # Safety
/// All places that `results` describes are valid, and the processor has the instructions of `S`.
#[inline(always)]
pub(super) unsafe fn output<S: Block>(results: &Results) {
    // SAFETY: the caller's promises.
    unsafe {
        let mut rows = [[S::splat(0.0); STEP]; SIDE];
        for y in 0..SIDE {
            let mut line = [S::splat(0.0); SIDE];
            for x in 0..SIDE {
                line[x] = S::load(results.src.add((y * SIDE + x) * results.plane));
            }
            rows[y] = line_out::<S>(line);
        }
        let bias = S::load(results.bias);
        let (low, high) = (S::splat(results.low), S::splat(results.high));
        for x in 0..STEP {
            let line = line_out::<S>([rows[0][x], rows[1][x], rows[2][x], rows[3][x], rows[4][x], rows[5][x]]);
            if x < results.columns {
                for y in 0..STEP {
                    if y < results.rows {
                        let mut sum = S::add(line[y], bias);
                        if !results.add.is_null() {
                            sum = S::add(sum, S::load(results.add.add(y * results.add_row + x * LANES)));
                        }
                        let to = results.dst.add(y * results.dst_row + x * LANES);
                        S::store(to, S::max(low, S::min(high, sum)));
                    }
                }
            }
        }
    }
}

/// `A^T m` for one line.
///
/// # Safety
/// The processor has the instructions of `S`.
#[inline(always)]
unsafe fn line_out<S: Block>(m: [S::V; SIDE]) -> [S::V; STEP] {
    // SAFETY: the caller's promise.
    unsafe {
        let (a, b) = (S::add(m[1], m[2]), S::sub(m[1], m[2]));
        let (c, d) = (S::add(m[3], m[4]), S::sub(m[3], m[4]));
        [
            S::add(S::add(m[0], a), c),
            S::fma(S::splat(2.0), d, b),
            S::fma(S::splat(4.0), c, a),
            S::add(S::fma(S::splat(8.0), d, b), m[5]),
        ]
    }
}
