//! What is done to a photo before a network sees it. It belongs to weights: they were trained on images made this way.

use std::borrow::Cow;

use candle_core::{Device, Tensor};

use super::{Filter, MAX_PIXELS, Pixels, resize};
use crate::diagnostic::{Code, Diagnostic};

/// Colour, then size, then crop, then numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Preprocess {
    /// What the photo is turned to when it is read, before all else.
    pub colour: Colour,
    pub resize: Option<(Resize, Filter)>,
    /// The `[height, width]` around the centre.
    pub crop: Option<[usize; 2]>,
    /// Samples 0 to 255 are multiplied with this, then `mean` is taken off and the rest divided by `std`.
    pub scale: f64,
    /// One number a channel.
    pub mean: Vec<f64>,
    pub std: Vec<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    Rgb,
    Bgr,
    Grey,
}

impl Colour {
    pub fn channels(self) -> usize {
        match self {
            Colour::Rgb | Colour::Bgr => 3,
            Colour::Grey => 1,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Resize {
    /// The shorter side becomes this long; the longer keeps the proportion, its fraction cut off.
    Shorter(usize),
    /// `[height, width]`, whatever the proportions.
    Exact([usize; 2]),
    /// So that the input of the network, taken from the centre, is this part of the shorter side: timm's `crop_pct`. What
    /// the input is, [`Preprocess::for_input`] says, and makes it [`Resize::Shorter`]; until then no size changes.
    Part(f64),
}

impl Preprocess {
    /// The samples as they are.
    pub fn plain(colour: Colour) -> Preprocess {
        let channels = colour.channels();
        let (mean, std) = (vec![0.0; channels], vec![1.0; channels]);
        Preprocess { colour, resize: None, crop: None, scale: 1.0, mean, std }
    }

    /// What torchvision does for its ImageNet weights, for an input `[channels, height, width]` of 1 or 3 channels; the
    /// photo is resized to 8/7 of the crop.
    pub fn imagenet([channels, height, width]: [usize; 3]) -> Preprocess {
        let (colour, mean, std) = match channels {
            1 => (Colour::Grey, vec![0.5], vec![0.5]),
            _ => (Colour::Rgb, vec![0.485, 0.456, 0.406], vec![0.229, 0.224, 0.225]),
        };
        let shorter = height.max(width) * 8 / 7;
        Preprocess {
            colour,
            resize: Some((Resize::Shorter(shorter), Filter::Bilinear)),
            crop: Some([height, width]),
            scale: 1.0 / 255.0,
            mean,
            std,
        }
    }

    /// The same for a network whose input is `[height, width]`: a crop of another size becomes this one, and the size
    /// before it changes in proportion, so that the network sees the same part of the photo. With [`Resize::Part`] the
    /// shorter side becomes the longest of the input divided by the part, its fraction cut off.
    pub fn for_input(&self, input: [usize; 2]) -> Preprocess {
        let mut other = self.clone();
        let scaled = |size: usize, from: usize, to: usize| ((size * to) as f64 / from as f64).round().max(1.0) as usize;
        match (self.resize, self.crop) {
            (Some((Resize::Part(part), filter)), _) => {
                let longest = input[0].max(input[1]);
                other.resize = Some((Resize::Shorter((longest as f64 / part).floor() as usize), filter));
                other.crop = Some(input);
            }
            (_, Some(crop)) if crop == input => {}
            (resize, Some(crop)) => {
                other.crop = Some(input);
                other.resize = resize.map(|(size, filter)| {
                    let size = match size {
                        Resize::Shorter(size) => {
                            let axis = usize::from(input[1] * crop[0] > input[0] * crop[1]);
                            Resize::Shorter(scaled(size, crop[axis], input[axis]))
                        }
                        Resize::Exact([height, width]) => {
                            Resize::Exact([scaled(height, crop[0], input[0]), scaled(width, crop[1], input[1])])
                        }
                        Resize::Part(_) => unreachable!("its arm is above"),
                    };
                    (size, filter)
                });
            }
            (Some((Resize::Exact(_), filter)), None) => other.resize = Some((Resize::Exact(input), filter)),
            (Some((Resize::Shorter(_), _)) | None, None) => {}
        }
        other
    }

    /// The pixels that the network sees: colour, size and crop. `name` is for messages.
    ///
    /// # Errors
    /// `E0604` for an image so long and thin that resizing it would take too much memory.
    pub fn pixels(&self, image: &Pixels, name: &str) -> Result<Pixels, Diagnostic> {
        let mut current = match self.colour {
            Colour::Grey => Cow::Owned(image.grey()),
            Colour::Rgb | Colour::Bgr => Cow::Borrowed(image),
        };
        if let Some((size, filter)) = self.resize {
            let (width, height) = size.of(&current);
            if (width as u64).saturating_mul(height as u64) > MAX_PIXELS {
                let (from_width, from_height) = (image.width, image.height);
                return Err(Diagnostic::error(
                    Code::BAD_IMAGE,
                    format!(
                        "can't use the image `{name}`: at {from_width}x{from_height} pixels it is so long and thin that \
                         it would be resized to {width}x{height}"
                    ),
                )
                .help("cut it to the part that matters"));
            }
            current = Cow::Owned(resize(&current, width.max(1), height.max(1), filter));
        }
        if let Some([height, width]) = self.crop {
            current = Cow::Owned(current.crop_centre(width, height));
        }
        Ok(current.into_owned())
    }

    /// `pixels` as a float32 tensor `[1, C, H, W]`.
    ///
    /// # Errors
    /// What candle says of the device.
    pub fn tensor(&self, pixels: &Pixels, device: &Device) -> candle_core::Result<Tensor> {
        let area = pixels.width * pixels.height;
        let mut values = Vec::with_capacity(area * pixels.channels);
        for channel in 0..pixels.channels {
            let source = match self.colour {
                Colour::Rgb | Colour::Grey => channel,
                Colour::Bgr => pixels.channels - 1 - channel,
            };
            let table: Vec<f32> = (0..=255u8)
                .map(|sample| ((f64::from(sample) * self.scale - self.mean[channel]) / self.std[channel]) as f32)
                .collect();
            values
                .extend(pixels.data.iter().skip(source).step_by(pixels.channels).map(|sample| table[*sample as usize]));
        }
        Tensor::from_vec(values, (1, pixels.channels, pixels.height, pixels.width), device)
    }
}

impl Resize {
    /// `(width, height)` that an image gets.
    pub fn of(self, image: &Pixels) -> (usize, usize) {
        match self {
            Resize::Exact([height, width]) => (width, height),
            Resize::Part(_) => (image.width, image.height),
            Resize::Shorter(size) => {
                let longer = |long: usize, short: usize| (size as u64 * long as u64 / short as u64) as usize;
                match image.width <= image.height {
                    true => (size, longer(image.height, image.width)),
                    false => (longer(image.width, image.height), size),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Colour, Filter, Pixels, Preprocess, Resize};

    #[test]
    fn another_input_keeps_the_part_of_the_photo() {
        let image = Preprocess::imagenet([3, 224, 224]);
        assert_eq!(image.resize, Some((Resize::Shorter(256), Filter::Bilinear)));
        let larger = image.for_input([448, 448]);
        assert_eq!((larger.resize, larger.crop), (Some((Resize::Shorter(512), Filter::Bilinear)), Some([448, 448])));
        assert_eq!(image.for_input([224, 224]), image);
    }

    #[test]
    fn a_part_is_that_of_the_input_as_in_timm() {
        for (part, input, shorter) in [(0.875, 224, 256), (0.875, 240, 274), (0.9, 224, 248), (1.0, 288, 288)] {
            let rule =
                Preprocess { resize: Some((Resize::Part(part), Filter::Bicubic)), ..Preprocess::plain(Colour::Rgb) };
            let made = rule.for_input([input, input]);
            assert_eq!(made.resize, Some((Resize::Shorter(shorter), Filter::Bicubic)));
            assert_eq!(made.crop, Some([input, input]));
        }
    }

    #[test]
    fn channels_are_normalised_in_their_order() {
        let rule = Preprocess { mean: vec![1.0, 2.0, 3.0], std: vec![1.0, 2.0, 4.0], ..Preprocess::plain(Colour::Bgr) };
        let pixel = Pixels { width: 1, height: 1, channels: 3, data: vec![11, 22, 33] };
        let tensor = rule.tensor(&pixel, &candle_core::Device::Cpu).unwrap();
        assert_eq!(tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap(), [32.0, 10.0, 2.0]);
    }
}
