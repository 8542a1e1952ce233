//! Means along axes.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::{At, Cost, Default, Form, Op, OpDef, OpError, Operands, ParamDef, ParamType, Reach, Saved, shape};
use crate::diagnostic::Code;
use crate::ir::TensorType;

pub static MEAN: OpDef = OpDef {
    name: "mean",
    short: "mean",
    operands: Operands::Flow,
    params: &[
        ParamDef::required("axes", ParamType::Axes, "the axes that are averaged away; 1 is the channels"),
        ParamDef::optional("keep", ParamType::Bool, Default::Bool(false), "whether they stay, with size 1"),
    ],
    summary: "The mean along one axis or several.",
    details: "From `[L, E]` to `[E]` with `axes = 1`; from `[C, H, W]` to `[C]` with `axes = [2, 3]`. FLOPs: one for each \
              value that comes in.",
    example: "input image[512, 7, 7]\nmean([2, 3])\nexpect [512]",
    make: |args| {
        let axes = args.ints("axes");
        if axes.is_empty() {
            return Err(OpError::argument("axes", "`axes` is empty, and one axis at least is averaged"));
        }
        Ok(Arc::new(Mean { axes: axes.to_vec(), keep: args.bool("keep") }))
    },
};

#[derive(Debug)]
struct Mean {
    axes: Vec<i64>,
    keep: bool,
}

impl Op for Mean {
    fn def(&self) -> &'static OpDef {
        &MEAN
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let ty = inputs[0];
        let mut averaged = vec![false; ty.rank()];
        for value in &self.axes {
            let axis = shape::axis("axes", *value, ty)?;
            if std::mem::replace(&mut averaged[axis.index], true) {
                return Err(OpError::new(Code::AXIS, format!("`mean` names axis {value} twice"))
                    .at(At::Arg("axes"))
                    .help("negative axes count from the end: both may name the same one"));
            }
        }
        let sizes = ty.shape().iter().zip(averaged);
        let shape = match self.keep {
            true => sizes.map(|(size, averaged)| if averaged { 1 } else { *size }).collect::<Vec<_>>(),
            false => sizes.filter(|(_, averaged)| !averaged).map(|(size, _)| *size).collect(),
        };
        Ok(ty.with_shape(shape))
    }

    fn cost(&self, inputs: &[&TensorType], _: &TensorType) -> Cost {
        Cost::each(inputs[0].elements(), 1)
    }

    fn detail(&self) -> String {
        match self.axes.as_slice() {
            [axis] => format!("axis {axis}"),
            axes => format!("axes {axes:?}"),
        }
    }

    fn form(&self, inputs: &[&TensorType]) -> Form {
        let of_images = matches!(self.axes.as_slice(), [2 | -2, 3 | -1] | [3 | -1, 2 | -2]);
        if of_images && inputs[0].rank() == 3 { Form::Mean } else { Form::Other }
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        Saved::NOTHING
    }

    fn reach(&self, inputs: &[&TensorType], _: &TensorType) -> Reach {
        let averaged: Vec<usize> = self
            .axes
            .iter()
            .filter_map(|axis| shape::axis("axes", *axis, inputs[0]).ok())
            .map(|axis| axis.index)
            .collect();
        let dims = (0..inputs[0].rank()).map(|dim| (!averaged.contains(&dim)).then_some(dim));
        Reach::Dims(if self.keep { dims.collect() } else { dims.flatten().map(Some).collect() })
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let x = &inputs[0];
        let dims = self.axes.iter().map(|axis| x.normalize_axis(*axis)).collect::<CandleResult<Vec<_>>>()?;
        if self.keep { x.mean_keepdim(dims) } else { x.mean(dims) }
    }
}
