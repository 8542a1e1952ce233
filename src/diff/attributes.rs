//! What a node was made from, as it is compared: attributes that mean the same are equal.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::ir::Node;
use crate::ops::{Arg, Args, Operand, Operands, Padding};

/// Something about a node that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The parameter's name; `op`, where ops differ; `value` for the numbers of `add(0.5)` and its like; `inputs` for
    /// how many tensors are read, and `reads` for which.
    pub name: &'static str,
    /// As it would be written; nothing where the node has no such attribute.
    pub before: Option<String>,
    pub after: Option<String>,
}

impl Attribute {
    pub(super) fn new(name: &'static str, before: impl Into<String>, after: impl Into<String>) -> Attribute {
        Attribute { name, before: Some(before.into()), after: Some(after.into()) }
    }
}

/// What differs in the arguments of two nodes, in the order of the parameters.
pub(super) fn differing(a: &Node, b: &Node) -> Vec<Attribute> {
    let mut found = Vec::new();
    let (name_a, name_b) = (a.op.def().name, b.op.def().name);
    if name_a != name_b {
        found.push(Attribute::new("op", name_a, name_b));
    }
    if is_input(a) && is_input(b) && a.output != b.output {
        found.push(Attribute::new("shape", a.output.to_string(), b.output.to_string()));
    }
    if a.args != b.args || name_a != name_b {
        let only_b = b.args.iter().filter(|(name, _)| a.args.get(name).is_none()).map(|(name, _)| name);
        for name in a.args.iter().map(|(name, _)| name).chain(only_b) {
            let (before, after) = (a.args.get(name), b.args.get(name));
            let same = before == after || canonical(&a.args, name) == canonical(&b.args, name);
            // The parameters of another op are told where both have them.
            if !same && (name_a == name_b || (before.is_some() && after.is_some())) {
                let shown = |arg: Option<&Arg>| arg.map(Arg::to_string);
                found.push(Attribute { name, before: shown(before), after: shown(after) });
            }
        }
        let (before, after) = (numbers(&a.args), numbers(&b.args));
        if before != after {
            found.push(Attribute { name: "value", before, after });
        }
    }
    found
}

/// Inputs are made from their shapes.
fn is_input(node: &Node) -> bool {
    node.op.def().operands == Operands::Input
}

/// Equal for nodes of one op with the same arguments.
pub(super) fn token(node: &Node) -> u64 {
    let mut hasher = DefaultHasher::new();
    node.op.def().name.hash(&mut hasher);
    for (name, _) in node.args.iter() {
        name.hash(&mut hasher);
        if let Some(arg) = canonical(&node.args, name) {
            feed(&arg, &mut hasher);
        }
    }
    numbers(&node.args).hash(&mut hasher);
    if is_input(node) {
        node.output.shape().hash(&mut hasher);
    }
    hasher.finish()
}

/// Equal for nodes of one op with the same arguments and results of one shape.
pub(super) fn shaped_token(node: &Node) -> u64 {
    let mut hasher = DefaultHasher::new();
    (token(node), node.output.shape()).hash(&mut hasher);
    hasher.finish()
}

/// An argument; the words for paddings that do not depend on the image are the numbers that they stand for.
fn canonical(args: &Args, name: &str) -> Option<Arg> {
    let arg = args.get(name)?;
    let padding = match arg {
        Arg::Padding(Padding::Half) => match (args.get("kernel"), args.get("dilation")) {
            (Some(Arg::Pair(kernel)), Some(Arg::Pair(dilation))) => {
                let [h, w] = [0, 1].map(|axis| dilation[axis].saturating_mul(kernel[axis] - 1) / 2);
                Some(Padding::Explicit { top: h, bottom: h, left: w, right: w })
            }
            _ => None,
        },
        Arg::Padding(Padding::Valid) => Some(Padding::Explicit { top: 0, bottom: 0, left: 0, right: 0 }),
        _ => None,
    };
    Some(padding.map_or_else(|| arg.clone(), Arg::Padding))
}

fn feed(arg: &Arg, hasher: &mut DefaultHasher) {
    match arg {
        Arg::Count(value) => value.hash(hasher),
        Arg::Int(value) => value.hash(hasher),
        Arg::Float(value) => value.to_bits().hash(hasher),
        Arg::Bool(value) => value.hash(hasher),
        Arg::Pair(value) => value.hash(hasher),
        Arg::Padding(Padding::Explicit { top, bottom, left, right }) => [top, bottom, left, right].hash(hasher),
        Arg::Padding(Padding::Half) => "half".hash(hasher),
        Arg::Padding(Padding::Valid) => "valid".hash(hasher),
        Arg::Padding(Padding::SameUpper) => "same_upper".hash(hasher),
        Arg::Shape(value) => value.hash(hasher),
        Arg::Ints(value) => value.hash(hasher),
        Arg::Word(value) => value.hash(hasher),
    }
}

/// The numbers among the operands of a merge; nothing where there are none.
fn numbers(args: &Args) -> Option<String> {
    let number = |operand: &Operand| match operand {
        Operand::Tensor => None,
        Operand::Number(value) => Some(value.to_string()),
    };
    let numbers: Vec<String> = args.operands().iter().filter_map(number).collect();
    (!numbers.is_empty()).then(|| numbers.join(", "))
}
