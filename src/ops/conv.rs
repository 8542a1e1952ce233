//! Convolutions over rows and columns.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::lower::{Taps, per_channel, place, refused};
use super::window::Frame;
use super::{
    Args, At, Cost, Default, Form, Init, Op, OpDef, OpError, Operands, ParamDef, ParamType, Reach, WeightSpec, Window,
    shape,
};
use crate::diagnostic::Code;
use crate::ir::TensorType;

pub static CONV: OpDef = OpDef {
    name: "conv",
    short: "conv",
    operands: Operands::Flow,
    params: &[
        ParamDef::required("out", ParamType::Count, "channels of the result"),
        ParamDef::required("kernel", ParamType::Pair, "size of the window"),
        ParamDef::optional("stride", ParamType::Pair, Default::Int(1), "step of the window"),
        ParamDef::optional("pad", ParamType::Padding, Default::Word("half"), "zeros around the image"),
        ParamDef::optional("dilation", ParamType::Pair, Default::Int(1), "step between the window's values"),
        ParamDef::optional("groups", ParamType::Count, Default::Int(1), "parts that the channels fall into"),
        ParamDef::optional(
            "bias",
            ParamType::Bool,
            Default::Bool(true),
            "whether a learned value is added per channel",
        ),
    ],
    summary: "Convolution of an image.",
    details: "From `[C, H, W]` to `[out, H', W']` with `H' = floor((H + pads - dilation * (kernel - 1) - 1) / stride) + 1`, \
              likewise `W'`. `pad = half` pads `dilation * (kernel - 1) / 2` on each side, so that a stride of 1 keeps the \
              size; it is an error for an even kernel. `valid` pads nothing; `same_upper` is TensorFlow's SAME, the odd row \
              and column below and right. `groups` must divide `C` and `out`. Weights: `weight [out, C / groups, kh, kw]`, \
              `bias [out]`.\n\nMACs: `out * H' * W' * C / groups * kh * kw`; FLOPs: two for each, one for each result \
              where there is a bias.",
    example: "input image[3, 224, 224]\nconv(64, 7, 2, bias = false)\nexpect [64, 112, 112]\nconv(64, [1, 7], groups = 4)",
    make: |args| {
        let kind = Kind::Grouped { out: args.count("out"), groups: args.count("groups") };
        Ok(Arc::new(Conv { kind, window: window(args), bias: args.bool("bias") }))
    },
};

pub static DEPTHWISE_CONV: OpDef = OpDef {
    name: "depthwise_conv",
    short: "conv",
    operands: Operands::Flow,
    params: &[
        ParamDef::required("kernel", ParamType::Pair, "size of the window"),
        ParamDef::optional("stride", ParamType::Pair, Default::Int(1), "step of the window"),
        ParamDef::optional("pad", ParamType::Padding, Default::Word("half"), "zeros around the image"),
        ParamDef::optional("dilation", ParamType::Pair, Default::Int(1), "step between the window's values"),
        ParamDef::optional("multiplier", ParamType::Count, Default::Int(1), "channels made of each one"),
        ParamDef::optional(
            "bias",
            ParamType::Bool,
            Default::Bool(true),
            "whether a learned value is added per channel",
        ),
    ],
    summary: "Convolution of each channel on its own.",
    details: "As `conv(C * multiplier, kernel, ..., groups = C)` on an image of `C` channels, and named like it: an \
              unlabelled one is a `conv`. Weights: `weight [C * multiplier, 1, kh, kw]`, `bias [C * multiplier]`.\n\n\
              MACs: `C * multiplier * H' * W' * kh * kw`; FLOPs: two for each, one for each result where there is a bias.",
    example: "input image[32, 112, 112]\ndepthwise_conv(3, 2, bias = false) -> bn -> relu\nexpect [32, 56, 56]\nconv(64, 1)",
    make: |args| {
        let kind = Kind::Depthwise { multiplier: args.count("multiplier") };
        Ok(Arc::new(Conv { kind, window: window(args), bias: args.bool("bias") }))
    },
};

fn window(args: &Args) -> Window {
    Window {
        kernel: args.pair("kernel"),
        stride: args.pair("stride"),
        dilation: args.pair("dilation"),
        padding: args.padding("pad"),
        ceil_mode: false,
    }
}

#[derive(Debug)]
struct Conv {
    kind: Kind,
    window: Window,
    bias: bool,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Grouped { out: usize, groups: usize },
    Depthwise { multiplier: usize },
}

impl Conv {
    /// The channels of the result, and the groups, for so many channels.
    fn channels(&self, input: usize) -> (usize, usize) {
        match self.kind {
            Kind::Grouped { out, groups } => (out, groups),
            Kind::Depthwise { multiplier } => (input.saturating_mul(multiplier), input),
        }
    }

    /// The shape of the weight for so many channels.
    fn weight(&self, input: usize) -> [usize; 4] {
        let (out, groups) = self.channels(input);
        [out, input / groups, self.window.kernel[0], self.window.kernel[1]]
    }
}

impl Op for Conv {
    fn def(&self) -> &'static OpDef {
        match self.kind {
            Kind::Grouped { .. } => &CONV,
            Kind::Depthwise { .. } => &DEPTHWISE_CONV,
        }
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let op = self.def().name;
        let [channels, height, width] = shape::image(op, inputs[0])?;
        let (out, groups) = self.channels(channels);
        check_groups(op, groups, channels, out)?;
        let frame = self.window.resolve(op, [height, width])?;
        Ok(TensorType::new([out, frame.out[0], frame.out[1]]))
    }

    fn weights(&self, inputs: &[&TensorType]) -> Vec<WeightSpec> {
        let shape = self.weight(inputs[0].shape()[0]);
        let init = Init::fan_in(shape[1..].iter().fold(1, |product: usize, size| product.saturating_mul(*size)));
        let mut weights = vec![WeightSpec::new("weight", shape, init)];
        if self.bias {
            weights.push(WeightSpec::new("bias", [shape[0]], init));
        }
        weights
    }

    fn cost(&self, inputs: &[&TensorType], output: &TensorType) -> Cost {
        let per_result = self.weight(inputs[0].shape()[0])[1] as u64;
        let macs = output.elements().saturating_mul(per_result.saturating_mul(self.window.area()));
        Cost::macs(macs, if self.bias { output.elements() } else { 0 })
    }

    fn detail(&self) -> String {
        let window = self.window.detail();
        match self.kind {
            Kind::Grouped { groups: 1, .. } | Kind::Depthwise { multiplier: 1 } => window,
            Kind::Grouped { groups, .. } => format!("{window}, groups {groups}"),
            Kind::Depthwise { multiplier } => format!("{window}, multiplier {multiplier}"),
        }
    }

    fn form(&self, inputs: &[&TensorType]) -> Form {
        let [channels, height, width] = *inputs[0].shape() else { return Form::Other };
        match self.window.resolve(self.def().name, [height, width]) {
            Ok(frame) => Form::Conv { window: self.window, frame, groups: self.channels(channels).1 },
            Err(_) => Form::Other,
        }
    }

    fn reach(&self, inputs: &[&TensorType], _: &TensorType) -> Reach {
        let [_, height, width] = *inputs[0].shape() else { return Reach::All };
        match self.window.resolve(self.def().name, [height, width]) {
            Ok(frame) => Reach::window(&self.window, &frame),
            Err(_) => Reach::All,
        }
    }

    fn forward(&self, inputs: &[Tensor], weights: &[Tensor]) -> CandleResult<Tensor> {
        let (_, channels, height, width) = inputs[0].dims4()?;
        let frame = self.window.resolve(self.def().name, [height, width]).map_err(refused)?;
        let (_, groups) = self.channels(channels);
        let y = convolve(&inputs[0], &weights[0], &self.window, frame, groups)?;
        match weights.get(1) {
            Some(bias) => y.broadcast_add(&per_channel(bias, 4)?),
            None => Ok(y),
        }
    }
}

/// Holds where the groups divide the channels on both sides.
pub(super) fn check_groups(op: &str, groups: usize, input: usize, out: usize) -> Result<(), OpError> {
    let (count, side, place) = if !input.is_multiple_of(groups) {
        (input, "come in", At::Operand(0))
    } else if !out.is_multiple_of(groups) {
        (out, "go out", At::Arg("out"))
    } else {
        return Ok(());
    };
    Err(OpError::new(
        Code::GROUPS,
        format!("`{op}` has {groups} groups, which do not divide the {count} channels that {side}"),
    )
    .at(At::Arg("groups"))
    .at(place)
    .help(format!("choose `groups` to divide both the {input} channels that come in and the {out} that go out")))
}

fn convolve(x: &Tensor, weight: &Tensor, window: &Window, frame: Frame, groups: usize) -> CandleResult<Tensor> {
    let (_, channels, height, width) = x.dims4()?;
    let input = [height, width];
    let extent = window.extent();
    // One place is reached at any stride.
    let stride = [0, 1].map(|axis| if frame.out[axis] == 1 { 1 } else { window.stride[axis] });
    let depthwise = groups == channels && groups > 1;
    let even = stride[0] == stride[1] && window.dilation[0] == window.dilation[1];
    // What the windows cover, first to last; rows and columns after it are not looked at.
    let reach = [0, 1].map(|axis| (frame.out[axis] - 1) * stride[axis] + extent[axis]);
    let left_over = [0, 1].map(|axis| input[axis] + frame.pads[axis][0] + frame.pads[axis][1] - reach[axis]);
    let pad = frame.pads[0][0];
    // The gradient of candle's convolution needs as much left over below as on the right.
    let plain = frame.pads == [[pad; 2]; 2] && left_over[0] == left_over[1] && left_over[0] < stride[0];
    if !depthwise && even && plain {
        return x.conv2d(weight, pad, stride[0], window.dilation[0], groups);
    }
    let x = place(x, 2, frame.pads[0][0] as i64, reach[0], 0.0)?;
    let x = place(&x, 3, frame.pads[1][0] as i64, reach[1], 0.0)?;
    if depthwise {
        return convolve_channels(&x, weight, window, stride, frame.out);
    }
    if even {
        return x.conv2d(weight, 0, stride[0], window.dilation[0], groups);
    }
    convolve_rows(&x, weight, window, stride, frame.out, groups)
}

/// Each channel on its own, as a sum over the window's places.
fn convolve_channels(
    x: &Tensor,
    weight: &Tensor,
    window: &Window,
    stride: [usize; 2],
    out: [usize; 2],
) -> CandleResult<Tensor> {
    let (n, channels, height, width) = x.dims4()?;
    let results = weight.dim(0)?;
    let multiplier = results / channels;
    let x = match multiplier {
        1 => x.clone(),
        _ => x
            .unsqueeze(2)?
            .broadcast_as(vec![n, channels, multiplier, height, width])?
            .reshape((n, results, height, width))?,
    };
    let [kh, kw] = window.kernel;
    let per_place = weight.reshape((results, kh * kw))?.t()?.contiguous()?;
    let taps = Taps::new(&x, stride, out)?;
    let mut sum: Option<Tensor> = None;
    for place in 0..kh * kw {
        let offset = [place / kw * window.dilation[0], place % kw * window.dilation[1]];
        let term = taps.tap(offset)?.broadcast_mul(&per_channel(&per_place.get(place)?, 4)?)?;
        sum = Some(match sum {
            Some(sum) => (sum + term)?,
            None => term,
        });
    }
    Ok(sum.expect("a kernel has one place at least"))
}

/// With strides or dilations that differ between rows and columns: the kernel's rows become channels of one-row images,
/// which leaves a convolution along the columns.
fn convolve_rows(
    x: &Tensor,
    weight: &Tensor,
    window: &Window,
    stride: [usize; 2],
    out: [usize; 2],
    groups: usize,
) -> CandleResult<Tensor> {
    let (n, channels, _, width) = x.dims4()?;
    let (results, per_group, kh, kw) = weight.dims4()?;
    let taps = Taps::new(x, [stride[0], 1], [out[0], width])?;
    let rows = (0..kh).map(|row| taps.tap([row * window.dilation[0], 0])).collect::<CandleResult<Vec<_>>>()?;
    // [N, C, kh, H', W] to [N, H', C, kh, W]
    let rows = Tensor::stack(&rows, 2)?.permute([0, 3, 1, 2, 4])?.contiguous()?;
    let rows = rows.reshape((n * out[0], channels * kh, 1, width))?;
    let weight = weight.reshape((results, per_group * kh, 1, kw))?;
    let y = rows.conv2d(&weight, 0, stride[1], window.dilation[1], groups)?;
    y.reshape((n, out[0], results, out[1]))?.transpose(1, 2)?.contiguous()
}
