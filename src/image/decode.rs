//! PNG and JPEG to pixels, as Pillow's `Image.open(...).convert("RGB")`: alpha and colour profiles are dropped, palettes
//! looked up, 16-bit colour cut to its high byte. The orientation that a camera notes in the file is ignored, as by
//! torchvision and timm, or applied as Pillow's `ImageOps.exif_transpose` does.

use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use image::codecs::{jpeg::JpegDecoder, png::PngDecoder};
use image::{DynamicImage, ImageDecoder, ImageError, Limits};

use super::{Pixels, jpeg};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::io_reason;

/// The most pixels of an image (2^27): at 8 bytes a pixel, a gibibyte.
pub const MAX_PIXELS: u64 = 1 << 27;

/// The largest image file that is read, in bytes (1 GiB).
const MAX_FILE_BYTES: u64 = 1 << 30;

/// Images of more pixels than this (2^24) are decoded one after the other, whatever the number of threads: memory is for
/// one image at [`MAX_PIXELS`], not for many.
const LARGE: u64 = 1 << 24;

/// Who holds it decodes a large image.
static DECODING_LARGE: Mutex<()> = Mutex::new(());

/// What to do with the orientation that a camera notes in a file (in EXIF, as a number of 1 to 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    /// The pixels as they are stored.
    #[default]
    Ignored,
    /// The pixels as a viewer shows them.
    Applied,
}

/// Reads and decodes an image file.
///
/// # Errors
/// `E0604` with the reason: the file can't be read, is no PNG or JPEG, is damaged or too large.
pub fn read(path: &Path, orientation: Orientation) -> Result<Pixels, Diagnostic> {
    let name = path.display().to_string();
    let unreadable = |error: std::io::Error| bad(&name, io_reason(&error)).help("check the path");
    let meta = std::fs::metadata(path).map_err(unreadable)?;
    if meta.is_dir() {
        return Err(bad(&name, "it is a folder").help("name the images in it"));
    }
    read_from(&mut std::fs::File::open(path).map_err(unreadable)?, &name, orientation)
}

/// Reads an image to the end of `from`, and decodes it. `name` is for messages.
///
/// # Errors
/// As [`read`].
pub fn read_from(from: &mut dyn Read, name: &str, orientation: Orientation) -> Result<Pixels, Diagnostic> {
    let unreadable = |error: std::io::Error| bad(name, io_reason(&error));
    let mut bytes = Vec::new();
    // The start tells what it is: a large file of another kind, or an endless one, is not read on.
    from.take(64).read_to_end(&mut bytes).map_err(unreadable)?;
    Kind::of(&bytes).check(name)?;
    from.take(MAX_FILE_BYTES - 63).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(bad(name, "the file is larger than 1 GiB"));
    }
    decode(&bytes, name, orientation)
}

/// Decodes the bytes of a PNG or JPEG file; the content tells which. `name` is for messages.
///
/// # Errors
/// `E0604` with the reason.
pub fn decode(bytes: &[u8], name: &str, orientation: Orientation) -> Result<Pixels, Diagnostic> {
    let failed = |error: ImageError| failed(name, &error);
    let kind = Kind::of(bytes);
    kind.check(name)?;
    match kind {
        Kind::Png => {
            let pixels = png_pixels(bytes, name)?;
            let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits(pixels)).map_err(failed)?;
            decode_with(decoder, name, orientation)
        }
        Kind::Jpeg => {
            let decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(failed)?;
            if !jpeg::is_complete(bytes) {
                return Err(truncated(name));
            }
            decode_with(decoder, name, orientation)
        }
        Kind::Other(_) => unreachable!("`check` has refused it"),
    }
}

/// How many pixels a PNG says it has, at most [`MAX_PIXELS`]; 0 where it is too short to say so.
fn png_pixels(bytes: &[u8], name: &str) -> Result<u64, Diagnostic> {
    let size = |at: usize| bytes.get(at..)?.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
    match (size(16), size(20)) {
        // A decoder would call it damage.
        (Some(width), Some(height)) if width == 0 || height == 0 => Err(empty(name, width, height)),
        (Some(width), Some(height)) => Ok((u64::from(width) * u64::from(height)).min(MAX_PIXELS)),
        _ => Ok(0),
    }
}

fn empty(name: &str, width: u32, height: u32) -> Diagnostic {
    bad(name, format!("it is {width}x{height} pixels: there is nothing in it"))
}

fn decode_with(mut decoder: impl ImageDecoder, name: &str, orientation: Orientation) -> Result<Pixels, Diagnostic> {
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(empty(name, width, height));
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MAX_PIXELS {
        return Err(bad(name, format!("it says it is {width}x{height} pixels, more than the limit of 2^27 in all"))
            .help("scale it down first; networks look at a few hundred pixels a side"));
    }
    let _turn = (pixels > LARGE).then(|| DECODING_LARGE.lock().unwrap_or_else(PoisonError::into_inner));
    decoder.set_limits(limits(pixels)).map_err(|error| failed(name, &error))?;
    let noted = match orientation {
        Orientation::Ignored => image::metadata::Orientation::NoTransforms,
        // A note that can't be read is none, as for Pillow.
        Orientation::Applied => decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms),
    };
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| failed(name, &error))?;
    image.apply_orientation(noted);
    Ok(to_rgb(image))
}

/// What decoders may allocate for this many pixels, and for profiles and notes beside them.
fn limits(pixels: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(pixels * 10 + (64 << 20));
    limits
}

/// Pillow's conversion to red, green and blue. Of 16-bit samples it takes the high byte in colour images, and in grey
/// ones everything above 255 is white.
fn to_rgb(image: DynamicImage) -> Pixels {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let high = |sample: u16| (sample >> 8) as u8;
    let data: Vec<u8> = match image {
        DynamicImage::ImageRgb8(image) => image.into_raw(),
        DynamicImage::ImageLuma8(image) => image.into_raw().into_iter().flat_map(|grey| [grey; 3]).collect(),
        DynamicImage::ImageLumaA8(image) => image.pixels().flat_map(|pixel| [pixel[0]; 3]).collect(),
        DynamicImage::ImageRgba8(image) => image.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
        DynamicImage::ImageLuma16(image) => image.pixels().flat_map(|pixel| [pixel[0].min(255) as u8; 3]).collect(),
        DynamicImage::ImageLumaA16(image) => image.pixels().flat_map(|pixel| [high(pixel[0]); 3]).collect(),
        DynamicImage::ImageRgb16(image) => image.pixels().flat_map(|pixel| pixel.0.map(high)).collect(),
        DynamicImage::ImageRgba16(image) => {
            image.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]].map(high)).collect()
        }
        // `DynamicImage` is open to new variants; PNG and JPEG decode to those above.
        other => other.into_rgb8().into_raw(),
    };
    Pixels { width, height, channels: 3, data }
}

/// What a file is, by its first bytes.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Png,
    Jpeg,
    /// What else it is, with its article.
    Other(&'static str),
}

impl Kind {
    /// # Errors
    /// `E0604` for anything but a PNG or JPEG.
    fn check(&self, name: &str) -> Result<(), Diagnostic> {
        match self {
            Kind::Png | Kind::Jpeg => Ok(()),
            Kind::Other(what) => Err(bad(name, format!("this is {what}, and archc reads PNG and JPEG"))
                .help("convert it to PNG or JPEG first")),
        }
    }

    fn of(bytes: &[u8]) -> Kind {
        let starts = |magic: &[u8]| bytes.starts_with(magic);
        let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
        if starts(b"\x89PNG\r\n\x1a\n") {
            return Kind::Png;
        }
        if starts(&[0xFF, 0xD8]) {
            return Kind::Jpeg;
        }
        Kind::Other(match () {
            () if bytes.is_empty() => "an empty file",
            () if starts(b"GIF8") => "a GIF",
            () if starts(b"RIFF") && at(8, b"WEBP") => "a WebP",
            () if starts(b"BM") => "a BMP",
            () if starts(b"II*\0") || starts(b"MM\0*") => "a TIFF",
            () if at(4, b"ftypavif") => "an AVIF",
            () if at(4, b"ftyp") => "a HEIC image or a video",
            () if starts(b"%PDF") => "a PDF",
            () if starts(b"<svg") || starts(b"<?xml") => "an SVG",
            () if starts(b"8BPS") => "a Photoshop file",
            () if starts(b"\x00\x00\x00\x0cJXL ") || starts(&[0xFF, 0x0A]) => "a JPEG XL",
            () => "no image that is known here",
        })
    }
}

fn bad(name: &str, reason: impl std::fmt::Display) -> Diagnostic {
    Diagnostic::error(Code::BAD_IMAGE, format!("can't read the image `{name}`: {reason}"))
}

fn truncated(name: &str) -> Diagnostic {
    bad(name, "the file is cut off before its end").help("copy or download it again")
}

fn failed(name: &str, error: &ImageError) -> Diagnostic {
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => truncated(name),
        ImageError::Limits(_) => bad(name, "it takes more memory than 10 bytes a pixel and 64 MiB"),
        ImageError::Decoding(error) => {
            let reason = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
            if reason.to_lowercase().contains("unexpected end") || reason.contains("EOF") {
                return truncated(name);
            }
            // Decoders quote their reasons in ways of their own.
            let reason = match reason.starts_with("CRC error") {
                true => "a checksum does not agree".to_string(),
                false => reason.replace("\\n", " ").replace('"', ""),
            };
            bad(name, format!("it is damaged ({})", reason.trim().trim_end_matches('.')))
                .help("copy or download it again")
        }
        error => bad(name, error),
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn content_tells_the_format() {
        assert_eq!(Kind::of(b"GIF89a"), Kind::Other("a GIF"));
        assert_eq!(Kind::of(b"RIFF1234WEBPVP8 "), Kind::Other("a WebP"));
        assert_eq!(Kind::of(b""), Kind::Other("an empty file"));
        assert_eq!(Kind::of(b"hello"), Kind::Other("no image that is known here"));
    }
}
