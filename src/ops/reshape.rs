//! The same values in another shape.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::{At, Cost, Default, Form, Op, OpDef, OpError, Operands, ParamDef, ParamType, Reach, Saved, shape};
use crate::diagnostic::Code;
use crate::ir::TensorType;

pub static FLATTEN: OpDef = OpDef {
    name: "flatten",
    short: "flatten",
    operands: Operands::Flow,
    params: &[ParamDef::optional(
        "axis",
        ParamType::Int,
        Default::Int(1),
        "the first axis that is joined; 1 is the channels",
    )],
    summary: "Joins the axes from one to the last.",
    details: "From `[C, H, W]` to `[C * H * W]`, and with `axis = 2` to `[C, H * W]`. Costs nothing.",
    example: "input image[512, 7, 7]\nflatten\nexpect [25088]",
    make: |args| Ok(Arc::new(Flatten { axis: args.int("axis") })),
};

#[derive(Debug)]
struct Flatten {
    axis: i64,
}

impl Op for Flatten {
    fn def(&self) -> &'static OpDef {
        &FLATTEN
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let axis = shape::axis("axis", self.axis, inputs[0])?;
        let (kept, joined) = inputs[0].shape().split_at(axis.index);
        let mut shape = kept.to_vec();
        shape.push(product(joined));
        Ok(inputs[0].with_shape(shape))
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn form(&self, _: &[&TensorType]) -> Form {
        Form::Reshape
    }

    fn is_view(&self) -> bool {
        true
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn reach(&self, inputs: &[&TensorType], output: &TensorType) -> Reach {
        Reach::reshape(inputs[0].shape(), output.shape())
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        inputs[0].flatten_from(inputs[0].normalize_axis(self.axis)?)
    }
}

pub static RESHAPE: OpDef = OpDef {
    name: "reshape",
    short: "reshape",
    operands: Operands::Flow,
    params: &[ParamDef::required("shape", ParamType::Ints, "the new sizes without the batch; one may be -1")],
    summary: "The same values in another shape.",
    details: "`shape` leaves out the batch and holds as many values as there are; a -1 stands for what is left. Values keep \
              their order, the last axis running fastest. Costs nothing.",
    example: "input image[64, 8, 8]\nreshape([64, -1])\nexpect [64, 64]",
    make: |args| {
        let shape = args.ints("shape");
        if let Some(size) = shape.iter().find(|size| **size < 1 && **size != -1) {
            return Err(OpError::argument(
                "shape",
                format!("`shape` holds {size}, and sizes are 1 or more, or -1 once"),
            ));
        }
        if shape.iter().filter(|size| **size == -1).count() > 1 {
            return Err(OpError::argument("shape", "`shape` holds -1 more than once, which leaves it open"));
        }
        Ok(Arc::new(Reshape { shape: shape.to_vec() }))
    },
};

#[derive(Debug)]
struct Reshape {
    /// Each is 1 or more, but for at most one -1.
    shape: Vec<i64>,
}

impl Reshape {
    /// The new sizes for so many elements.
    fn resolve(&self, elements: u64) -> Option<Vec<usize>> {
        let given: u64 =
            self.shape.iter().filter(|size| **size > 0).fold(1, |all, size| all.saturating_mul(*size as u64));
        let open = self.shape.contains(&-1);
        if (open && !elements.is_multiple_of(given)) || (!open && elements != given) {
            return None;
        }
        let left = elements / given;
        Some(self.shape.iter().map(|size| usize::try_from(*size).unwrap_or(left as usize)).collect())
    }

    fn written(&self) -> String {
        let sizes: Vec<String> = self.shape.iter().map(i64::to_string).collect();
        format!("[{}]", sizes.join(", "))
    }
}

impl Op for Reshape {
    fn def(&self) -> &'static OpDef {
        &RESHAPE
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        shape::batched("reshape", inputs[0])?;
        let elements = inputs[0].elements();
        match self.resolve(elements) {
            Some(shape) => Ok(inputs[0].with_shape(shape)),
            None => {
                let given: u64 =
                    self.shape.iter().filter(|size| **size > 0).fold(1, |all, size| all.saturating_mul(*size as u64));
                let message = if self.shape.contains(&-1) {
                    format!(
                        "`reshape` can't divide the {elements} values of {} by the {given} of {}",
                        inputs[0],
                        self.written()
                    )
                } else {
                    format!("`reshape` to {} needs {given} values, and {} has {elements}", self.written(), inputs[0])
                };
                Err(OpError::sizes(message).at(At::Arg("shape")).at(At::Operand(0)).help(
                    "the shape leaves out the batch, and its product must be the number of values; one size may be -1",
                ))
            }
        }
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn detail(&self) -> String {
        format!("to {}", self.written())
    }

    fn form(&self, _: &[&TensorType]) -> Form {
        Form::Reshape
    }

    fn is_view(&self) -> bool {
        true
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn reach(&self, inputs: &[&TensorType], output: &TensorType) -> Reach {
        Reach::reshape(inputs[0].shape(), output.shape())
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let batch = inputs[0].dim(0)?;
        let elements = inputs[0].elem_count() / batch.max(1);
        match self.resolve(elements as u64) {
            Some(shape) => inputs[0].reshape([vec![batch], shape].concat()),
            None => candle_core::bail!("`reshape` to {} of {elements} values", self.written()),
        }
    }
}

pub static PERMUTE: OpDef = OpDef {
    name: "permute",
    short: "permute",
    operands: Operands::Flow,
    params: &[ParamDef::required("axes", ParamType::Ints, "all axes but the batch, in their new order")],
    summary: "The axes in another order.",
    details: "`permute([2, 3, 1])` takes `[C, H, W]` to `[H, W, C]`: axes are numbered as in PyTorch, from 1 after the \
              batch, which stays in front and is left out. Costs nothing.",
    example: "input image[96, 14, 14]\npermute([2, 3, 1])\nexpect [14, 14, 96]",
    make: |args| Ok(Arc::new(Permute { axes: args.ints("axes").to_vec() })),
};

#[derive(Debug)]
struct Permute {
    axes: Vec<i64>,
}

impl Op for Permute {
    fn def(&self) -> &'static OpDef {
        &PERMUTE
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let ty = inputs[0];
        if self.axes.len() != ty.rank() {
            let (given, rank) = (self.axes.len(), ty.rank());
            let besides = if ty.batched() { " besides the batch" } else { "" };
            return Err(OpError::new(
                Code::AXIS,
                format!("`permute` names {given} axes, and {ty} has {rank}{besides}"),
            )
            .at(At::Arg("axes"))
            .at(At::Operand(0))
            .help("name every axis but the batch once, as in `permute([2, 3, 1])` for channels last"));
        }
        let mut used = vec![false; ty.rank()];
        let mut shape = Vec::with_capacity(ty.rank());
        for value in &self.axes {
            let axis = shape::axis("axes", *value, ty)?;
            if std::mem::replace(&mut used[axis.index], true) {
                return Err(OpError::new(Code::AXIS, format!("`permute` names axis {value} twice"))
                    .at(At::Arg("axes"))
                    .help("every axis but the batch comes once; negative ones count from the end"));
            }
            shape.push(ty.shape()[axis.index]);
        }
        Ok(ty.with_shape(shape))
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn detail(&self) -> String {
        format!("to {:?}", self.axes)
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn reach(&self, inputs: &[&TensorType], _: &TensorType) -> Reach {
        let index = |axis: &i64| shape::axis("axes", *axis, inputs[0]).ok().map(|axis| axis.index);
        Reach::Dims(self.axes.iter().map(index).collect())
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let x = &inputs[0];
        // The batch, where there is one, stays in front.
        let front = if x.rank() > self.axes.len() { vec![Ok(0)] } else { Vec::new() };
        let axes = front.into_iter().chain(self.axes.iter().map(|axis| x.normalize_axis(*axis)));
        x.permute(axes.collect::<CandleResult<Vec<_>>>()?)?.contiguous()
    }
}

pub static TRANSPOSE: OpDef = OpDef {
    name: "transpose",
    short: "transpose",
    operands: Operands::Flow,
    params: &[
        ParamDef::required("a", ParamType::Int, "an axis"),
        ParamDef::required("b", ParamType::Int, "the axis it changes places with"),
    ],
    summary: "Two axes change places.",
    details: "Axes are numbered as in PyTorch, from 1 after the batch; negative ones count from the end. Costs nothing.",
    example: "input image[96, 14, 14]\nflatten(2) -> transpose(1, 2)\nexpect [196, 96]",
    make: |args| Ok(Arc::new(Transpose { axes: [args.int("a"), args.int("b")] })),
};

#[derive(Debug)]
struct Transpose {
    axes: [i64; 2],
}

impl Op for Transpose {
    fn def(&self) -> &'static OpDef {
        &TRANSPOSE
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let a = shape::axis("a", self.axes[0], inputs[0])?;
        let b = shape::axis("b", self.axes[1], inputs[0])?;
        let mut shape = inputs[0].shape().to_vec();
        shape.swap(a.index, b.index);
        Ok(inputs[0].with_shape(shape))
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn detail(&self) -> String {
        format!("axes {} and {}", self.axes[0], self.axes[1])
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn reach(&self, inputs: &[&TensorType], _: &TensorType) -> Reach {
        let mut dims: Vec<Option<usize>> = (0..inputs[0].rank()).map(Some).collect();
        let [a, b] = self.axes.map(|axis| shape::axis("axis", axis, inputs[0]).map_or(0, |axis| axis.index));
        dims.swap(a, b);
        Reach::Dims(dims)
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let x = &inputs[0];
        x.transpose(x.normalize_axis(self.axes[0])?, x.normalize_axis(self.axes[1])?)?.contiguous()
    }
}

pub static SQUEEZE: OpDef = OpDef {
    name: "squeeze",
    short: "squeeze",
    operands: Operands::Flow,
    params: &[ParamDef::required("axis", ParamType::Int, "an axis of size 1")],
    summary: "Takes away an axis of size 1.",
    details: "Axes are numbered as in PyTorch, from 1 after the batch. Another size than 1 is an error. Costs nothing.",
    example: "input image[64, 14, 14]\nmean(2, keep = true) -> squeeze(2)\nexpect [64, 14]",
    make: |args| Ok(Arc::new(Squeeze { axis: args.int("axis") })),
};

#[derive(Debug)]
struct Squeeze {
    axis: i64,
}

impl Op for Squeeze {
    fn def(&self) -> &'static OpDef {
        &SQUEEZE
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let axis = shape::axis("axis", self.axis, inputs[0])?;
        let mut shape = inputs[0].shape().to_vec();
        match shape.remove(axis.index) {
            1 => Ok(inputs[0].with_shape(shape)),
            size => Err(OpError::sizes(format!(
                "`squeeze` takes away sizes of 1, and axis {} of {} is {size}",
                self.axis, inputs[0]
            ))
            .at(At::Arg("axis"))
            .at(At::Operand(0))
            .help("`flatten` joins axes of any size, and `mean` averages one away")),
        }
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn form(&self, _: &[&TensorType]) -> Form {
        Form::Reshape
    }

    fn is_view(&self) -> bool {
        true
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn reach(&self, inputs: &[&TensorType], _: &TensorType) -> Reach {
        let mut dims: Vec<Option<usize>> = (0..inputs[0].rank()).map(Some).collect();
        if let Ok(axis) = shape::axis("axis", self.axis, inputs[0]) {
            dims.remove(axis.index);
        }
        Reach::Dims(dims)
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        inputs[0].squeeze(inputs[0].normalize_axis(self.axis)?)
    }
}

pub static UNSQUEEZE: OpDef = OpDef {
    name: "unsqueeze",
    short: "unsqueeze",
    operands: Operands::Flow,
    params: &[ParamDef::required("axis", ParamType::Int, "where the new axis stands in the result")],
    summary: "Puts in an axis of size 1.",
    details: "`unsqueeze(1)` takes `[L]` to `[1, L]`, and so does `unsqueeze(-2)`. Costs nothing.",
    example: "input image[64]\nunsqueeze(-1) -> unsqueeze(-1)\nexpect [64, 1, 1]",
    make: |args| Ok(Arc::new(Unsqueeze { axis: args.int("axis") })),
};

#[derive(Debug)]
struct Unsqueeze {
    axis: i64,
}

impl Op for Unsqueeze {
    fn def(&self) -> &'static OpDef {
        &UNSQUEEZE
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let ty = inputs[0];
        let of = format!("the result of `unsqueeze` on {ty}");
        let axis = shape::axis_of("axis", self.axis, ty.rank() + 1, ty.batched(), &of)?;
        let mut shape = ty.shape().to_vec();
        shape.insert(axis.index, 1);
        Ok(ty.with_shape(shape))
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        Cost::FREE
    }

    fn form(&self, _: &[&TensorType]) -> Form {
        Form::Reshape
    }

    fn is_view(&self) -> bool {
        true
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn reach(&self, inputs: &[&TensorType], _: &TensorType) -> Reach {
        let mut dims: Vec<Option<usize>> = (0..inputs[0].rank()).map(Some).collect();
        let ty = inputs[0];
        if let Ok(axis) = shape::axis_of("axis", self.axis, ty.rank() + 1, ty.batched(), "the result") {
            dims.insert(axis.index, None);
        }
        Reach::Dims(dims)
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let rank = inputs[0].rank() as i64;
        let axis = if self.axis < 0 { self.axis + rank + 1 } else { self.axis };
        inputs[0].unsqueeze(axis as usize)
    }
}

/// The product of sizes, at most `usize::MAX`.
pub(super) fn product(sizes: &[usize]) -> usize {
    sizes.iter().fold(1, |product: usize, size| product.saturating_mul(*size))
}
