//! A node as programs that count see it: shapes with the batch in front.

use crate::ir::TensorType;
use crate::ops::{Arg, Args, WeightSpec};

/// One op with its arguments, weights and tensors.
pub(super) struct Applied<'a> {
    /// The op's name.
    pub op: &'static str,
    pub args: &'a Args,
    pub inputs: &'a [&'a TensorType],
    pub output: &'a TensorType,
    pub weights: &'a [WeightSpec],
    pub batch: u64,
    /// Whether PyTorch's program calls a function here, rather than a module of its own.
    pub is_function: bool,
}

impl Applied<'_> {
    /// The elements of the first operand.
    pub fn input(&self) -> u64 {
        self.inputs.first().map_or(0, |input| self.elements(input))
    }

    /// The elements of the result.
    pub fn output(&self) -> u64 {
        self.elements(self.output)
    }

    /// The rows and columns of the first operand, over all images.
    pub fn input_places(&self) -> u64 {
        self.inputs.first().map_or(0, |input| self.places(input))
    }

    /// The rows and columns of the result, over all images.
    pub fn output_places(&self) -> u64 {
        self.places(self.output)
    }

    /// The size of the last axis of an operand.
    pub fn last(&self, operand: usize) -> u64 {
        let shape = self.inputs.get(operand).map_or(&[][..], |input| input.shape());
        shape.last().map_or(1, |size| *size as u64)
    }

    /// The size of the first axis of the result: the batch, where there is one.
    pub fn first(&self) -> u64 {
        match self.output.batched() {
            true => self.batch,
            false => self.output.shape().first().map_or(1, |size| *size as u64),
        }
    }

    /// A weight by its name.
    pub fn weight(&self, name: &str) -> Option<&WeightSpec> {
        self.weights.iter().find(|weight| weight.name == name)
    }

    /// The elements of a weight, 0 where it is not there.
    pub fn values(&self, name: &str) -> u64 {
        self.weight(name).map_or(0, WeightSpec::elements)
    }

    /// Whether anything is learned.
    pub fn learns(&self) -> bool {
        self.weights.iter().any(|weight| weight.trainable)
    }

    /// A whole number among the arguments.
    pub fn number(&self, name: &str) -> Option<i64> {
        match self.args.get(name)? {
            Arg::Int(number) => Some(*number),
            Arg::Count(count) => i64::try_from(*count).ok(),
            Arg::Float(_)
            | Arg::Bool(_)
            | Arg::Pair(_)
            | Arg::Padding(_)
            | Arg::Shape(_)
            | Arg::Ints(_)
            | Arg::Word(_) => None,
        }
    }

    /// Whether an argument is this word.
    pub fn is(&self, name: &str, word: &str) -> bool {
        matches!(self.args.get(name), Some(Arg::Word(found)) if *found == word)
    }

    fn elements(&self, tensor: &TensorType) -> u64 {
        tensor.elements().saturating_mul(self.images(tensor))
    }

    fn places(&self, tensor: &TensorType) -> u64 {
        let places = tensor.shape().iter().skip(1).fold(1u64, |product, size| product.saturating_mul(*size as u64));
        places.saturating_mul(self.images(tensor))
    }

    fn images(&self, tensor: &TensorType) -> u64 {
        if tensor.batched() { self.batch } else { 1 }
    }
}
