//! Parts of a tensor, and more around it.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::lower::{Taps, place};
use super::window::by;
use super::{
    At, Cost, Default, Form, Op, OpDef, OpError, Operands, Padding, ParamDef, ParamType, Reach, Saved, Step, shape,
};
use crate::ir::TensorType;

pub static SLICE: OpDef = OpDef {
    name: "slice",
    short: "slice",
    operands: Operands::Flow,
    params: &[
        ParamDef::required("axis", ParamType::Int, "the axis that is cut; 1 is the channels"),
        ParamDef::required("start", ParamType::Int, "the first place"),
        ParamDef::optional("end", ParamType::Int, Default::Absent, "the place after the last; to the end where absent"),
    ],
    summary: "The places from `start` to before `end` along an axis.",
    details: "Places count from 0, negative ones from the end, as in Python; but a place outside and an empty slice are \
              errors. Costs nothing.",
    example: "input image[64, 14, 14]\nx1: slice(1, 0, 32)\nin -> slice(1, 32) -> conv(32, 3) -> concat(x1)\nexpect [64, 14, 14]",
    make: |args| {
        Ok(Arc::new(Slice { axis: args.int("axis"), start: args.int("start"), end: args.optional_int("end") }))
    },
};

#[derive(Debug)]
struct Slice {
    axis: i64,
    start: i64,
    end: Option<i64>,
}

impl Slice {
    /// The first place and how many there are, among `size` ones; none where the slice does not lie in them or is empty.
    fn range(&self, size: usize) -> Option<(usize, usize)> {
        let place = |value: i64| {
            let from_front = if value < 0 { value.saturating_add(size as i64) } else { value };
            usize::try_from(from_front).ok().filter(|place| *place <= size)
        };
        let start = place(self.start)?;
        let end = self.end.map_or(Some(size), place)?;
        (start < end).then(|| (start, end - start))
    }

    /// What is wrong with a slice that [`Slice::range`] has no places for.
    fn refuse(&self, size: usize, ty: &TensorType) -> OpError {
        let outside = |value: i64| value > size as i64 || value < -(size as i64);
        let (written, axis) = (self.written(), self.axis);
        let error = if outside(self.start) || self.end.is_some_and(outside) {
            let at = if outside(self.start) { "start" } else { "end" };
            OpError::sizes(format!("the slice from {written} leaves the {size} places along axis {axis} of {ty}"))
                .at(At::Arg(at))
        } else {
            OpError::sizes(format!(
                "the slice from {written} of the {size} places along axis {axis} of {ty} holds nothing"
            ))
            .at(At::Arg("start"))
        };
        error.at(At::Operand(0)).help(format!(
            "`start` comes before `end`; both lie between 0 and {size}, or count from the end as -1 does"
        ))
    }

    fn written(&self) -> String {
        match self.end {
            Some(end) => format!("{} to {end}", self.start),
            None => format!("{} to the end", self.start),
        }
    }
}

impl Op for Slice {
    fn def(&self) -> &'static OpDef {
        &SLICE
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let axis = shape::axis("axis", self.axis, inputs[0])?;
        let mut shape = inputs[0].shape().to_vec();
        let size = shape[axis.index];
        match self.range(size) {
            Some((_, len)) => {
                shape[axis.index] = len;
                Ok(inputs[0].with_shape(shape))
            }
            None => Err(self.refuse(size, inputs[0])),
        }
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn detail(&self) -> String {
        format!("axis {}, {}", self.axis, self.written())
    }

    fn form(&self, inputs: &[&TensorType]) -> Form {
        let axis = usize::try_from(if self.axis < 0 { self.axis + 3 } else { self.axis - 1 });
        let ([channels, height, width], Ok(axis @ 0..3)) = (inputs[0].shape(), axis) else { return Form::Other };
        let mut places = [*channels, *height, *width].map(|size| (0..size).map(Some).collect::<Vec<_>>());
        match self.range(places[axis].len()) {
            Some((start, len)) => places[axis] = (start..start + len).map(Some).collect(),
            None => return Form::Other,
        }
        Form::Select { places, fill: 0.0 }
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn reach(&self, inputs: &[&TensorType], _: &TensorType) -> Reach {
        let Ok(axis) = shape::axis("axis", self.axis, inputs[0]) else { return Reach::All };
        match (inputs[0].rank(), axis.index, self.range(inputs[0].shape()[axis.index])) {
            (3, index @ (1 | 2), Some((start, _))) => {
                let offset = |axis| Step::offset(if axis == index { start as i64 } else { 0 });
                Reach::Steps([offset(1), offset(2)])
            }
            _ => Reach::Same,
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let dim = inputs[0].normalize_axis(self.axis)?;
        match self.range(inputs[0].dim(dim)?) {
            Some((start, len)) => inputs[0].narrow(dim, start, len)?.contiguous(),
            None => candle_core::bail!("`slice` from {} leaves its tensor", self.written()),
        }
    }
}

pub static PAD: OpDef = OpDef {
    name: "pad",
    short: "pad",
    operands: Operands::Flow,
    params: &[
        ParamDef::optional("size", ParamType::Borders, Default::Int(0), "rows and columns around the image"),
        ParamDef::optional("channels", ParamType::Ends, Default::Int(0), "channels before and after"),
        ParamDef::optional("value", ParamType::Float, Default::Float(0.0), "what they hold"),
    ],
    summary: "Puts rows and columns around an image, or channels before and after.",
    details: "`size` is one number, `[h, w]` or `[top, bottom, left, right]`; `channels` is one number or `[before, after]`. \
              Without rows and columns the flow may have any rank. Costs nothing.",
    example: "input image[16, 32, 32]\npad([0, 1, 0, 1]) -> conv(16, 3, 2, pad = valid)\nexpect [16, 16, 16]\n\
              pad(channels = [8, 8])\nexpect [32, 16, 16]",
    make: |args| {
        let sides = match args.padding("size") {
            Padding::Explicit { top, bottom, left, right } => [[top, bottom], [left, right]],
            Padding::Half | Padding::Valid | Padding::SameUpper => {
                unreachable!("words are not of the type `Borders`")
            }
        };
        let [rows, columns] = sides;
        Ok(Arc::new(Pad { ends: [args.pair("channels"), rows, columns], value: args.float("value") }))
    },
};

#[derive(Debug)]
struct Pad {
    /// What is put before and after along the channels, rows and columns.
    ends: [[usize; 2]; 3],
    value: f64,
}

impl Op for Pad {
    fn def(&self) -> &'static OpDef {
        &PAD
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let only_channels = self.ends[1..] == [[0, 0]; 2];
        let mut shape = if only_channels {
            shape::channels("pad", inputs[0])?;
            inputs[0].shape().to_vec()
        } else {
            shape::image("pad", inputs[0])?.to_vec()
        };
        for (size, [before, after]) in shape.iter_mut().zip(self.ends) {
            *size = size.saturating_add(before).saturating_add(after);
        }
        Ok(inputs[0].with_shape(shape))
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn detail(&self) -> String {
        let named = ["channels", "rows", "columns"].into_iter().zip(self.ends);
        let parts = named.filter(|(_, ends)| *ends != [0, 0]).map(|(name, [before, after])| {
            if before == after { format!("{name} {before}") } else { format!("{name} {before} and {after}") }
        });
        parts.collect::<Vec<_>>().join(", ")
    }

    fn form(&self, inputs: &[&TensorType]) -> Form {
        let [channels, height, width] = *inputs[0].shape() else { return Form::Other };
        let sizes = [channels, height, width];
        let none = |count: usize| std::iter::repeat_n(None, count);
        let places = [0, 1, 2].map(|axis| {
            let [before, after] = self.ends[axis];
            none(before).chain((0..sizes[axis]).map(Some)).chain(none(after)).collect()
        });
        Form::Select { places, fill: self.value as f32 }
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn reach(&self, inputs: &[&TensorType], _: &TensorType) -> Reach {
        if inputs[0].rank() != 3 {
            return Reach::Same;
        }
        Reach::Steps([self.ends[1], self.ends[2]].map(|[before, _]| Step::offset(-(before as i64))))
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let mut x = inputs[0].clone();
        for (index, [before, after]) in self.ends.into_iter().enumerate() {
            if before + after > 0 {
                let len = before + x.dim(1 + index)? + after;
                x = place(&x, 1 + index, before as i64, len, self.value)?;
            }
        }
        Ok(x)
    }
}

pub static SUBSAMPLE: OpDef = OpDef {
    name: "subsample",
    short: "subsample",
    operands: Operands::Flow,
    params: &[ParamDef::required("stride", ParamType::Pair, "the step between the rows and columns that stay")],
    summary: "Every so many rows and columns of an image.",
    details: "`x[:, :, ::h, ::w]`: from `[C, H, W]` to `[C, ceil(H / h), ceil(W / w)]`. Costs nothing.",
    example: "input image[16, 32, 32]\nsubsample(2) -> pad(channels = [8, 8])\nexpect [32, 16, 16]",
    make: |args| Ok(Arc::new(Subsample { stride: args.pair("stride") })),
};

#[derive(Debug)]
struct Subsample {
    stride: [usize; 2],
}

impl Op for Subsample {
    fn def(&self) -> &'static OpDef {
        &SUBSAMPLE
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let [channels, height, width] = shape::image("subsample", inputs[0])?;
        Ok(TensorType::new([channels, height.div_ceil(self.stride[0]), width.div_ceil(self.stride[1])]))
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn detail(&self) -> String {
        format!("by {}", by(self.stride))
    }

    fn form(&self, inputs: &[&TensorType]) -> Form {
        let [channels, height, width] = *inputs[0].shape() else { return Form::Other };
        let each = |size: usize, stride: usize| (0..size).step_by(stride).map(Some).collect();
        let places = [each(channels, 1), each(height, self.stride[0]), each(width, self.stride[1])];
        Form::Select { places, fill: 0.0 }
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn reach(&self, _: &[&TensorType], _: &TensorType) -> Reach {
        Reach::Steps(self.stride.map(|stride| Step::slide(stride, 0, 1)))
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let (_, _, height, width) = inputs[0].dims4()?;
        let out = [height.div_ceil(self.stride[0]), width.div_ceil(self.stride[1])];
        Taps::new(&inputs[0], self.stride, out)?.tap([0, 0])
    }
}
