//! Where tensors lie in the arena: images in blocks of sixteen channels, with room for zeros around them.

/// The channels of a block.
pub const LANES: usize = 16;

/// An image tensor in the arena: `[image][block of channels][row][column][lane]`. All distances are in floats.
///
/// Rows are longer than the image is wide where zeros stand around it, and `start` lies behind the first of them.
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
        let behind = |a: &View, b: &View, batch: usize| a.end(batch) <= b.start;
        if behind(self, other, batch) || behind(other, self, batch) {
            return true;
        }
        let together = self.end(1).max(other.end(1)) - self.start.min(other.start);
        let side_by_side = self.image == other.image && together <= self.image;
        side_by_side && (behind(self, other, 1) || behind(other, self, 1))
    }

    /// One past the last float of `batch` images.
    pub fn end(&self, batch: usize) -> usize {
        let last_pixel = (self.height - 1) * self.row + (self.width - 1) * self.pixel;
        self.start + (batch - 1) * self.image + (self.blocks() - 1) * self.block + last_pixel + self.pixel
    }
}
