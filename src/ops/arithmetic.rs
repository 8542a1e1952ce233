//! Arithmetic between tensors, element by element.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::{Args, Binary, Cost, Form, Op, OpDef, OpError, Operand, Operands, Saved, shape};
use crate::diagnostic::Code;
use crate::ir::TensorType;

const MERGE: Operands = Operands::Merge { numbers: true };
const PAIR: Operands = Operands::Pair { numbers: true };

pub static ADD: OpDef = OpDef {
    name: "add",
    short: "add",
    operands: MERGE,
    params: &[],
    summary: "The sum of the flow and the values, or of the branches.",
    details: "Sizes that are 1 broadcast, as in NumPy; tensors with a batch must be of one rank. Numbers are values too.\n\n\
              FLOPs: one for each value of the result and operand after the first.",
    example: "input image[64, 28, 28]\nadd {\n  conv(64, 3)\n  conv(64, 1)\n  identity\n}\nexpect [64, 28, 28]",
    make: |args| make(Function::Add, args),
};

pub static SUB: OpDef = OpDef {
    name: "sub",
    short: "sub",
    operands: PAIR,
    params: &[],
    summary: "The flow less a value.",
    details: "Broadcasts like `add`.\n\nFLOPs: one for each value of the result.",
    example: "input image[3, 8, 8]\nconv(3, 3) -> sub(in)\nexpect [3, 8, 8]",
    make: |args| make(Function::Sub, args),
};

pub static MUL: OpDef = OpDef {
    name: "mul",
    short: "mul",
    operands: MERGE,
    params: &[],
    summary: "The product of the flow and the values, or of the branches.",
    details: "Broadcasts like `add`.\n\nFLOPs: one for each value of the result and operand after the first.",
    example: "input image[64, 28, 28]\nmul { identity; global_avg_pool -> conv(64, 1) -> sigmoid }\nmul(0.5)\nexpect [64, 28, 28]",
    make: |args| make(Function::Mul, args),
};

pub static DIV: OpDef = OpDef {
    name: "div",
    short: "div",
    operands: PAIR,
    params: &[],
    summary: "The flow divided by a value.",
    details: "Broadcasts like `add`. Dividing by the number 0 is an error; by a tensor that holds it, infinity.\n\n\
              FLOPs: one for each value of the result.",
    example: "input image[3, 8, 8]\nsub(0.5) -> div(0.25)\nexpect [3, 8, 8]",
    make: |args| {
        if args.operands().contains(&Operand::Number(0.0)) {
            return Err(OpError::new(Code::ARITHMETIC, "`div` by 0"));
        }
        make(Function::Div, args)
    },
};

pub static MAXIMUM: OpDef = OpDef {
    name: "maximum",
    short: "maximum",
    operands: MERGE,
    params: &[],
    summary: "The larger of the flow and the values, or of the branches, element by element.",
    details: "Broadcasts like `add`.\n\nFLOPs: one for each value of the result and operand after the first.",
    example: "input image[3, 8, 8]\nmaximum { conv(16, 3); conv(16, 3) }\nexpect [16, 8, 8]",
    make: |args| make(Function::Maximum, args),
};

pub static MINIMUM: OpDef = OpDef {
    name: "minimum",
    short: "minimum",
    operands: MERGE,
    params: &[],
    summary: "The smaller of the flow and the values, or of the branches, element by element.",
    details: "Broadcasts like `add`.\n\nFLOPs: one for each value of the result and operand after the first.",
    example: "input image[3, 8, 8]\nminimum(1)\nexpect [3, 8, 8]",
    make: |args| make(Function::Minimum, args),
};

#[derive(Clone, Copy, Debug)]
enum Function {
    Add,
    Sub,
    Mul,
    Div,
    Maximum,
    Minimum,
}

#[derive(Debug)]
struct Arithmetic {
    function: Function,
    operands: Vec<Operand>,
}

fn make(function: Function, args: &Args) -> Result<Arc<dyn Op>, OpError> {
    Ok(Arc::new(Arithmetic { function, operands: args.operands().to_vec() }))
}

impl Op for Arithmetic {
    fn def(&self) -> &'static OpDef {
        match self.function {
            Function::Add => &ADD,
            Function::Sub => &SUB,
            Function::Mul => &MUL,
            Function::Div => &DIV,
            Function::Maximum => &MAXIMUM,
            Function::Minimum => &MINIMUM,
        }
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        shape::broadcast(self.def().name, inputs)
    }

    fn cost(&self, _: &[&TensorType], output: &TensorType) -> Cost {
        Cost::each(output.elements(), self.operands.len().saturating_sub(1) as u64)
    }

    fn detail(&self) -> String {
        let numbers = self.operands.iter().filter_map(|operand| match operand {
            Operand::Tensor => None,
            Operand::Number(value) => Some(value.to_string()),
        });
        numbers.collect::<Vec<_>>().join(", ")
    }

    fn form(&self, _: &[&TensorType]) -> Form {
        match (self.function, self.operands.as_slice()) {
            (Function::Add, [Operand::Tensor, Operand::Tensor]) => Form::Binary(Binary::Add),
            (Function::Sub, [Operand::Tensor, Operand::Tensor]) => Form::Binary(Binary::Sub),
            (Function::Mul, [Operand::Tensor, Operand::Tensor]) => Form::Binary(Binary::Mul),
            (Function::Maximum, [Operand::Tensor, Operand::Tensor]) => Form::Binary(Binary::Maximum),
            (Function::Minimum, [Operand::Tensor, Operand::Tensor]) => Form::Binary(Binary::Minimum),
            (Function::Add, [Operand::Tensor, Operand::Number(x)]) => Form::Number { factor: 1.0, offset: *x as f32 },
            (Function::Sub, [Operand::Tensor, Operand::Number(x)]) => Form::Number { factor: 1.0, offset: -*x as f32 },
            (Function::Mul, [Operand::Tensor, Operand::Number(x)]) => Form::Number { factor: *x as f32, offset: 0.0 },
            _ => Form::Other,
        }
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        let tensors = self.operands.iter().filter(|operand| **operand == Operand::Tensor).count();
        match self.function {
            Function::Add | Function::Sub => Saved::NOTHING,
            Function::Mul | Function::Div if tensors < 2 => Saved::NOTHING,
            Function::Mul | Function::Div | Function::Maximum | Function::Minimum => Saved::OPERANDS,
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let mut tensors = inputs.iter();
        let mut result: Option<Tensor> = None;
        for operand in &self.operands {
            let value = match operand {
                Operand::Tensor => match tensors.next() {
                    Some(tensor) => tensor.clone(),
                    None => candle_core::bail!("`{}` lacks an operand", self.def().name),
                },
                Operand::Number(number) => Tensor::new(*number, inputs[0].device())?.to_dtype(inputs[0].dtype())?,
            };
            result = Some(match result {
                Some(result) => self.function.apply(&result, &value)?,
                None => value,
            });
        }
        result.ok_or_else(|| candle_core::Error::Msg(format!("`{}` has no operands", self.def().name)))
    }
}

impl Function {
    fn apply(self, a: &Tensor, b: &Tensor) -> CandleResult<Tensor> {
        match self {
            Function::Add => a.broadcast_add(b),
            Function::Sub => a.broadcast_sub(b),
            Function::Mul => a.broadcast_mul(b),
            Function::Div => a.broadcast_div(b),
            Function::Maximum => a.broadcast_maximum(b),
            Function::Minimum => a.broadcast_minimum(b),
        }
    }
}
