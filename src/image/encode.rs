//! Pixels to PNG.

use std::io::{self, Write};

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageError};

use super::Pixels;

/// Writes an image as a PNG file.
///
/// # Errors
/// `out` can't be written.
pub fn write_png(pixels: &Pixels, out: impl Write) -> io::Result<()> {
    let colour = match pixels.channels {
        1 => ExtendedColorType::L8,
        _ => ExtendedColorType::Rgb8,
    };
    let side = |size: usize| u32::try_from(size).map_err(io::Error::other);
    let (width, height) = (side(pixels.width)?, side(pixels.height)?);
    PngEncoder::new(out).write_image(&pixels.data, width, height, colour).map_err(|error| match error {
        ImageError::IoError(error) => error,
        other => io::Error::other(other),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Orientation, decode};
    use super::{Pixels, write_png};

    #[test]
    fn what_is_written_is_read_again() {
        let pixels = Pixels { width: 2, height: 1, channels: 3, data: vec![1, 2, 3, 250, 0, 9] };
        let mut bytes = Vec::new();
        write_png(&pixels, &mut bytes).unwrap();
        assert_eq!(decode(&bytes, "it", Orientation::Ignored).unwrap(), pixels);
    }
}
