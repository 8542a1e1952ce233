//! What operators compute, checked: 64-bit whole numbers never wrap, and no result is infinite or not a number.

use super::value::{MAX_LENGTH, Value};
use crate::diagnostic::Code;
use crate::syntax::ast::{BinaryOp, UnaryOp};

/// Why there is no result; the caller knows the place.
#[derive(Debug)]
pub(super) struct Failure {
    pub code: Code,
    pub message: String,
    pub label: String,
    pub help: Option<String>,
}

impl Failure {
    pub fn new(code: Code, message: impl Into<String>, label: impl Into<String>) -> Failure {
        Failure { code, message: message.into(), label: label.into(), help: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }

    fn overflow(what: &str) -> Failure {
        Failure::new(Code::ARITHMETIC, format!("{what} does not fit 64 bits"), "too large")
    }
}

pub(super) type Outcome = Result<Value, Failure>;

pub(super) fn unary(op: UnaryOp, value: &Value) -> Outcome {
    match (op, value) {
        (_, Value::Poison) => Ok(Value::Poison),
        (UnaryOp::Not, Value::Bool(value)) => Ok(Value::Bool(!value)),
        (UnaryOp::Negate, Value::Int(value)) => {
            value.checked_neg().map(Value::Int).ok_or_else(|| Failure::overflow(&format!("-({value})")))
        }
        (UnaryOp::Negate, Value::Float(value)) => Ok(Value::Float(-value)),
        (UnaryOp::Not, other) => Err(Failure::new(
            Code::TYPE,
            format!("`not` takes `true` or `false`, and this is {}", other.describe()),
            "not a condition",
        )),
        (UnaryOp::Negate, other) => Err(Failure::new(
            Code::TYPE,
            format!("`-` takes a number, and this is {}", other.describe()),
            "not a number",
        )),
    }
}

/// `a op b`, for every operator but `and` and `or`.
pub(super) fn binary(op: BinaryOp, a: &Value, b: &Value) -> Outcome {
    if a.is_poison() || b.is_poison() {
        return Ok(Value::Poison);
    }
    match op {
        BinaryOp::Equal | BinaryOp::NotEqual => match a.equals(b) {
            Some(equal) => Ok(Value::Bool(equal == (op == BinaryOp::Equal))),
            None => {
                Err(mismatch(op, a, b).help("numbers, truth values, texts and lists can be compared with their like"))
            }
        },
        BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => compare(op, a, b),
        BinaryOp::Range => match (a.whole(), b.whole()) {
            (Some(start), Some(end)) => Ok(Value::Range(start, end)),
            _ => Err(Failure::new(
                Code::TYPE,
                format!("a range goes between whole numbers, and this is {}..{}", a.describe(), b.describe()),
                "not a range",
            )),
        },
        BinaryOp::Add => match (a, b) {
            (Value::Str(a), Value::Str(b)) if a.len() + b.len() <= MAX_LENGTH => Ok(Value::text(&format!("{a}{b}"))),
            (Value::List(_) | Value::Range(..), Value::List(_) | Value::Range(..)) => join(a, b),
            (Value::Str(_), Value::Str(_)) => Err(too_long("text")),
            _ => number(op, a, b),
        },
        BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder | BinaryOp::Power => {
            number(op, a, b)
        }
        BinaryOp::And | BinaryOp::Or => unreachable!("evaluated without their right side where that is not needed"),
    }
}

fn join(a: &Value, b: &Value) -> Outcome {
    let (first, second) = (a.len().unwrap_or(0), b.len().unwrap_or(0));
    if first.saturating_add(second) > MAX_LENGTH as i64 {
        return Err(too_long("list"));
    }
    let items = (0..first).filter_map(|at| a.item(at)).chain((0..second).filter_map(|at| b.item(at)));
    Ok(Value::list(items.collect::<Vec<_>>()))
}

fn too_long(what: &str) -> Failure {
    Failure::new(Code::LIMIT, format!("this {what} grows longer than {MAX_LENGTH}"), "too long")
        .help("compute something smaller")
}

fn compare(op: BinaryOp, a: &Value, b: &Value) -> Outcome {
    let order = match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Str(a), Value::Str(b)) => Some(a.cmp(b)),
        _ => match (a.number(), b.number()) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => None,
        },
    };
    let Some(order) = order else { return Err(mismatch(op, a, b)) };
    Ok(Value::Bool(match op {
        BinaryOp::Less => order.is_lt(),
        BinaryOp::LessEqual => order.is_le(),
        BinaryOp::Greater => order.is_gt(),
        _ => order.is_ge(),
    }))
}

fn number(op: BinaryOp, a: &Value, b: &Value) -> Outcome {
    let (Some(x), Some(y)) = (a.number(), b.number()) else { return Err(mismatch(op, a, b)) };
    if y == 0.0 && matches!(op, BinaryOp::Divide | BinaryOp::Remainder) {
        let what = if op == BinaryOp::Divide { "division" } else { "remainder" };
        return Err(Failure::new(Code::ARITHMETIC, format!("{what} by zero"), format!("`{a} {} {b}`", op.symbol()))
            .help("guard it with `if`, or mend the value that became zero"));
    }
    if let (Value::Int(m), Value::Int(n)) = (a, b)
        && let Some(result) = whole(op, *m, *n)
    {
        return result.map(Value::Int).ok_or_else(|| Failure::overflow(&format!("{m} {} {n}", op.symbol())));
    }
    let result = match op {
        BinaryOp::Add => x + y,
        BinaryOp::Subtract => x - y,
        BinaryOp::Multiply => x * y,
        BinaryOp::Divide => x / y,
        BinaryOp::Remainder => x - y * (x / y).floor(),
        BinaryOp::Power => x.powf(y),
        _ => unreachable!("the caller passes arithmetic alone"),
    };
    match result.is_finite() {
        true => Ok(Value::Float(result)),
        false => Err(Failure::new(
            Code::ARITHMETIC,
            format!("{a} {} {b} is not a finite number", op.symbol()),
            "no finite result",
        )),
    }
}

/// The exact result on whole numbers: nothing where it is a fraction, `Some(None)` where it does not fit.
fn whole(op: BinaryOp, a: i64, b: i64) -> Option<Option<i64>> {
    match op {
        BinaryOp::Add => Some(a.checked_add(b)),
        BinaryOp::Subtract => Some(a.checked_sub(b)),
        BinaryOp::Multiply => Some(a.checked_mul(b)),
        BinaryOp::Divide => match a.checked_rem(b) {
            Some(0) => Some(a.checked_div(b)),
            Some(_) => None,
            None => Some(None),
        },
        // The sign of the divisor, as in Python.
        BinaryOp::Remainder => {
            Some(a.checked_rem(b).map(|rest| if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }))
        }
        BinaryOp::Power => match u32::try_from(b) {
            Ok(b) => Some(a.checked_pow(b)),
            Err(_) if b < 0 => None,
            Err(_) => Some(if (-1..=1).contains(&a) { a.checked_pow(2 + (b % 2) as u32) } else { None }),
        },
        _ => unreachable!("the caller passes arithmetic alone"),
    }
}

fn mismatch(op: BinaryOp, a: &Value, b: &Value) -> Failure {
    Failure::new(
        Code::TYPE,
        format!("`{}` can't take {} and {}", op.symbol(), a.describe(), b.describe()),
        format!("{} {} {}", a.kind(), op.symbol(), b.kind()),
    )
}
