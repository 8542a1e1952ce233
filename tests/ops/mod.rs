//! The ops of the language, one by one: shapes, errors, values and gradients.

mod errors;
mod examples;
mod robust;
mod shapes;
pub mod values;

use std::sync::Arc;

use archc::ir::TensorType;
use archc::ops::{Args, Op, OpDef, OpError, Operand, Raw, find};

/// An op's definition by its name.
fn def(name: &str) -> &'static OpDef {
    find(name).unwrap_or_else(|| panic!("no op `{name}`"))
}

/// Makes an op on operands that are all tensors.
fn make(name: &str, given: &[(&str, Raw)], operands: usize) -> Result<Arc<dyn Op>, OpError> {
    make_with(name, given, vec![Operand::Tensor; operands])
}

fn make_with(name: &str, given: &[(&str, Raw)], operands: Vec<Operand>) -> Result<Arc<dyn Op>, OpError> {
    let def = def(name);
    let given: Vec<(&'static str, Raw)> = given
        .iter()
        .map(|(param, raw)| (def.param(param).unwrap_or_else(|| panic!("`{name}` has no `{param}`")).name, raw.clone()))
        .collect();
    (def.make)(&Args::bind(def.params, &given, operands)?)
}

/// The result's type on inputs of these shapes, without the batch.
fn infer(name: &str, given: &[(&str, Raw)], inputs: &[&[usize]]) -> Result<TensorType, OpError> {
    let types: Vec<TensorType> = inputs.iter().map(|shape| TensorType::new(*shape)).collect();
    make(name, given, inputs.len())?.infer(&types.iter().collect::<Vec<_>>())
}

fn int(value: i64) -> Raw {
    Raw::Int(value)
}

fn ints(values: &[i64]) -> Raw {
    Raw::List(values.iter().copied().map(Raw::Int).collect())
}

fn word(text: &str) -> Raw {
    Raw::Str(text.to_string())
}
