//! Compile-time values.

use std::fmt;
use std::sync::Arc;

use super::program::ItemRef;
use crate::ir::{NodeId, TensorType};
use crate::ops::{OpDef, Raw};
use crate::source::Span;
use crate::syntax::ast;

/// The longest list, and the longest text in bytes, that a program can compute.
pub(super) const MAX_LENGTH: usize = 100_000;

/// What an expression can be.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Int(i64),
    Float(f64),
    Bool(bool),
    Str(Arc<str>),
    List(Arc<[Value]>),
    /// `start..end`, half-open; empty where `end <= start`.
    Range(i64, i64),
    Stage(Arc<StageValue>),
    Tensor(Tensor),
    /// The value of something that has already been reported.
    Poison,
}

/// A node's result.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub node: NodeId,
    pub ty: TensorType,
}

/// An op or block that is not yet applied, with the arguments it has so far.
#[derive(Clone, Debug)]
pub(super) struct StageValue {
    pub callee: Callee,
    pub args: Vec<BoundArg>,
    /// The values of a merge or pair, beside the flow.
    pub operands: Vec<(Value, Span)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Callee {
    Op(&'static OpDef),
    /// A block, or an arch under a variant.
    Item(ItemRef),
}

/// An argument that has found its parameter.
#[derive(Clone, Debug)]
pub(super) struct BoundArg {
    /// The position among the callee's parameters.
    pub param: usize,
    pub value: Value,
    pub span: Span,
}

impl StageValue {
    pub fn bare(callee: Callee) -> StageValue {
        StageValue { callee, args: Vec::new(), operands: Vec::new() }
    }

    pub fn arg(&self, param: usize) -> Option<&BoundArg> {
        self.args.iter().find(|arg| arg.param == param)
    }
}

impl Value {
    pub fn stage(callee: Callee) -> Value {
        Value::Stage(Arc::new(StageValue::bare(callee)))
    }

    pub fn text(text: &str) -> Value {
        Value::Str(Arc::from(text))
    }

    pub fn list(items: impl Into<Arc<[Value]>>) -> Value {
        Value::List(items.into())
    }

    pub fn is_poison(&self) -> bool {
        matches!(self, Value::Poison)
    }

    /// What kind of value it is, with an article.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Int(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Bool(_) => "a truth value",
            Value::Str(_) => "a text",
            Value::List(_) => "a list",
            Value::Range(..) => "a range",
            Value::Stage(_) => "a stage",
            Value::Tensor(_) => "a tensor",
            Value::Poison => "an unknown value",
        }
    }

    /// The kind and, where it is short, the value: `the whole number 3`.
    pub fn describe(&self) -> String {
        match self {
            Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::List(_) | Value::Range(..) => format!("`{self}`"),
            Value::Str(text) if text.len() <= 40 => format!("the text \"{text}\""),
            Value::Str(_) | Value::Poison => self.kind().to_string(),
            Value::Stage(stage) => match stage.callee {
                Callee::Op(def) => format!("the stage `{}`", def.name),
                Callee::Item(_) => "a stage".to_string(),
            },
            Value::Tensor(tensor) => format!("a tensor {}", tensor.ty),
        }
    }

    /// The number of items of a list or range.
    pub fn len(&self) -> Option<i64> {
        match self {
            Value::List(items) => Some(items.len() as i64),
            Value::Range(start, end) => Some(end.saturating_sub(*start).max(0)),
            _ => None,
        }
    }

    /// An item of a list or range; `index` is within its length.
    pub fn item(&self, index: i64) -> Option<Value> {
        match self {
            Value::List(items) => items.get(usize::try_from(index).ok()?).cloned(),
            Value::Range(start, end) => {
                let value = start.checked_add(index)?;
                (index >= 0 && value < *end).then_some(Value::Int(value))
            }
            _ => None,
        }
    }

    /// A number as a float.
    pub fn number(&self) -> Option<f64> {
        match self {
            Value::Int(value) => Some(*value as f64),
            Value::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// A whole number, also where it is computed as a fraction.
    pub fn whole(&self) -> Option<i64> {
        match self {
            Value::Int(value) => Some(*value),
            Value::Float(value) => float_to_int(*value),
            _ => None,
        }
    }

    /// Equality of numbers, truth values, texts and lists; nothing where the two can't be compared.
    pub fn equals(&self, other: &Value) -> Option<bool> {
        match (self, other) {
            (Value::Int(a), Value::Int(b)) => Some(a == b),
            (Value::Bool(a), Value::Bool(b)) => Some(a == b),
            (Value::Str(a), Value::Str(b)) => Some(a == b),
            (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_)) => Some(self.number() == other.number()),
            (Value::List(_) | Value::Range(..), Value::List(_) | Value::Range(..)) => {
                let length = self.len()?;
                if Some(length) != other.len() {
                    return Some(false);
                }
                if let (Value::Range(a, _), Value::Range(b, _)) = (self, other) {
                    return Some(length == 0 || a == b);
                }
                for index in 0..length {
                    if !self.item(index)?.equals(&other.item(index)?)? {
                        return Some(false);
                    }
                }
                Some(true)
            }
            _ => None,
        }
    }

    /// The value as an op's parameter sees it.
    pub fn to_raw(&self) -> Raw {
        match self {
            Value::Int(value) => Raw::Int(*value),
            Value::Float(value) => Raw::Float(*value),
            Value::Bool(value) => Raw::Bool(*value),
            Value::Str(text) => Raw::Str(text.to_string()),
            Value::List(items) => Raw::List(items.iter().map(Value::to_raw).collect()),
            Value::Range(start, end) => {
                let end = (*end).min(start.saturating_add(MAX_LENGTH as i64));
                Raw::List((*start..end).map(Raw::Int).collect())
            }
            Value::Stage(_) => Raw::Other("a stage"),
            Value::Tensor(_) => Raw::Other("a tensor"),
            Value::Poison => Raw::Other("an unknown value"),
        }
    }
}

/// The whole number that a float is, if it is one and fits.
pub(super) fn float_to_int(value: f64) -> Option<i64> {
    // 2^63 as a float; every whole float below it in size fits.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (value.fract() == 0.0 && value.abs() < LIMIT).then_some(value as i64)
}

/// As it would be written, and as an insert in a text shows it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Int(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value}"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Str(text) => f.write_str(text),
            Value::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().take(8).enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    match item {
                        Value::Str(text) => write!(f, "{comma}\"{text}\"")?,
                        item => write!(f, "{comma}{item}")?,
                    }
                }
                f.write_str(if items.len() > 8 { ", ...]" } else { "]" })
            }
            Value::Range(start, end) => write!(f, "{start}..{end}"),
            Value::Stage(stage) => match stage.callee {
                Callee::Op(def) => f.write_str(def.name),
                Callee::Item(_) => f.write_str("a block"),
            },
            Value::Tensor(tensor) => write!(f, "{}", tensor.ty),
            Value::Poison => f.write_str("?"),
        }
    }
}

/// A type as a person would name it.
pub(super) fn type_words(ty: &ast::Type) -> String {
    match ty {
        ast::Type::Int => "a whole number".to_string(),
        ast::Type::Float => "a number".to_string(),
        ast::Type::Bool => "`true` or `false`".to_string(),
        ast::Type::Str => "a text".to_string(),
        ast::Type::Stage => "a stage, as in `relu` or `batch_norm(eps = 1e-3)`".to_string(),
        ast::Type::Tensor => "a tensor, as in `in` or a label".to_string(),
        ast::Type::List(item) => format!("a list, each item {}", type_words(item)),
    }
}

/// The value as one of this type; whole fractions become whole numbers and whole numbers fractions where asked.
pub(super) fn coerce(value: &Value, ty: &ast::Type) -> Option<Value> {
    match (ty, value) {
        (_, Value::Poison) => Some(Value::Poison),
        (ast::Type::Int, value) => value.whole().map(Value::Int),
        (ast::Type::Float, value) => value.number().map(Value::Float),
        (ast::Type::Bool, Value::Bool(_))
        | (ast::Type::Str, Value::Str(_))
        | (ast::Type::Stage, Value::Stage(_))
        | (ast::Type::Tensor, Value::Tensor(_)) => Some(value.clone()),
        (ast::Type::List(item), Value::List(items)) => {
            let items: Option<Vec<Value>> = items.iter().map(|value| coerce(value, item)).collect();
            items.map(Value::list)
        }
        (ast::Type::List(item), Value::Range(..)) if matches!(**item, ast::Type::Int | ast::Type::Float) => {
            Some(value.clone())
        }
        (ast::Type::Bool | ast::Type::Str | ast::Type::Stage | ast::Type::Tensor | ast::Type::List(_), _) => None,
    }
}
