//! The functions of the language itself.

use super::arithmetic::{self, Failure, Outcome};
use super::value::{Value, float_to_int};
use crate::diagnostic::Code;
use crate::syntax::ast::BinaryOp;

pub(super) const NAMES: &[&str] = &["len", "sum", "min", "max", "int", "round", "floor", "ceil", "abs", "sqrt"];

/// How a function is called, for help lines.
pub(super) fn usage(name: &str) -> String {
    let text = match name {
        "len" => "`len(list)`",
        "sum" => "`sum(list)`",
        "min" => "`min(a, b, ...)` or `min(list)`",
        "max" => "`max(a, b, ...)` or `max(list)`",
        "int" => "`int(x)` cuts the fraction off",
        "round" => "`round(x)`; halves go to the even neighbour",
        "floor" => "`floor(x)`",
        "ceil" => "`ceil(x)`",
        "abs" => "`abs(x)`",
        _ => "`sqrt(x)`",
    };
    format!("write {text}")
}

/// The result of the function called `name`, one of [`NAMES`]; no argument is poison.
pub(super) fn call(name: &str, args: &[Value]) -> Outcome {
    match (name, args) {
        ("min" | "max", [_, _, ..]) => extreme(name, args),
        (_, [arg]) => one(name, arg),
        _ => Err(Failure::new(
            if args.is_empty() { Code::MISSING_ARGUMENT } else { Code::TOO_MANY_ARGUMENTS },
            format!(
                "`{name}` takes {}, and {} are given",
                if matches!(name, "min" | "max") { "one argument or more" } else { "one argument" },
                args.len()
            ),
            "this call",
        )
        .help(usage(name))),
    }
}

fn one(name: &str, arg: &Value) -> Outcome {
    let items = || -> Option<Vec<Value>> {
        let length = arg.len()?;
        (length <= super::value::MAX_LENGTH as i64).then(|| (0..length).filter_map(|at| arg.item(at)).collect())
    };
    match (name, arg) {
        ("len", Value::Str(text)) => Ok(Value::Int(text.chars().count() as i64)),
        ("len", _) => arg.len().map(Value::Int).ok_or_else(|| wrong(name, "a list", arg)),
        ("sum", _) => {
            let items = items().ok_or_else(|| wrong(name, "a list", arg))?;
            items.iter().try_fold(Value::Int(0), |total, item| arithmetic::binary(BinaryOp::Add, &total, item))
        }
        ("min" | "max", _) => {
            let items = items().ok_or_else(|| wrong(name, "numbers or a list", arg))?;
            extreme(name, &items)
        }
        ("abs", Value::Int(value)) => value
            .checked_abs()
            .map(Value::Int)
            .ok_or_else(|| Failure::new(Code::ARITHMETIC, format!("abs({value}) does not fit 64 bits"), "too large")),
        ("int" | "round" | "floor" | "ceil", Value::Int(_)) => Ok(arg.clone()),
        _ => {
            let value = arg.number().ok_or_else(|| wrong(name, "a number", arg))?;
            let whole = match name {
                "abs" => return Ok(Value::Float(value.abs())),
                "sqrt" if value < 0.0 => {
                    return Err(Failure::new(Code::ARITHMETIC, format!("{value} has no square root"), "negative"));
                }
                "sqrt" => return Ok(Value::Float(value.sqrt())),
                "int" => value.trunc(),
                "round" => value.round_ties_even(),
                "floor" => value.floor(),
                _ => value.ceil(),
            };
            float_to_int(whole).map(Value::Int).ok_or_else(|| {
                Failure::new(Code::ARITHMETIC, format!("{name}({value}) does not fit 64 bits"), "too large")
            })
        }
    }
}

fn extreme(name: &str, items: &[Value]) -> Outcome {
    let op = if name == "min" { BinaryOp::Less } else { BinaryOp::Greater };
    let Some((first, rest)) = items.split_first() else {
        return Err(Failure::new(Code::ARGUMENT_VALUE, format!("`{name}` of an empty list"), "no items"));
    };
    if first.number().is_none() {
        return Err(wrong(name, "numbers", first));
    }
    let mut best = first;
    for item in rest {
        if let Value::Bool(true) = arithmetic::binary(op, item, best)? {
            best = item;
        }
    }
    Ok(best.clone())
}

fn wrong(name: &str, wanted: &str, arg: &Value) -> Failure {
    Failure::new(Code::TYPE, format!("`{name}` takes {wanted}, and this is {}", arg.describe()), "this call")
        .help(usage(name))
}
