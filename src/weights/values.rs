//! The values that fields of a `weights` item can have: numbers, texts and lists, with arithmetic, and no names.

use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::ast;

/// A value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Number(f64),
    Text(String),
    List(Vec<Value>),
}

impl Value {
    /// What it is, for messages.
    pub fn what(&self) -> String {
        match self {
            Value::Number(value) => value.to_string(),
            Value::Text(text) => format!("the text \"{text}\""),
            Value::List(items) => format!("a list of {}", items.len()),
        }
    }
}

/// The value of an expression.
///
/// # Errors
/// `E0605` for names and anything else that is not a plain value; `E0306` for a result that is no number.
pub fn evaluate(expr: &ast::Expr) -> Result<Value, Diagnostic> {
    use ast::ExprKind;
    match &expr.kind {
        ExprKind::Int(value) => Ok(Value::Number(*value as f64)),
        ExprKind::Float(value) => Ok(Value::Number(*value)),
        ExprKind::Str(text) => match text.literal() {
            Some(text) => Ok(Value::Text(text.to_string())),
            None => Err(not_plain(expr, "a text with `{...}` in it")),
        },
        ExprKind::List(items) => Ok(Value::List(items.iter().map(evaluate).collect::<Result<_, _>>()?)),
        ExprKind::Unary { op: ast::UnaryOp::Negate, operand } => Ok(Value::Number(-number(operand)?)),
        ExprKind::Binary { op, left, right } => {
            let (left, right) = (number(left)?, number(right)?);
            let result = match op {
                ast::BinaryOp::Add => left + right,
                ast::BinaryOp::Subtract => left - right,
                ast::BinaryOp::Multiply => left * right,
                ast::BinaryOp::Divide => left / right,
                ast::BinaryOp::Power => left.powf(right),
                ast::BinaryOp::Range
                | ast::BinaryOp::Or
                | ast::BinaryOp::And
                | ast::BinaryOp::Equal
                | ast::BinaryOp::NotEqual
                | ast::BinaryOp::Less
                | ast::BinaryOp::LessEqual
                | ast::BinaryOp::Greater
                | ast::BinaryOp::GreaterEqual
                | ast::BinaryOp::Remainder => return Err(not_plain(expr, &format!("`{}`", op.symbol()))),
            };
            if !result.is_finite() {
                let message = format!("`{left} {} {right}` has no value", op.symbol());
                return Err(Diagnostic::error(Code::ARITHMETIC, message).label(expr.span, "computed here"));
            }
            Ok(Value::Number(result))
        }
        ExprKind::Name(name) => Err(not_plain(expr, &format!("the name `{name}`"))),
        ExprKind::Bool(_)
        | ExprKind::In
        | ExprKind::If { .. }
        | ExprKind::Unary { op: ast::UnaryOp::Not, .. }
        | ExprKind::Field { .. }
        | ExprKind::Index { .. }
        | ExprKind::Call { .. } => Err(not_plain(expr, "an expression of this kind")),
    }
}

fn number(expr: &ast::Expr) -> Result<f64, Diagnostic> {
    match evaluate(expr)? {
        Value::Number(value) => Ok(value),
        other => Err(Diagnostic::error(
            Code::BAD_WEIGHTS_ITEM,
            format!("arithmetic needs numbers, and this is {}", other.what()),
        )
        .label(expr.span, "not a number")),
    }
}

fn not_plain(expr: &ast::Expr, what: &str) -> Diagnostic {
    Diagnostic::error(Code::BAD_WEIGHTS_ITEM, format!("{what} can't stand in a `weights` item"))
        .label(expr.span, "a plain value belongs here")
        .help("write numbers, texts in quotes, lists of them, and arithmetic, as in `1/255`")
}
