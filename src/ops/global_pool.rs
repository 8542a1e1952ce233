//! Pools whose windows follow from the size of the image.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::window::by;
use super::{Cost, Form, Op, OpDef, OpError, Operands, ParamDef, ParamType, Reach, Saved, Step, gcd, shape};
use crate::ir::TensorType;

pub static GLOBAL_AVG_POOL: OpDef = OpDef {
    name: "global_avg_pool",
    short: "global_avg_pool",
    operands: Operands::Flow,
    params: &[],
    summary: "The mean of each channel.",
    details: "From `[C, H, W]` to `[C, 1, 1]`: a vector takes a `flatten` after it.\n\nFLOPs: one for each value that comes in.",
    example: "input image[512, 7, 7]\nglobal_avg_pool\nexpect [512, 1, 1]\nflatten -> linear(10)",
    make: |_| Ok(Arc::new(GlobalPool { max: false })),
};

pub static GLOBAL_MAX_POOL: OpDef = OpDef {
    name: "global_max_pool",
    short: "global_max_pool",
    operands: Operands::Flow,
    params: &[],
    summary: "The largest value of each channel.",
    details: "From `[C, H, W]` to `[C, 1, 1]`: a vector takes a `flatten` after it.\n\nFLOPs: one for each value that comes in.",
    example: "input image[512, 7, 7]\nglobal_max_pool -> flatten\nexpect [512]",
    make: |_| Ok(Arc::new(GlobalPool { max: true })),
};

#[derive(Debug)]
struct GlobalPool {
    max: bool,
}

impl Op for GlobalPool {
    fn def(&self) -> &'static OpDef {
        if self.max { &GLOBAL_MAX_POOL } else { &GLOBAL_AVG_POOL }
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let [channels, _, _] = shape::image(self.def().name, inputs[0])?;
        Ok(TensorType::new([channels, 1, 1]))
    }

    fn cost(&self, inputs: &[&TensorType], _: &TensorType) -> Cost {
        Cost::each(inputs[0].elements(), 1)
    }

    fn form(&self, inputs: &[&TensorType]) -> Form {
        match *inputs[0].shape() {
            [_, height, width] if self.max => {
                Form::Pool { max: true, spans: [height, width].map(|size| vec![[0, size, size]]) }
            }
            _ => Form::Mean,
        }
    }

    fn saved(&self, _: &[&TensorType], output: &TensorType) -> Saved {
        match self.max {
            true => Saved { bytes: output.elements().saturating_mul(8), ..Saved::OPERANDS },
            false => Saved::NOTHING,
        }
    }

    fn reach(&self, _: &[&TensorType], _: &TensorType) -> Reach {
        Reach::Dims(vec![Some(0), None, None])
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let values = inputs[0].flatten_from(2)?;
        let pooled = if self.max { values.max_keepdim(2)? } else { values.mean_keepdim(2)? };
        pooled.unsqueeze(3)
    }
}

pub static ADAPTIVE_AVG_POOL: OpDef = OpDef {
    name: "adaptive_avg_pool",
    short: "adaptive_avg_pool",
    operands: Operands::Flow,
    params: &[ParamDef::required("out", ParamType::Pair, "rows and columns of the result")],
    summary: "Means over windows that make a result of the given size.",
    details: "From `[C, H, W]` to `[C, h, w]` for `out = [h, w]`. Row `i` of the result is the mean of the rows from \
              `floor(i * H / h)` to before `ceil((i + 1) * H / h)`, as in PyTorch.\n\nFLOPs: the area of the largest \
              window, `(ceil(H / h) + 1) * (ceil(W / w) + 1)` at most, for each result.",
    example: "input image[256, 13, 13]\nadaptive_avg_pool(6)\nexpect [256, 6, 6]",
    make: |args| Ok(Arc::new(AdaptiveAvgPool { out: args.pair("out") })),
};

#[derive(Debug)]
struct AdaptiveAvgPool {
    out: [usize; 2],
}

/// The window of place `index` among `out` over `size` values: its first and how many.
fn bin(index: usize, size: usize, out: usize) -> (usize, usize) {
    let start = index * size / out;
    (start, ((index + 1) * size).div_ceil(out) - start)
}

/// An upper bound of the values in any window, which is exact where `out` divides `size`.
fn largest_bin(size: usize, out: usize) -> u64 {
    let whole = size.div_ceil(out);
    (if size.is_multiple_of(out) { whole } else { whole.saturating_add(1).min(size) }) as u64
}

impl Op for AdaptiveAvgPool {
    fn def(&self) -> &'static OpDef {
        &ADAPTIVE_AVG_POOL
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let [channels, _, _] = shape::image("adaptive_avg_pool", inputs[0])?;
        Ok(TensorType::new([channels, self.out[0], self.out[1]]))
    }

    fn cost(&self, inputs: &[&TensorType], output: &TensorType) -> Cost {
        let shape = inputs[0].shape();
        let [rows, columns] = [0, 1].map(|axis| largest_bin(shape[1 + axis], self.out[axis]));
        Cost::each(output.elements(), rows.saturating_mul(columns))
    }

    fn detail(&self) -> String {
        format!("to {}", by(self.out))
    }

    fn form(&self, inputs: &[&TensorType]) -> Form {
        let [_, height, width] = *inputs[0].shape() else { return Form::Other };
        if self.out == [height, width] {
            return Form::Identity;
        }
        if self.out == [1, 1] {
            return Form::Mean;
        }
        let sizes = [height, width];
        let spans = [0, 1].map(|axis| {
            let bins = (0..self.out[axis]).map(|index| bin(index, sizes[axis], self.out[axis]));
            bins.map(|(start, len)| [start, start + len, len]).collect()
        });
        Form::Pool { max: false, spans }
    }

    fn reach(&self, inputs: &[&TensorType], _: &TensorType) -> Reach {
        let steps = [0, 1].map(|axis| {
            let (size, out) = (inputs[0].shape()[1 + axis], self.out[axis]);
            // As long as the greatest common divisor says.
            let parts = gcd(size, out);
            Step::periodic(out / parts, size / parts, |index| {
                let (start, len) = bin(index as usize, size, out);
                [start as i64, (start + len) as i64 - 1]
            })
        });
        let [rows, columns] = steps;
        Reach::steps(rows, columns)
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let mut x = inputs[0].clone();
        for (axis, out) in self.out.into_iter().enumerate() {
            let dim = 2 + axis;
            let size = x.dim(dim)?;
            if size == out {
                continue;
            }
            let means = (0..out).map(|index| {
                let (start, len) = bin(index, size, out);
                x.narrow(dim, start, len)?.mean_keepdim(dim)
            });
            x = Tensor::cat(&means.collect::<CandleResult<Vec<_>>>()?, dim)?;
        }
        Ok(x)
    }
}
