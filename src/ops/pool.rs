//! Pools over windows.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::lower::{Taps, larger, place, refused};
use super::window::Frame;
use super::{
    Args, Cost, Default, Form, Op, OpDef, OpError, Operands, ParamDef, ParamType, Reach, Saved, Window, shape,
};
use crate::ir::TensorType;

const KERNEL: ParamDef = ParamDef::required("kernel", ParamType::Pair, "size of the window");
const STRIDE: ParamDef = ParamDef::optional(
    "stride",
    ParamType::Pair,
    Default::Same("kernel"),
    "step of the window; the kernel where absent",
);
const CEIL_MODE: ParamDef = ParamDef::optional(
    "ceil_mode",
    ParamType::Bool,
    Default::Bool(false),
    "whether a last window that hangs over the end counts",
);

pub static MAX_POOL: OpDef = OpDef {
    name: "max_pool",
    short: "max_pool",
    operands: Operands::Flow,
    params: &[
        KERNEL,
        STRIDE,
        ParamDef::optional(
            "pad",
            ParamType::Padding,
            Default::Int(0),
            "rows and columns around the image that never win",
        ),
        ParamDef::optional("dilation", ParamType::Pair, Default::Int(1), "step between the window's values"),
        CEIL_MODE,
    ],
    summary: "The largest value in each window.",
    details: "From `[C, H, W]` to `[C, H', W']`, sizes as in `conv`. Padding is at most half of the window and never wins. \
              With `ceil_mode` sizes are rounded up; a last window may hang over the end but not start in the padding \
              there, as in PyTorch.\n\nFLOPs: `kh * kw` for each result.",
    example: "input image[64, 112, 112]\nmax_pool(3, 2, pad = 1)\nexpect [64, 56, 56]\nmax_pool(2)",
    make: |args| Ok(Arc::new(Pool { kind: Kind::Max, window: window(args, args.pair("dilation")) })),
};

pub static AVG_POOL: OpDef = OpDef {
    name: "avg_pool",
    short: "avg_pool",
    operands: Operands::Flow,
    params: &[
        KERNEL,
        STRIDE,
        ParamDef::optional("pad", ParamType::Padding, Default::Int(0), "zeros around the image"),
        CEIL_MODE,
        ParamDef::optional(
            "count_include_pad",
            ParamType::Bool,
            Default::Bool(true),
            "whether the padding's zeros count in the mean",
        ),
    ],
    summary: "The mean of each window.",
    details: "From `[C, H, W]` to `[C, H', W']`, sizes as in `max_pool`. What hangs over the padded image under `ceil_mode` \
              never counts in the mean. TensorFlow's SAME is `pad = same_upper, count_include_pad = false`.\n\n\
              FLOPs: `kh * kw` for each result.",
    example: "input image[64, 28, 28]\navg_pool(3, 1, pad = 1, count_include_pad = false)\nexpect [64, 28, 28]",
    make: |args| {
        let kind = Kind::Average { count_pads: args.bool("count_include_pad") };
        Ok(Arc::new(Pool { kind, window: window(args, [1, 1]) }))
    },
};

fn window(args: &Args, dilation: [usize; 2]) -> Window {
    Window {
        kernel: args.pair("kernel"),
        stride: args.pair("stride"),
        dilation,
        padding: args.padding("pad"),
        ceil_mode: args.bool("ceil_mode"),
    }
}

#[derive(Debug)]
struct Pool {
    kind: Kind,
    window: Window,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Max,
    Average { count_pads: bool },
}

impl Op for Pool {
    fn def(&self) -> &'static OpDef {
        match self.kind {
            Kind::Max => &MAX_POOL,
            Kind::Average { .. } => &AVG_POOL,
        }
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let op = self.def().name;
        let [channels, height, width] = shape::image(op, inputs[0])?;
        let frame = self.window.resolve_pool(op, [height, width])?;
        Ok(TensorType::new([channels, frame.out[0], frame.out[1]]))
    }

    fn cost(&self, _: &[&TensorType], output: &TensorType) -> Cost {
        Cost::each(output.elements(), self.window.area())
    }

    fn detail(&self) -> String {
        self.window.detail()
    }

    fn form(&self, inputs: &[&TensorType]) -> Form {
        let [_, height, width] = *inputs[0].shape() else { return Form::Other };
        let input = [height, width];
        let Ok(frame) = self.window.resolve_pool(self.def().name, input) else { return Form::Other };
        if self.window.dilation != [1, 1] {
            return Form::Other;
        }
        let (max, count_pads) = match self.kind {
            Kind::Max => (true, false),
            Kind::Average { count_pads } => (false, count_pads),
        };
        let spans = [0, 1].map(|axis| {
            let counts = self.counts(frame, input, axis, count_pads);
            let before = frame.pads[axis][0];
            let span = |place: usize| {
                let start = place * self.window.stride[axis];
                let end = (start + self.window.kernel[axis]).min(before + input[axis]);
                [start.max(before) - before, end.saturating_sub(before), counts[place] as usize]
            };
            (0..frame.out[axis]).map(span).collect()
        });
        Form::Pool { max, spans }
    }

    fn saved(&self, _: &[&TensorType], output: &TensorType) -> Saved {
        match self.kind {
            // The place of each maximum, in 64 bits.
            Kind::Max => Saved { bytes: output.elements().saturating_mul(8), ..Saved::OPERANDS },
            Kind::Average { .. } => Saved::OPERANDS,
        }
    }

    fn reach(&self, inputs: &[&TensorType], _: &TensorType) -> Reach {
        let [_, height, width] = *inputs[0].shape() else { return Reach::All };
        match self.window.resolve_pool(self.def().name, [height, width]) {
            Ok(frame) => Reach::window(&self.window, &frame),
            Err(_) => Reach::All,
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let (_, _, height, width) = inputs[0].dims4()?;
        let frame = self.window.resolve_pool(self.def().name, [height, width]).map_err(refused)?;
        match self.kind {
            Kind::Max => slide(&inputs[0], &self.window, frame, f64::NEG_INFINITY, larger),
            Kind::Average { count_pads } => {
                let sums = slide(&inputs[0], &self.window, frame, 0.0, |a, b| a + b)?;
                let counts = [0, 1].map(|axis| self.counts(frame, [height, width], axis, count_pads));
                let [rows, columns] = counts;
                let rows = Tensor::new(rows, sums.device())?.reshape(((), 1))?;
                let columns = Tensor::new(columns, sums.device())?.reshape((1, ()))?;
                sums.broadcast_div(&rows.broadcast_mul(&columns)?.to_dtype(sums.dtype())?)
            }
        }
    }
}

impl Pool {
    /// How many rows, or columns, count in the mean of each window, first to last.
    fn counts(&self, frame: Frame, input: [usize; 2], axis: usize, count_pads: bool) -> Vec<f32> {
        let [before, after] = frame.pads[axis];
        let (first, end) = if count_pads { (0, before + input[axis] + after) } else { (before, before + input[axis]) };
        let places = (0..frame.out[axis]).map(|place| place * self.window.stride[axis]);
        places
            .map(|start| (start + self.window.kernel[axis]).min(end).saturating_sub(start.max(first)) as f32)
            .collect()
    }
}

/// Joins the values of each window: first along the rows, then along the columns.
fn slide(
    x: &Tensor,
    window: &Window,
    frame: Frame,
    edge: f64,
    join: impl Fn(&Tensor, &Tensor) -> CandleResult<Tensor>,
) -> CandleResult<Tensor> {
    let mut x = x.clone();
    for axis in [0, 1] {
        let reach = (frame.out[axis] - 1) * window.stride[axis] + window.extent()[axis];
        x = place(&x, 2 + axis, frame.pads[axis][0] as i64, reach, edge)?;
        let mut out = [x.dim(2)?, x.dim(3)?];
        out[axis] = frame.out[axis];
        let mut stride = [1, 1];
        stride[axis] = window.stride[axis];
        let taps = Taps::new(&x, stride, out)?;
        let mut joined: Option<Tensor> = None;
        for place in 0..window.kernel[axis] {
            let mut offset = [0, 0];
            offset[axis] = place * window.dilation[axis];
            let tap = taps.tap(offset)?;
            joined = Some(match joined {
                Some(joined) => join(&joined, &tap)?,
                None => tap,
            });
        }
        x = joined.expect("a window has one place at least");
    }
    Ok(x)
}
