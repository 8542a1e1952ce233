//! Values that move between channels and places.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::{At, Cost, Form, Op, OpDef, OpError, Operands, ParamDef, ParamType, Reach, Saved, Step, shape};
use crate::diagnostic::Code;
use crate::ir::TensorType;

pub static PIXEL_SHUFFLE: OpDef = OpDef {
    name: "pixel_shuffle",
    short: "pixel_shuffle",
    operands: Operands::Flow,
    params: &[ParamDef::required("factor", ParamType::Count, "how many times as high and wide")],
    summary: "Channels become rows and columns.",
    details: "From `[C * factor ** 2, H, W]` to `[C, H * factor, W * factor]`. Costs nothing. (Shi et al. 2016)",
    example: "input image[64, 32, 32]\nconv(12, 3) -> pixel_shuffle(2)\nexpect [3, 64, 64]",
    make: |args| Ok(Arc::new(PixelShuffle { factor: args.count("factor") })),
};

#[derive(Debug)]
struct PixelShuffle {
    factor: usize,
}

impl Op for PixelShuffle {
    fn def(&self) -> &'static OpDef {
        &PIXEL_SHUFFLE
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let [channels, height, width] = shape::image("pixel_shuffle", inputs[0])?;
        let area = self.factor.saturating_mul(self.factor);
        if !channels.is_multiple_of(area) {
            let factor = self.factor;
            return Err(OpError::sizes(format!(
                "`pixel_shuffle` by {factor} makes one channel of {area}, and {channels} is no multiple of that"
            ))
            .at(At::Arg("factor"))
            .at(At::Operand(0))
            .help(format!("a convolution before it gives `{area} * channels` of the result")));
        }
        Ok(TensorType::new([channels / area, height.saturating_mul(self.factor), width.saturating_mul(self.factor)]))
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn detail(&self) -> String {
        format!("by {}", self.factor)
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn reach(&self, _: &[&TensorType], _: &TensorType) -> Reach {
        let step = || Step::periodic(self.factor, 1, |_| [0, 0]);
        Reach::steps(step(), step())
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let (n, channels, height, width) = inputs[0].dims4()?;
        let factor = self.factor;
        let out = channels / (factor * factor);
        inputs[0]
            .contiguous()?
            .reshape(vec![n, out, factor, factor, height, width])?
            .permute(vec![0, 1, 4, 2, 5, 3])?
            .reshape((n, out, height * factor, width * factor))
    }
}

pub static CHANNEL_SHUFFLE: OpDef = OpDef {
    name: "channel_shuffle",
    short: "channel_shuffle",
    operands: Operands::Flow,
    params: &[ParamDef::required("groups", ParamType::Count, "parts that the channels fall into")],
    summary: "Takes channels from each group in turn.",
    details: "Channel `i` of group `g` comes to place `i * groups + g`. `groups` must divide the channels. Costs nothing. \
              (Zhang et al. 2018)",
    example: "input image[240, 28, 28]\nconv(240, 1, groups = 3) -> channel_shuffle(3)\nexpect [240, 28, 28]",
    make: |args| Ok(Arc::new(ChannelShuffle { groups: args.count("groups") })),
};

#[derive(Debug)]
struct ChannelShuffle {
    groups: usize,
}

impl Op for ChannelShuffle {
    fn def(&self) -> &'static OpDef {
        &CHANNEL_SHUFFLE
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let channels = shape::channels("channel_shuffle", inputs[0])?;
        if !channels.is_multiple_of(self.groups) {
            let groups = self.groups;
            return Err(OpError::new(
                Code::GROUPS,
                format!("`channel_shuffle` has {groups} groups, which do not divide the {channels} channels"),
            )
            .at(At::Arg("groups"))
            .at(At::Operand(0))
            .help("choose `groups` among the divisors of the number of channels"));
        }
        Ok(inputs[0].clone())
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn detail(&self) -> String {
        format!("groups {}", self.groups)
    }

    fn form(&self, inputs: &[&TensorType]) -> Form {
        let [channels, height, width] = *inputs[0].shape() else { return Form::Other };
        let each = channels / self.groups;
        let channels = (0..channels).map(|c| Some(c % self.groups * each + c / self.groups)).collect();
        let places = [channels, (0..height).map(Some).collect(), (0..width).map(Some).collect()];
        Form::Select { places, fill: 0.0 }
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let x = &inputs[0];
        let (n, channels) = (x.dim(0)?, x.dim(1)?);
        let grouped = x.contiguous()?.reshape((n, self.groups, channels / self.groups, ()))?;
        grouped.transpose(1, 2)?.reshape(x.shape())
    }
}
