//! Larger images by interpolation.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::lower::along;
use super::window::by;
use super::{Cost, Default, Form, Op, OpDef, OpError, Operands, ParamDef, ParamType, Reach, Saved, Step, gcd, shape};
use crate::ir::TensorType;

pub static UPSAMPLE: OpDef = OpDef {
    name: "upsample",
    short: "upsample",
    operands: Operands::Flow,
    params: &[
        ParamDef::optional("scale", ParamType::Pair, Default::Int(2), "how many times as large"),
        ParamDef::optional(
            "mode",
            ParamType::Word(&["nearest", "bilinear"]),
            Default::Word("nearest"),
            "how values in between are found",
        ),
        ParamDef::optional(
            "align_corners",
            ParamType::Bool,
            Default::Bool(false),
            "for `bilinear`: whether corner pixels keep their places, rather than corners of the image",
        ),
    ],
    summary: "The image enlarged a whole number of times.",
    details: "From `[C, H, W]` to `[C, H * h, W * w]` for `scale = [h, w]`, as PyTorch's `Upsample`.\n\n\
              FLOPs: none for `nearest`; seven for each result for `bilinear`, four factors and three sums.",
    example: "input image[256, 14, 14]\nupsample\nexpect [256, 28, 28]\nupsample(2, mode = \"bilinear\")\nexpect [256, 56, 56]",
    make: |args| {
        let bilinear = args.word("mode") == "bilinear";
        let align_corners = args.bool("align_corners");
        if align_corners && !bilinear {
            return Err(OpError::argument("align_corners", "`align_corners` means something for `bilinear` alone")
                .help("give `mode = \"bilinear\"` too, or leave it out"));
        }
        let mode = if bilinear { Mode::Bilinear { align_corners } } else { Mode::Nearest };
        Ok(Arc::new(Upsample { scale: args.pair("scale"), mode }))
    },
};

#[derive(Debug)]
struct Upsample {
    scale: [usize; 2],
    mode: Mode,
}

#[derive(Clone, Copy, Debug)]
enum Mode {
    Nearest,
    Bilinear { align_corners: bool },
}

impl Op for Upsample {
    fn def(&self) -> &'static OpDef {
        &UPSAMPLE
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let [channels, height, width] = shape::image("upsample", inputs[0])?;
        Ok(TensorType::new([channels, height.saturating_mul(self.scale[0]), width.saturating_mul(self.scale[1])]))
    }

    fn cost(&self, _: &[&TensorType], output: &TensorType) -> Cost {
        match self.mode {
            Mode::Nearest => Cost::FREE,
            Mode::Bilinear { .. } => Cost::each(output.elements(), 7),
        }
    }

    fn detail(&self) -> String {
        let mode = match self.mode {
            Mode::Nearest => "nearest",
            Mode::Bilinear { align_corners: false } => "bilinear",
            Mode::Bilinear { align_corners: true } => "bilinear, align_corners",
        };
        format!("by {}, {mode}", by(self.scale))
    }

    fn form(&self, inputs: &[&TensorType]) -> Form {
        let ([channels, height, width], Mode::Nearest) = (inputs[0].shape(), self.mode) else { return Form::Other };
        let times = |size: usize, scale: usize| (0..size * scale).map(|place| Some(place / scale)).collect();
        let places = [times(*channels, 1), times(*height, self.scale[0]), times(*width, self.scale[1])];
        Form::Select { places, fill: 0.0 }
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn reach(&self, inputs: &[&TensorType], _: &TensorType) -> Reach {
        let [rows, columns] = [0, 1].map(|axis| {
            let (scale, size) = (self.scale[axis], inputs[0].shape()[1 + axis]);
            match self.mode {
                Mode::Nearest => Step::periodic(scale, 1, |_| [0, 0]),
                Mode::Bilinear { align_corners: false } => Step::periodic(scale, 1, |place| {
                    // The centre of this place lies at `(2 * place + 1 - scale) / (2 * scale)`.
                    let (twice, whole) = (2 * place + 1 - scale as i64, 2 * scale as i64);
                    [twice.div_euclid(whole), (twice + whole - 1).div_euclid(whole)]
                }),
                Mode::Bilinear { align_corners: true } => {
                    let (from, to) = (size as i64 - 1, (size * scale) as i64 - 1);
                    let parts = gcd(from as usize, to as usize).max(1);
                    if from == 0 {
                        return Step::periodic(scale, 1, |_| [0, 0]);
                    }
                    Step::periodic(to as usize / parts, from as usize / parts, |place| {
                        [(place * from).div_euclid(to), (place * from + to - 1).div_euclid(to)]
                    })
                }
            }
        });
        Reach::steps(rows, columns)
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        match self.mode {
            Mode::Nearest => {
                let (n, c, h, w) = inputs[0].dims4()?;
                let [sh, sw] = self.scale;
                let pixels = inputs[0].contiguous()?.reshape(vec![n, c, h, 1, w, 1])?;
                pixels.broadcast_as(vec![n, c, h, sh, w, sw])?.reshape((n, c, h * sh, w * sw))
            }
            Mode::Bilinear { align_corners } => {
                let rows = stretch(&inputs[0], 2, self.scale[0], align_corners)?;
                stretch(&rows, 3, self.scale[1], align_corners)
            }
        }
    }
}

/// Interpolates along one axis.
fn stretch(x: &Tensor, dim: usize, scale: usize, align_corners: bool) -> CandleResult<Tensor> {
    let size = x.dim(dim)?;
    let out = size * scale;
    // Computed in float32, as PyTorch does it.
    let step = match align_corners {
        true if out == 1 => 0.0,
        true => (size - 1) as f32 / (out - 1) as f32,
        false => 1.0 / scale as f32,
    };
    let mut first = Vec::with_capacity(out);
    let mut second = Vec::with_capacity(out);
    let mut share = Vec::with_capacity(out);
    for place in 0..out {
        let source = if align_corners { place as f32 * step } else { ((place as f32 + 0.5) * step - 0.5).max(0.0) };
        let below = (source as usize).min(size - 1);
        first.push(below as u32);
        second.push((below + 1).min(size - 1) as u32);
        share.push((source - below as f32).clamp(0.0, 1.0));
    }
    let x = x.contiguous()?;
    let device = x.device();
    let first = x.index_select(&Tensor::new(first, device)?, dim)?;
    let second = x.index_select(&Tensor::new(second, device)?, dim)?;
    let share = along(&Tensor::new(share, device)?.to_dtype(x.dtype())?, dim, 4)?;
    &first + (second - &first)?.broadcast_mul(&share)?
}
