//! Transposed convolutions, which enlarge an image.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::conv::check_groups;
use super::lower::{per_channel, place, refused};
use super::window::LINES;
use super::{
    At, Cost, Default, Init, Op, OpDef, OpError, Operands, Padding, ParamDef, ParamType, Reach, Step, WeightSpec,
    Window, shape,
};
use crate::ir::TensorType;

pub static CONV_TRANSPOSE: OpDef = OpDef {
    name: "conv_transpose",
    short: "conv_transpose",
    operands: Operands::Flow,
    params: &[
        ParamDef::required("out", ParamType::Count, "channels of the result"),
        ParamDef::required("kernel", ParamType::Pair, "size of the window"),
        ParamDef::optional("stride", ParamType::Pair, Default::Int(1), "how far apart the window is put down"),
        ParamDef::optional("pad", ParamType::Borders, Default::Int(0), "rows and columns cut off around the result"),
        ParamDef::optional(
            "output_pad",
            ParamType::Margins,
            Default::Int(0),
            "rows below and columns on the right more",
        ),
        ParamDef::optional("groups", ParamType::Count, Default::Int(1), "parts that the channels fall into"),
        ParamDef::optional(
            "bias",
            ParamType::Bool,
            Default::Bool(true),
            "whether a learned value is added per channel",
        ),
        ParamDef::optional("dilation", ParamType::Pair, Default::Int(1), "step between the window's values"),
    ],
    summary: "Transposed convolution of an image.",
    details: "From `[C, H, W]` to `[out, H', W']` with `H' = (H - 1) * stride - pads + dilation * (kernel - 1) + output_pad \
              + 1`, likewise `W'`. `output_pad` is smaller than the stride or the dilation. `groups` must divide `C` and \
              `out`. Weights: `weight [C, out / groups, kh, kw]`, `bias [out]`.\n\n\
              MACs: `C * H * W * out / groups * kh * kw`; FLOPs: two for each, one for each result where there is a bias.",
    example: "input image[256, 14, 14]\nconv_transpose(128, 2, 2)\nexpect [128, 28, 28]\nconv_transpose(64, 4, 2, pad = 1)\n\
              expect [64, 56, 56]",
    make: |args| {
        let op = ConvTranspose {
            out: args.count("out"),
            window: Window {
                kernel: args.pair("kernel"),
                stride: args.pair("stride"),
                dilation: args.pair("dilation"),
                padding: args.padding("pad"),
                ceil_mode: false,
            },
            output_pad: args.pair("output_pad"),
            groups: args.count("groups"),
            bias: args.bool("bias"),
        };
        op.check_output_pad()?;
        Ok(Arc::new(op))
    },
};

#[derive(Debug)]
struct ConvTranspose {
    out: usize,
    /// Its padding is [`Padding::Explicit`].
    window: Window,
    output_pad: [usize; 2],
    groups: usize,
    bias: bool,
}

impl ConvTranspose {
    fn check_output_pad(&self) -> Result<(), OpError> {
        for (axis, lines) in LINES.into_iter().enumerate() {
            let (pad, stride, dilation) = (self.output_pad[axis], self.window.stride[axis], self.window.dilation[axis]);
            if pad >= stride.max(dilation) {
                return Err(OpError::argument(
                    "output_pad",
                    format!(
                        "`output_pad` is {pad} {lines}, and must be smaller than the stride {stride} or the dilation {dilation}"
                    ),
                )
                .help("it chooses among the sizes that a convolution of this stride would map to the input's"));
            }
        }
        Ok(())
    }

    /// `[[top, bottom], [left, right]]`
    fn pads(&self) -> [[usize; 2]; 2] {
        match self.window.padding {
            Padding::Explicit { top, bottom, left, right } => [[top, bottom], [left, right]],
            Padding::Half | Padding::Valid | Padding::SameUpper => {
                unreachable!("words are not of the type `Borders`")
            }
        }
    }

    /// What all windows cover, first to last, and `output_pad`: the result before the pads are cut off.
    fn canvas(&self, input: [usize; 2]) -> [usize; 2] {
        let extent = self.window.extent();
        [0, 1].map(|axis| {
            let starts = (input[axis] - 1).saturating_mul(self.window.stride[axis]);
            starts.saturating_add(extent[axis]).saturating_add(self.output_pad[axis])
        })
    }

    fn size(&self, input: [usize; 2]) -> Result<[usize; 2], OpError> {
        let canvas = self.canvas(input);
        let mut size = [0, 0];
        for (axis, [before, after]) in self.pads().into_iter().enumerate() {
            let cut = before.saturating_add(after);
            size[axis] = match canvas[axis].checked_sub(cut) {
                Some(left) if left > 0 => left,
                _ => {
                    let (lines, all) = (LINES[axis], canvas[axis]);
                    return Err(OpError::sizes(format!(
                        "`conv_transpose` makes {all} {lines}, and `pad` cuts off {cut}"
                    ))
                    .at(At::Arg("pad"))
                    .at(At::Operand(0))
                    .help("`pad` takes away from a transposed convolution's result; make it smaller"));
                }
            };
        }
        Ok(size)
    }
}

impl Op for ConvTranspose {
    fn def(&self) -> &'static OpDef {
        &CONV_TRANSPOSE
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let [channels, height, width] = shape::image("conv_transpose", inputs[0])?;
        check_groups("conv_transpose", self.groups, channels, self.out)?;
        let [height, width] = self.size([height, width])?;
        Ok(TensorType::new([self.out, height, width]))
    }

    fn weights(&self, inputs: &[&TensorType]) -> Vec<WeightSpec> {
        let per_group = self.out / self.groups;
        let [kh, kw] = self.window.kernel;
        // PyTorch takes the second dimension for the fan-in here too.
        let init = Init::fan_in(per_group.saturating_mul(kh).saturating_mul(kw));
        let mut weights = vec![WeightSpec::new("weight", [inputs[0].shape()[0], per_group, kh, kw], init)];
        if self.bias {
            weights.push(WeightSpec::new("bias", [self.out], init));
        }
        weights
    }

    fn cost(&self, inputs: &[&TensorType], output: &TensorType) -> Cost {
        let per_value = ((self.out / self.groups) as u64).saturating_mul(self.window.area());
        let macs = inputs[0].elements().saturating_mul(per_value);
        Cost::macs(macs, if self.bias { output.elements() } else { 0 })
    }

    fn detail(&self) -> String {
        let window = self.window.detail();
        if self.groups == 1 { window } else { format!("{window}, groups {}", self.groups) }
    }

    fn reach(&self, _: &[&TensorType], _: &TensorType) -> Reach {
        let (extent, pads) = (self.window.extent(), self.pads());
        let [rows, columns] = [0, 1].map(|axis| Step::spread(self.window.stride[axis], pads[axis][0], extent[axis]));
        Reach::steps(rows, columns)
    }

    /// Each place of the window gives an image, whose pixels are spread by the stride and moved to that place; the
    /// result is their sum.
    fn forward(&self, inputs: &[Tensor], weights: &[Tensor]) -> CandleResult<Tensor> {
        let (n, channels, height, width) = inputs[0].dims4()?;
        let [kh, kw] = self.window.kernel;
        let (groups, pixels, places) = (self.groups, height * width, kh * kw);
        let x = inputs[0].contiguous()?.reshape((n, groups, channels / groups, pixels))?;
        let weight = weights[0].reshape((groups, channels / groups, self.out / groups * places))?.transpose(1, 2)?;
        let images = weight.unsqueeze(0)?.broadcast_matmul(&x)?;
        let images = images.reshape(vec![n, self.out, places, height, width])?;
        let size = self.size([height, width]).map_err(refused)?;
        let pads = self.pads();
        let mut sum: Option<Tensor> = None;
        for index in 0..places {
            let offset = [index / kw, index % kw];
            let mut image = images.narrow(2, index, 1)?.squeeze(2)?.contiguous()?;
            for axis in [0, 1] {
                let at = (offset[axis] * self.window.dilation[axis]) as i64 - pads[axis][0] as i64;
                image = place(&spread(&image, 2 + axis, self.window.stride[axis])?, 2 + axis, at, size[axis], 0.0)?;
            }
            sum = Some(match sum {
                Some(sum) => (sum + image)?,
                None => image,
            });
        }
        let y = sum.expect("a kernel has one place at least");
        match weights.get(1) {
            Some(bias) => y.broadcast_add(&per_channel(bias, 4)?),
            None => Ok(y),
        }
    }
}

/// Puts `stride - 1` zeros between the slices along `dim`.
fn spread(x: &Tensor, dim: usize, stride: usize) -> CandleResult<Tensor> {
    let len = x.dim(dim)?;
    if stride == 1 || len == 1 {
        return Ok(x.clone());
    }
    let mut shape = x.dims().to_vec();
    shape[dim] = len * stride;
    let x = place(&x.unsqueeze(dim + 1)?, dim + 1, 0, stride, 0.0)?;
    x.reshape(shape)?.narrow(dim, 0, (len - 1) * stride + 1)
}
