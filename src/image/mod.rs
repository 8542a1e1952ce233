//! From a photo to a tensor: decode, resize as Pillow does, crop and normalise as torchvision does.

#![allow(clippy::disallowed_methods)]

mod decode;
mod encode;
mod frame;
mod input;
mod jpeg;
mod photos;
mod preprocess;
mod resize;
mod stream;

pub use decode::{MAX_PIXELS, Orientation, decode, read};
pub use encode::write_png;
pub use frame::Frame;
pub use input::ImageInput;
pub use photos::{ENDINGS, Photo, list};
pub use preprocess::{Colour, Preprocess, Resize};
pub use resize::{Filter, resize};
pub use stream::{Prepared, Stream};

/// An image of 8-bit samples, row by row, channels last: 3 (red, green, blue) or 1 (grey).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    /// `height * width * channels` samples.
    pub data: Vec<u8>,
}

impl Pixels {
    /// Black pixels.
    pub fn black(width: usize, height: usize, channels: usize) -> Pixels {
        Pixels { width, height, channels, data: vec![0; width * height * channels] }
    }

    /// The samples of row `y`.
    pub fn row(&self, y: usize) -> &[u8] {
        let bytes = self.width * self.channels;
        &self.data[y * bytes..][..bytes]
    }

    fn row_mut(&mut self, y: usize) -> &mut [u8] {
        let bytes = self.width * self.channels;
        &mut self.data[y * bytes..][..bytes]
    }

    /// One channel: the luma of ITU-R 601-2 in Pillow's fixed point. Grey pixels keep their value.
    pub fn grey(&self) -> Pixels {
        let data = match self.channels {
            1 => self.data.clone(),
            _ => self.data.chunks_exact(3).map(|rgb| luma([rgb[0], rgb[1], rgb[2]])).collect(),
        };
        Pixels { channels: 1, data, ..*self }
    }

    /// The `width x height` pixels around the centre, as torchvision's `center_crop` takes them: an odd pixel's half is
    /// rounded to even, and where the image is smaller, black is put around it, the odd row and column below and right.
    pub fn crop_centre(&self, width: usize, height: usize) -> Pixels {
        let (from_x, to_x, columns) = centre(self.width, width);
        let (from_y, to_y, rows) = centre(self.height, height);
        let mut out = Pixels::black(width, height, self.channels);
        for y in 0..rows {
            let source = &self.row(from_y + y)[from_x * self.channels..][..columns * self.channels];
            let channels = self.channels;
            out.row_mut(to_y + y)[to_x * channels..][..columns * channels].copy_from_slice(source);
        }
        out
    }
}

fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 19595 + u32::from(green) * 38470 + u32::from(blue) * 7471 + 0x8000) >> 16) as u8
}

/// Along one axis of `have` pixels cropped to `want`: the first pixel read, where it is written, and how many are.
fn centre(have: usize, want: usize) -> (usize, usize, usize) {
    if want > have {
        return (0, (want - have) / 2, have);
    }
    let twice = have - want;
    let half = twice / 2;
    let from = if twice % 2 == 1 && half % 2 == 1 { half + 1 } else { half };
    (from, 0, want)
}

#[cfg(test)]
mod tests {
    use super::{Pixels, centre};

    #[test]
    fn the_centre_is_rounded_to_even() {
        assert_eq!(centre(7, 4), (2, 0, 4)); // 1.5
        assert_eq!(centre(5, 4), (0, 0, 4)); // 0.5
        assert_eq!(centre(9, 4), (2, 0, 4)); // 2.5
        assert_eq!(centre(384, 224), (80, 0, 224));
        assert_eq!(centre(3, 6), (0, 1, 3));
    }

    #[test]
    fn a_crop_larger_than_the_image_is_padded_with_black() {
        let image = Pixels { width: 1, height: 2, channels: 1, data: vec![7, 9] };
        let out = image.crop_centre(2, 3);
        assert_eq!(out.data, [7, 0, 9, 0, 0, 0]);
    }
}
