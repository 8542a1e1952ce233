//! Where tensors lie in the arena: images in blocks of sixteen channels, with room for zeros around them.

use std::ops::Range;

use super::arena::Memory;

/// The channels of a block.
pub const LANES: usize = 16;

/// An image tensor in the arena: `[image][block of channels][row][column][lane]`. All distances are in floats.
///
/// Rows are longer than the image is wide where zeros stand around it, and `start` lies behind the first of them. A kernel
/// that writes an image writes the zeros around it too: each task those beside its rows, so that they are in the cache
/// of the thread that reads these rows next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The first lane of the first pixel of the first block of the first image.
    pub start: usize,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// From one pixel of a row to the next: 16, or 4 for the few channels of a photo.
    pub pixel: usize,
    pub row: usize,
    pub block: usize,
    pub image: usize,
    /// Rows and columns of zeros around each block: above, below, left, right.
    pub halo: [usize; 4],
}

impl View {
    /// The number of blocks of channels; the lanes beyond the last channel are kept finite.
    pub fn blocks(&self) -> usize {
        if self.pixel == LANES { self.channels.div_ceil(LANES) } else { 1 }
    }

    /// Where each pixel lies from the first one of its block, row by row.
    pub fn pixels(&self) -> Vec<u32> {
        let mut places = Vec::with_capacity(self.height * self.width);
        for y in 0..self.height {
            for x in 0..self.width {
                places.push(u32::try_from(y * self.row + x * self.pixel).expect("planes have fewer than 2^32 floats"));
            }
        }
        places
    }

    /// Whether rows follow each other without a gap, so that a plane is one long row.
    pub fn is_flat(&self) -> bool {
        self.row == self.width * self.pixel
    }

    /// Whether this view and another of as many images share no float: they lie one behind the other, or image by image
    /// in the images of one larger tensor.
    pub(super) fn is_apart(&self, other: &View, batch: usize) -> bool {
        let behind = |a: &View, b: &View, batch: usize| a.end(batch) <= b.begin();
        if behind(self, other, batch) || behind(other, self, batch) {
            return true;
        }
        let together = self.end(1).max(other.end(1)) - self.begin().min(other.begin());
        let side_by_side = self.image == other.image && together <= self.image;
        side_by_side && (behind(self, other, 1) || behind(other, self, 1))
    }

    /// The first float: of the zeros before the first pixel.
    pub(super) fn begin(&self) -> usize {
        let [above, _, left, _] = self.halo;
        self.start.checked_sub(above * self.row + left * self.pixel).expect("zeros stand before the first pixel")
    }

    /// One past the last float of `batch` images, with the zeros behind them.
    pub fn end(&self, batch: usize) -> usize {
        let [_, below, _, right] = self.halo;
        let rows = (self.height - 1 + below) * self.row + (self.width + right) * self.pixel;
        self.start + (batch - 1) * self.image + (self.blocks() - 1) * self.block + rows
    }

    /// Writes the zeros beside some rows of a block, with those above the first row of an image and below its last.
    ///
    /// # Safety
    /// `memory` is that of an arena with room to [`View::end`], and nobody else touches these zeros.
    pub(super) unsafe fn clear_beside(&self, memory: &Memory, image: usize, block: usize, rows: Range<usize>) {
        let [above, below, left, right] = self.halo;
        if self.halo == [0; 4] || rows.is_empty() {
            return;
        }
        let at = self.start + image * self.image + block * self.block - left * self.pixel;
        let line = (left + self.width + right) * self.pixel;
        // SAFETY: all zeros lie between `begin` and `end`.
        let clear = |from: usize, floats: usize| unsafe { memory.0.add(from).write_bytes(0, floats) };
        if rows.start == 0 {
            (1..=above).for_each(|row| clear(at - row * self.row, line));
        }
        if rows.end == self.height {
            (0..below).for_each(|row| clear(at + (self.height + row) * self.row, line));
        }
        for row in rows {
            clear(at + row * self.row, left * self.pixel);
            clear(at + row * self.row + (left + self.width) * self.pixel, right * self.pixel);
        }
    }
}
