//! An image for the input of one network: prepared as its weights want it, in the size that the network takes.

use candle_core::{Device, Tensor};

use super::{Pixels, Preprocess};
use crate::diagnostic::{Code, Diagnostic};

/// How photos become the input of one network.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageInput {
    rule: Preprocess,
    /// `[channels, height, width]`
    shape: [usize; 3],
}

impl ImageInput {
    /// `rule` is changed to the input's size where it makes another; `network` is for messages.
    ///
    /// # Errors
    /// `E0605` for a rule whose colours are not the input's channels.
    pub fn new(rule: &Preprocess, shape: [usize; 3], network: &str) -> Result<ImageInput, Diagnostic> {
        let [channels, height, width] = shape;
        let made = rule.colour.channels();
        if made != channels {
            let message = format!("images are made with {made} channels, and `{network}` takes {channels}");
            return Err(Diagnostic::error(Code::BAD_WEIGHTS_ITEM, message)
                .help("`grey` makes 1 channel, `rgb` and `bgr` make 3"));
        }
        Ok(ImageInput { rule: rule.for_input([height, width]), shape })
    }

    /// How photos are prepared.
    pub fn rule(&self) -> &Preprocess {
        &self.rule
    }

    /// What the network sees of a photo, on the CPU: float32 `[1, channels, height, width]`. `name` is for messages.
    ///
    /// # Errors
    /// `E0604` where the photo does not come out in the size that the network takes.
    pub fn prepare(&self, photo: &Pixels, name: &str) -> Result<Tensor, Diagnostic> {
        let pixels = self.rule.pixels(photo, name)?;
        let [_, height, width] = self.shape;
        if (pixels.width, pixels.height) != (width, height) {
            let message = format!(
                "can't use the image `{name}`: it is {}x{} pixels, and the network takes {width}x{height}",
                pixels.width, pixels.height
            );
            return Err(Diagnostic::error(Code::BAD_IMAGE, message)
                .help(format!("give the `weights` item a size, as in `image resize [{height}, {width}] bilinear`")));
        }
        self.rule
            .tensor(&pixels, &Device::Cpu)
            .map_err(|error| Diagnostic::error(Code::BAD_IMAGE, format!("can't use the image `{name}`: {error}")))
    }
}
