//! Functions of one value.

use std::sync::Arc;

use candle_core::{Result as CandleResult, Tensor};

use super::lower::{at_least, at_most};
use super::{Cost, Default, Form, Op, OpDef, OpError, Operands, ParamDef, ParamType, Saved};
use crate::ir::TensorType;
use crate::kernels::Map;

/// A function applied to every value.
#[derive(Clone, Copy, Debug)]
enum Activation {
    Relu,
    Relu6,
    LeakyRelu { slope: f64 },
    Elu { alpha: f64 },
    Gelu { tanh: bool },
    Silu,
    Sigmoid,
    HardSigmoid,
    HardSwish,
    Tanh,
}

/// The definition of an activation with its parameters, cost and function.
macro_rules! activation {
    ($name:ident, $word:literal, $summary:literal, $details:literal, $example:literal, [$($param:expr),*], $make:expr) => {
        pub static $name: OpDef = OpDef {
            name: $word,
            short: $word,
            operands: Operands::Flow,
            params: &[$($param),*],
            summary: $summary,
            details: $details,
            example: $example,
            make: |args| {
                let make: fn(&super::Args) -> Activation = $make;
                Ok(Arc::new(make(args)))
            },
        };
    };
}

activation!(
    RELU,
    "relu",
    "`max(x, 0)`",
    "FLOPs: one for each value.",
    "input image[3, 32, 32]\nconv(16, 3) -> relu\nexpect [16, 32, 32]",
    [],
    |_| Activation::Relu
);
activation!(
    RELU6,
    "relu6",
    "`min(max(x, 0), 6)`",
    "FLOPs: two for each value.",
    "input image[3, 32, 32]\nconv(16, 3) -> relu6\nexpect [16, 32, 32]",
    [],
    |_| Activation::Relu6
);
activation!(
    LEAKY_RELU,
    "leaky_relu",
    "`x` where positive, `slope * x` elsewhere.",
    "FLOPs: two for each value.",
    "input image[3, 32, 32]\nconv(16, 3) -> leaky_relu(0.1)\nexpect [16, 32, 32]",
    [ParamDef::optional("slope", ParamType::Float, Default::Float(0.01), "the factor of negative values")],
    |args| Activation::LeakyRelu { slope: args.float("slope") }
);
activation!(
    ELU,
    "elu",
    "`x` where positive, `alpha * (exp(x) - 1)` elsewhere.",
    "FLOPs: four for each value.",
    "input image[3, 32, 32]\nconv(16, 3) -> elu\nexpect [16, 32, 32]",
    [ParamDef::optional(
        "alpha",
        ParamType::Float,
        Default::Float(1.0),
        "what large negative values come near to, negated"
    )],
    |args| Activation::Elu { alpha: args.float("alpha") }
);
activation!(
    GELU,
    "gelu",
    "`x` times the probability that a standard normal value is below `x`.",
    "`approximate = tanh` is `0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3)))`.\n\nFLOPs: five for each \
     value, nine with `tanh`.",
    "input tokens[16, 64]\nlinear(256) -> gelu(approximate = \"tanh\") -> linear(64)\nexpect [16, 64]",
    [ParamDef::optional(
        "approximate",
        ParamType::Word(&["none", "tanh"]),
        Default::Word("none"),
        "`tanh` for the approximation of that name"
    )],
    |args| Activation::Gelu { tanh: args.word("approximate") == "tanh" }
);
activation!(
    SILU,
    "silu",
    "`x * sigmoid(x)`, also called swish.",
    "FLOPs: five for each value.",
    "input image[3, 32, 32]\nconv(16, 3) -> silu\nexpect [16, 32, 32]",
    [],
    |_| Activation::Silu
);
activation!(
    SIGMOID,
    "sigmoid",
    "`1 / (1 + exp(-x))`",
    "FLOPs: four for each value.",
    "input image[8, 16, 16]\nglobal_avg_pool -> conv(8, 1) -> sigmoid -> mul(in)\nexpect [8, 16, 16]",
    [],
    |_| Activation::Sigmoid
);
activation!(
    HARD_SIGMOID,
    "hard_sigmoid",
    "`relu6(x + 3) / 6`",
    "FLOPs: four for each value.",
    "input image[8, 16, 16]\nglobal_avg_pool -> conv(8, 1) -> hard_sigmoid -> mul(in)\nexpect [8, 16, 16]",
    [],
    |_| Activation::HardSigmoid
);
activation!(
    HARD_SWISH,
    "hard_swish",
    "`x * relu6(x + 3) / 6`",
    "FLOPs: five for each value.",
    "input image[3, 32, 32]\nconv(16, 3) -> hard_swish\nexpect [16, 32, 32]",
    [],
    |_| Activation::HardSwish
);
activation!(
    TANH,
    "tanh",
    "The hyperbolic tangent.",
    "FLOPs: one for each value.",
    "input image[3, 32, 32]\nconv(16, 3) -> tanh\nexpect [16, 32, 32]",
    [],
    |_| Activation::Tanh
);

impl Op for Activation {
    fn def(&self) -> &'static OpDef {
        match self {
            Activation::Relu => &RELU,
            Activation::Relu6 => &RELU6,
            Activation::LeakyRelu { .. } => &LEAKY_RELU,
            Activation::Elu { .. } => &ELU,
            Activation::Gelu { .. } => &GELU,
            Activation::Silu => &SILU,
            Activation::Sigmoid => &SIGMOID,
            Activation::HardSigmoid => &HARD_SIGMOID,
            Activation::HardSwish => &HARD_SWISH,
            Activation::Tanh => &TANH,
        }
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        Ok(inputs[0].clone())
    }

    fn cost(&self, _: &[&TensorType], output: &TensorType) -> Cost {
        let each = match self {
            Activation::Relu | Activation::Tanh => 1,
            Activation::Relu6 | Activation::LeakyRelu { .. } => 2,
            Activation::Elu { .. } | Activation::Sigmoid | Activation::HardSigmoid => 4,
            Activation::Gelu { tanh: false } | Activation::Silu | Activation::HardSwish => 5,
            Activation::Gelu { tanh: true } => 9,
        };
        Cost::each(output.elements(), each)
    }

    fn detail(&self) -> String {
        match self {
            Activation::LeakyRelu { slope } => format!("slope {slope}"),
            Activation::Elu { alpha } if *alpha != 1.0 => format!("alpha {alpha}"),
            Activation::Gelu { tanh: true } => "tanh".to_string(),
            Activation::Elu { .. }
            | Activation::Gelu { tanh: false }
            | Activation::Relu
            | Activation::Relu6
            | Activation::Silu
            | Activation::Sigmoid
            | Activation::HardSigmoid
            | Activation::HardSwish
            | Activation::Tanh => String::new(),
        }
    }

    fn form(&self, _: &[&TensorType]) -> Form {
        match self {
            Activation::Relu => Form::Limits { low: 0.0, high: f32::INFINITY },
            Activation::Relu6 => Form::Limits { low: 0.0, high: 6.0 },
            Activation::LeakyRelu { slope } => Form::Map(Map::Leaky { slope: *slope as f32 }),
            Activation::Elu { alpha } => Form::Map(Map::Elu { alpha: *alpha as f32 }),
            Activation::Gelu { tanh: false } => Form::Map(Map::Gelu),
            Activation::Gelu { tanh: true } => Form::Map(Map::GeluTanh),
            Activation::Silu => Form::Map(Map::Silu),
            Activation::Sigmoid => Form::Map(Map::Sigmoid),
            Activation::HardSigmoid => Form::Map(Map::HardSigmoid),
            Activation::HardSwish => Form::Map(Map::HardSwish),
            Activation::Tanh => Form::Map(Map::Tanh),
        }
    }

    fn saved(&self, _: &[&TensorType], _: &TensorType) -> Saved {
        match self {
            Activation::Relu | Activation::Sigmoid | Activation::Tanh => Saved::RESULT,
            Activation::Relu6
            | Activation::LeakyRelu { .. }
            | Activation::Elu { .. }
            | Activation::Gelu { .. }
            | Activation::Silu
            | Activation::HardSigmoid
            | Activation::HardSwish => Saved::OPERANDS,
        }
    }

    fn forward(&self, inputs: &[Tensor], _: &[Tensor]) -> CandleResult<Tensor> {
        let x = &inputs[0];
        match self {
            Activation::Relu => x.relu(),
            Activation::Relu6 => relu6(x),
            Activation::LeakyRelu { slope } => x.relu()? - (x.neg()?.relu()? * *slope)?,
            Activation::Elu { alpha } => x.elu(*alpha),
            Activation::Gelu { tanh: false } => x.gelu_erf(),
            Activation::Gelu { tanh: true } => gelu_tanh(x),
            Activation::Silu => x.silu(),
            Activation::Sigmoid => sigmoid(x),
            Activation::HardSigmoid => hard_sigmoid(x),
            Activation::HardSwish => x * hard_sigmoid(x)?,
            Activation::Tanh => x.tanh(),
        }
    }
}

fn relu6(x: &Tensor) -> CandleResult<Tensor> {
    at_most(&x.relu()?, 6.0)
}

fn hard_sigmoid(x: &Tensor) -> CandleResult<Tensor> {
    relu6(&(x + 3.0)?)? / 6.0
}

/// Where `exp(-x)` would overflow, the result is below the smallest normal float32 and its gradient would be no number.
fn sigmoid(x: &Tensor) -> CandleResult<Tensor> {
    (at_least(x, -88.0)?.neg()?.exp()? + 1.0)?.recip()
}

fn gelu_tanh(x: &Tensor) -> CandleResult<Tensor> {
    let cube = (x.sqr()? * x)?;
    let inner = ((x + (cube * 0.044715)?)? * (2.0 / std::f64::consts::PI).sqrt())?;
    (x * (inner.tanh()? + 1.0)?)? * 0.5
}
