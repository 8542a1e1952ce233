//! The ops of the language. One file is one op or a close family: its signature, shape rule, weights, cost, plain
//! lowering and documentation. To add one: write the file, and add its [`OpDef`] to [`ALL`].

mod activation;
mod args;
pub mod arithmetic;
mod attention;
mod concat;
mod conv;
mod conv_transpose;
mod crop;
mod dropout;
mod embedding;
mod error;
mod form;
mod global_pool;
mod layer_norm;
mod linear;
mod lower;
mod lrn;
mod matmul;
mod mean;
mod norm;
mod pool;
mod prelu;
mod reach;
mod reshape;
mod shape;
mod shuffle;
mod softmax;
pub mod source;
mod upsample;
mod window;

use std::fmt;
use std::sync::Arc;

use candle_core::Tensor;

pub use args::{Arg, Args, Default, Operand, ParamDef, ParamType, Raw};
pub use error::{At, OpError};
pub use form::{Binary, Form};
pub(crate) use reach::gcd;
pub use reach::{MAX_PERIOD, Reach, Saved, Step};
pub use window::{Frame, Padding, Window};

use crate::ir::TensorType;

/// Every op, in the order of the reference.
pub static ALL: &[&OpDef] = &[
    &source::INPUT,
    &source::PARAM,
    &source::IDENTITY,
    &conv::CONV,
    &conv::DEPTHWISE_CONV,
    &conv_transpose::CONV_TRANSPOSE,
    &pool::MAX_POOL,
    &pool::AVG_POOL,
    &global_pool::GLOBAL_AVG_POOL,
    &global_pool::GLOBAL_MAX_POOL,
    &global_pool::ADAPTIVE_AVG_POOL,
    &linear::LINEAR,
    &norm::BATCH_NORM,
    &layer_norm::LAYER_NORM,
    &layer_norm::GROUP_NORM,
    &lrn::LRN,
    &activation::RELU,
    &activation::RELU6,
    &activation::LEAKY_RELU,
    &activation::ELU,
    &activation::GELU,
    &activation::SILU,
    &activation::SIGMOID,
    &activation::HARD_SIGMOID,
    &activation::HARD_SWISH,
    &activation::TANH,
    &prelu::PRELU,
    &softmax::SOFTMAX,
    &softmax::LOG_SOFTMAX,
    &concat::CONCAT,
    &arithmetic::ADD,
    &arithmetic::SUB,
    &arithmetic::MUL,
    &arithmetic::DIV,
    &arithmetic::MAXIMUM,
    &arithmetic::MINIMUM,
    &reshape::FLATTEN,
    &reshape::RESHAPE,
    &reshape::PERMUTE,
    &reshape::TRANSPOSE,
    &reshape::SQUEEZE,
    &reshape::UNSQUEEZE,
    &crop::SLICE,
    &crop::PAD,
    &crop::SUBSAMPLE,
    &mean::MEAN,
    &upsample::UPSAMPLE,
    &shuffle::PIXEL_SHUFFLE,
    &shuffle::CHANNEL_SHUFFLE,
    &matmul::MATMUL,
    &attention::ATTENTION,
    &embedding::EMBEDDING,
    &dropout::DROPOUT,
    &dropout::DROP_PATH,
];

/// What an op is called, what it takes, and how it is made.
pub struct OpDef {
    pub name: &'static str,
    /// The name that unlabelled nodes get; also usable in code.
    pub short: &'static str,
    pub operands: Operands,
    /// The parameters, in the order of positional arguments.
    pub params: &'static [ParamDef],
    /// One line that says what it computes.
    pub summary: &'static str,
    /// What one should know besides: the shape rule in words, the cost's rule, the source. Markdown.
    pub details: &'static str,
    /// A body of an arch that uses it and checks, starting with its `input` line; run by a test.
    pub example: &'static str,
    /// Makes the op from arguments that have been checked against `params`.
    pub make: fn(&Args) -> Result<Arc<dyn Op>, OpError>,
}

/// Which tensors an op takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operands {
    /// The flow alone.
    Flow,
    /// The flow and any number of values, one at least: `add(x)`, `concat { ... }`. May have branches in braces.
    /// `numbers` says whether a number will do as a value.
    Merge { numbers: bool },
    /// The flow and exactly one tensor or, where `numbers`, one number: `sub(x)`, `matmul(x)`. No branches.
    Pair { numbers: bool },
    /// Nothing: it starts a flow.
    Source,
    /// Nothing: it is an input of the architecture, written as a statement and never called.
    Input,
}

/// An op with its arguments.
///
/// Shapes are without the batch: `[C, H, W]`. Implementations may index `inputs` up to the number of operands that
/// [`OpDef::operands`] allows (numbers among the operands are arguments and are not in `inputs`), and every method but
/// `infer` may rely on `infer` having accepted the same inputs.
pub trait Op: fmt::Debug + Send + Sync {
    fn def(&self) -> &'static OpDef;

    /// The type of the result.
    ///
    /// # Errors
    /// What is wrong with the inputs, in words for the person who wrote the stage.
    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError>;

    /// The weights, in the order that [`Op::forward`] takes them.
    fn weights(&self, inputs: &[&TensorType]) -> Vec<WeightSpec> {
        let _ = inputs;
        Vec::new()
    }

    /// The cost for one image.
    fn cost(&self, inputs: &[&TensorType], output: &TensorType) -> Cost;

    /// What sets this application apart, for reports: `3x3, stride 2, groups 32`. Empty where there is nothing to say.
    fn detail(&self) -> String {
        String::new()
    }

    /// What a planner with kernels of its own may take the op for.
    fn form(&self, inputs: &[&TensorType]) -> Form {
        let _ = inputs;
        Form::Other
    }

    /// Which places of the operands each place of the result reads.
    fn reach(&self, inputs: &[&TensorType], output: &TensorType) -> Reach {
        let _ = (inputs, output);
        Reach::Same
    }

    /// Whether the result is the operand's values in their order, so that it needs no memory of its own.
    fn is_view(&self) -> bool {
        false
    }

    /// What its gradient keeps of the forward pass, as PyTorch's formulas have it, weights aside.
    fn saved(&self, inputs: &[&TensorType], output: &TensorType) -> Saved {
        let _ = (inputs, output);
        Saved::OPERANDS
    }

    /// Computes the result with candle's own ops, differentiably. Tensors have the batch in front: `[N, C, H, W]`.
    ///
    /// # Errors
    /// What candle says, for inputs or weights of other shapes than promised.
    fn forward(&self, inputs: &[Tensor], weights: &[Tensor]) -> candle_core::Result<Tensor>;
}

/// The cost of one node for one image. Counts saturate at `u64::MAX`, which the analysis reports as an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Multiply-accumulates of convolutions, linear layers and matrix products, without biases.
    pub macs: u64,
    /// Floating-point operations: 2 x `macs`, and whatever else the op computes by its own rule.
    pub flops: u64,
}

impl Cost {
    /// An op that only moves data.
    pub const FREE: Cost = Cost { macs: 0, flops: 0 };

    /// `macs` multiply-accumulates and `extra` other operations.
    pub fn macs(macs: u64, extra: u64) -> Cost {
        Cost { macs, flops: macs.saturating_mul(2).saturating_add(extra) }
    }

    /// `flops` operations that are not multiply-accumulates.
    pub fn flops(flops: u64) -> Cost {
        Cost { macs: 0, flops }
    }

    /// `each` operations on every one of `elements`.
    pub fn each(elements: u64, each: u64) -> Cost {
        Cost::flops(elements.saturating_mul(each))
    }
}

/// A weight that an op needs.
#[derive(Clone, Debug, PartialEq)]
pub struct WeightSpec {
    /// The last part of its name: `weight`, `bias`, `running_mean`; empty for the tensor of `param`, which has the path's.
    pub name: &'static str,
    /// As PyTorch stores it.
    pub shape: Vec<usize>,
    pub init: Init,
    /// Whether training changes it by gradients; the rest are buffers.
    pub trainable: bool,
}

impl WeightSpec {
    pub fn new(name: &'static str, shape: impl Into<Vec<usize>>, init: Init) -> WeightSpec {
        WeightSpec { name, shape: shape.into(), init, trainable: true }
    }

    /// A value that is not trained by gradients: running means and variances.
    pub fn buffer(name: &'static str, shape: impl Into<Vec<usize>>, init: Init) -> WeightSpec {
        WeightSpec { trainable: false, ..WeightSpec::new(name, shape, init) }
    }

    pub fn elements(&self) -> u64 {
        self.shape.iter().fold(1u64, |product, dim| product.saturating_mul(*dim as u64))
    }
}

/// How a weight starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    Zeros,
    Ones,
    Constant(f64),
    /// Uniform in `-bound..bound`.
    Uniform {
        bound: f64,
    },
    /// Normal with mean zero.
    Normal {
        std: f64,
    },
}

impl Init {
    /// PyTorch's default for convolutions and linear layers, weights and biases alike: uniform within `1 / sqrt(fan_in)`.
    pub fn fan_in(fan_in: usize) -> Init {
        Init::Uniform { bound: 1.0 / (fan_in.max(1) as f64).sqrt() }
    }
}

/// The op called `name`, by its long name or, where no op has that, its short one.
pub fn find(name: &str) -> Option<&'static OpDef> {
    let callable = || ALL.iter().copied().filter(|def| def.operands != Operands::Input);
    callable().find(|def| def.name == name).or_else(|| callable().find(|def| def.short == name))
}

/// All names that ops can be called by, each once.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().filter(|def| def.operands != Operands::Input).flat_map(|def| {
        let short = ALL.iter().all(|other| other.name != def.short).then_some(def.short);
        std::iter::once(def.name).chain(short)
    })
}

impl OpDef {
    /// `conv(out, kernel, stride = 1, pad = half)`: as a person would call it.
    pub fn signature(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        match self.operands {
            Operands::Merge { .. } => parts.push("x, ...".to_string()),
            Operands::Pair { .. } => parts.push("x".to_string()),
            Operands::Flow | Operands::Source | Operands::Input => {}
        }
        parts.extend(self.params.iter().map(ParamDef::to_string));
        match parts.is_empty() {
            true => self.name.to_string(),
            false => format!("{}({})", self.name, parts.join(", ")),
        }
    }

    pub fn param(&self, name: &str) -> Option<&'static ParamDef> {
        self.params.iter().find(|param| param.name == name)
    }
}

impl fmt::Debug for OpDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
