//! Depthwise convolution: every channel on its own, sixteen of them at a time.

use super::bands::Bands;
use super::conv::{Places, end};
use super::simd::Block;
use super::unpacked::packed;
use super::{Activation, Arena, ConvShape, LANES, Level, Pool, Reach, Unpacked, View};

/// A depthwise convolution with its weights. The input has at least the zeros around it that the window reaches.
#[derive(Debug)]
pub struct Depthwise {
    shape: ConvShape,
    /// `[block][row][column][lane]`
    weights: Arena,
    bias: Arena,
    activation: Activation,
    level: Level,
}

/// One row of one block of channels.
pub(super) struct Row {
    /// The first place of the first pixel's window.
    src: *const f32,
    src_row: usize,
    dst: *mut f32,
    width: usize,
    weights: *const f32,
    bias: *const f32,
}

impl Depthwise {
    /// Packs weights and biases of a convolution with as many groups as channels in and out.
    ///
    /// # Errors
    /// They can't be read.
    pub fn new<U: Unpacked>(
        shape: ConvShape,
        unpacked: &U,
        activation: Activation,
        level: Level,
    ) -> Result<Depthwise, U::Error> {
        let channels = shape.out_channels;
        let places = shape.kernel[0] * shape.kernel[1];
        assert_eq!([shape.in_channels, shape.groups], [channels; 2], "each channel on its own");
        let blocks = channels.div_ceil(LANES);
        let [weights, bias] = packed([blocks * places * LANES, blocks * LANES], unpacked, |weights, bias| {
            let mut rows = vec![0.0; channels * places];
            unpacked.read(0..channels, &mut rows, &mut bias[..channels])?;
            for (channel, row) in rows.chunks_exact(places).enumerate() {
                let (block, lane) = (channel / LANES, channel % LANES);
                for (place, value) in row.iter().enumerate() {
                    weights[(block * places + place) * LANES + lane] = *value;
                }
            }
            Ok(())
        })?;
        Ok(Depthwise { shape, weights, bias, activation, level })
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

    pub fn run(&self, arena: &mut Arena, src: &View, dst: &View, batch: usize, pool: &mut Pool) {
        let [rows, columns] = self.shape.kernel;
        let reach = self.shape.reach(src);
        assert!(self.level.is_available() && src.pixel == LANES);
        assert!(end(&self.shape, &Places { src: *src, dst: *dst, add: None }, batch) <= arena.len());
        let blocks = src.blocks();
        let bands = Bands::new([dst.height, dst.width], blocks, batch, pool.threads(), 256);
        let memory = arena.memory();
        let kernel = self.level.kernels().depthwise;
        pool.run(bands.tasks(), &|task| {
            let memory = &memory;
            let (image, block, rows_here) = bands.task(task);
            // SAFETY: `end` has found every window and every result inside the arena and apart, tasks write different
            // rows, and the level is available.
            unsafe { dst.clear_beside(memory, image, block, rows_here.clone()) };
            for y in rows_here {
                // SAFETY: as above.
                unsafe {
                    let from = memory.0.add(src.start + image * src.image + block * src.block - reach);
                    let row = Row {
                        src: from.add(y * self.shape.stride[0] * src.row),
                        src_row: src.row * self.shape.dilation[0],
                        dst: memory.0.add(dst.start + image * dst.image + block * dst.block + y * dst.row),
                        width: dst.width,
                        weights: self.weights.floats().as_ptr().add(block * rows * columns * LANES),
                        bias: self.bias.floats().as_ptr().add(block * LANES),
                    };
                    kernel(self, &row);
                    let pixels = y * dst.width..(y + 1) * dst.width;
                    self.activation.finish(self.level, memory, dst, [image, block], pixels);
                }
            }
        });
    }
}

/// # Safety
/// All places that `row` describes are valid, and the processor has the instructions of `S`.
#[inline(always)]
pub(super) unsafe fn row<S: Block>(layer: &Depthwise, row: &Row) {
    // SAFETY: the caller's promises.
    unsafe {
        match (layer.shape.kernel[1], layer.shape.stride[1], layer.shape.dilation[1]) {
            (3, 1, 1) => tiles::<S, 3, 1>(layer, row),
            (3, 2, 1) => tiles::<S, 3, 2>(layer, row),
            (5, 1, 1) => tiles::<S, 5, 1>(layer, row),
            (5, 2, 1) => tiles::<S, 5, 2>(layer, row),
            _ => tiles::<S, 0, 0>(layer, row),
        }
    }
}

/// # Safety
/// As [`row`].
#[inline(always)]
unsafe fn tiles<S: Block, const COLUMNS: usize, const STRIDE: usize>(layer: &Depthwise, row: &Row) {
    // SAFETY: the caller's promises.
    unsafe {
        let mut x = 0;
        while row.width - x >= 7 {
            tile::<S, COLUMNS, STRIDE, 7>(layer, row, x);
            x += 7;
        }
        while x < row.width {
            if row.width >= 7 {
                // The last pixels once more with some before them: the results are the same.
                tile::<S, COLUMNS, STRIDE, 7>(layer, row, row.width - 7);
                return;
            }
            tile::<S, COLUMNS, STRIDE, 1>(layer, row, x);
            x += 1;
        }
    }
}

/// # Safety
/// As [`row`], for `N` pixels from `x`.
#[inline(always)]
unsafe fn tile<S: Block, const COLUMNS: usize, const STRIDE: usize, const N: usize>(
    layer: &Depthwise,
    row: &Row,
    x: usize,
) {
    let stride = if STRIDE == 0 { layer.shape.stride[1] } else { STRIDE };
    let columns = if COLUMNS == 0 { layer.shape.kernel[1] } else { COLUMNS };
    let dilation = if COLUMNS == 0 { layer.shape.dilation[1] } else { 1 };
    // SAFETY: the caller's promises.
    unsafe {
        let mut sums = [S::load(row.bias); N];
        for r in 0..layer.shape.kernel[0] {
            let from = row.src.add(r * row.src_row + x * stride * LANES);
            let weights = row.weights.add(r * columns * LANES);
            for column in 0..columns {
                let w = S::load(weights.add(column * LANES));
                for p in 0..N {
                    let input = S::load(from.add((p * stride + column * dilation) * LANES));
                    sums[p] = S::fma(input, w, sums[p]);
                }
            }
        }
        let limits = layer.activation.limits();
        let (low, high) = (S::splat(limits.low), S::splat(limits.high));
        for p in 0..N {
            S::store(row.dst.add((x + p) * LANES), S::max(low, S::min(high, sums[p])));
        }
    }
}
