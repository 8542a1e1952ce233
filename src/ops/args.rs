//! Arguments of ops: the types that parameters can have, and how plain values become them.

use std::fmt;

use super::{At, OpError, Padding};
use crate::diagnostic::Code;

/// A parameter of an op.
#[derive(Debug)]
pub struct ParamDef {
    pub name: &'static str,
    pub ty: ParamType,
    pub default: Default,
    /// What it means, in a few words.
    pub doc: &'static str,
}

/// What an argument must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamType {
    /// A whole number, 1 or more.
    Count,
    /// A whole number, possibly negative: an index or an axis.
    Int,
    Float,
    Bool,
    /// One count, or `[h, w]`.
    Pair,
    /// One whole number 0 or more, or `[h, w]`.
    Margins,
    /// One whole number 0 or more, or `[before, after]`.
    Ends,
    /// One whole number 0 or more, `[h, w]`, `[top, bottom, left, right]`, `half`, `valid` or `same_upper`.
    Padding,
    /// [`ParamType::Padding`] without the words.
    Borders,
    /// A list of counts: a shape.
    Shape,
    /// A list of whole numbers, possibly negative.
    Ints,
    /// One whole number, possibly negative, or a list of them.
    Axes,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// What a parameter is where it is not given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    Required,
    Int(i64),
    Float(f64),
    Bool(bool),
    Word(&'static str),
    /// The value of another parameter.
    Same(&'static str),
    /// Nothing: [`Args::get`] says `None`.
    Absent,
}

/// A plain compile-time value, as it is offered for a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Raw {
    Int(i64),
    Float(f64),
    Bool(bool),
    Str(String),
    List(Vec<Raw>),
    /// Something that no op's parameter takes; the word says what, as in "a stage".
    Other(&'static str),
}

/// An argument that has been checked against its parameter's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    Count(usize),
    Int(i64),
    Float(f64),
    Bool(bool),
    Pair([usize; 2]),
    Padding(Padding),
    Shape(Vec<usize>),
    Ints(Vec<i64>),
    Word(&'static str),
}

/// One operand of a merge, in order; the flow comes first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand {
    /// The next of the op's input tensors.
    Tensor,
    Number(f64),
}

/// The arguments of one application: every parameter of the op that was given or has a default, and the operands.
#[derive(Clone, Debug, PartialEq, std::default::Default)]
pub struct Args {
    values: Vec<(&'static str, Arg)>,
    operands: Vec<Operand>,
}

impl Args {
    /// Checks what was given against the parameters of an op, and fills in defaults.
    ///
    /// `given` holds pairs of a parameter of `params` and its value, each at most once; a required one may not be missing.
    ///
    /// # Errors
    /// The first value that is not of its parameter's type.
    pub fn bind(
        params: &'static [ParamDef],
        given: &[(&'static str, Raw)],
        operands: Vec<Operand>,
    ) -> Result<Args, OpError> {
        let mut args = Args { values: Vec::with_capacity(params.len()), operands };
        for param in params {
            let raw = given.iter().find(|(name, _)| *name == param.name).map(|(_, raw)| raw);
            let value = match (raw, param.default) {
                (Some(raw), _) => param.ty.check(param.name, raw)?,
                (None, Default::Same(other)) => args.value(other).clone(),
                (None, Default::Absent) => continue,
                (None, Default::Int(value)) => param.ty.check(param.name, &Raw::Int(value))?,
                (None, Default::Float(value)) => param.ty.check(param.name, &Raw::Float(value))?,
                (None, Default::Bool(value)) => param.ty.check(param.name, &Raw::Bool(value))?,
                (None, Default::Word(value)) => param.ty.check(param.name, &Raw::Str(value.to_string()))?,
                (None, Default::Required) => {
                    unreachable!("the caller has reported `{}` as missing", param.name)
                }
            };
            args.values.push((param.name, value));
        }
        Ok(args)
    }

    /// All arguments, in the order of the op's parameters.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Arg)> {
        self.values.iter().map(|(name, value)| (*name, value))
    }

    /// The operands of a merge or pair, the flow first.
    pub fn operands(&self) -> &[Operand] {
        &self.operands
    }

    /// The argument of a parameter, where it was given or has a default.
    pub fn get(&self, name: &str) -> Option<&Arg> {
        self.values.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    pub fn count(&self, name: &str) -> usize {
        match self.value(name) {
            Arg::Count(value) => *value,
            other => mistyped(name, other),
        }
    }

    pub fn int(&self, name: &str) -> i64 {
        match self.value(name) {
            Arg::Int(value) => *value,
            other => mistyped(name, other),
        }
    }

    /// A whole number that may be absent.
    pub fn optional_int(&self, name: &str) -> Option<i64> {
        self.get(name).map(|_| self.int(name))
    }

    pub fn float(&self, name: &str) -> f64 {
        match self.value(name) {
            Arg::Float(value) => *value,
            other => mistyped(name, other),
        }
    }

    pub fn bool(&self, name: &str) -> bool {
        match self.value(name) {
            Arg::Bool(value) => *value,
            other => mistyped(name, other),
        }
    }

    /// `[h, w]`
    pub fn pair(&self, name: &str) -> [usize; 2] {
        match self.value(name) {
            Arg::Pair(value) => *value,
            other => mistyped(name, other),
        }
    }

    pub fn padding(&self, name: &str) -> Padding {
        match self.value(name) {
            Arg::Padding(value) => *value,
            other => mistyped(name, other),
        }
    }

    pub fn shape(&self, name: &str) -> &[usize] {
        match self.value(name) {
            Arg::Shape(value) => value,
            other => mistyped(name, other),
        }
    }

    pub fn ints(&self, name: &str) -> &[i64] {
        match self.value(name) {
            Arg::Ints(value) => value,
            other => mistyped(name, other),
        }
    }

    pub fn word(&self, name: &str) -> &'static str {
        match self.value(name) {
            Arg::Word(value) => value,
            other => mistyped(name, other),
        }
    }

    fn value(&self, name: &str) -> &Arg {
        self.get(name).unwrap_or_else(|| unreachable!("`{name}` is a parameter with a value"))
    }
}

fn mistyped(name: &str, value: &Arg) -> ! {
    unreachable!("`{name}` was checked against its type and is {value:?}")
}

impl ParamType {
    /// The value as an argument of this type.
    fn check(self, param: &'static str, raw: &Raw) -> Result<Arg, OpError> {
        let wrong =
            || Err(OpError::new(Code::TYPE, format!("`{param}` takes {self}, and this is {raw}")).at(At::Arg(param)));
        match self {
            ParamType::Count => Ok(Arg::Count(count(param, raw, self)?)),
            ParamType::Int => Ok(Arg::Int(whole(param, raw, self)?)),
            ParamType::Float => match raw {
                Raw::Int(value) => Ok(Arg::Float(*value as f64)),
                Raw::Float(value) if value.is_finite() => Ok(Arg::Float(*value)),
                _ => wrong(),
            },
            ParamType::Bool => match raw {
                Raw::Bool(value) => Ok(Arg::Bool(*value)),
                _ => wrong(),
            },
            ParamType::Pair => match raw {
                Raw::List(items) => match items.as_slice() {
                    [h, w] => Ok(Arg::Pair([count(param, h, self)?, count(param, w, self)?])),
                    _ => wrong(),
                },
                raw => {
                    let value = count(param, raw, self)?;
                    Ok(Arg::Pair([value, value]))
                }
            },
            ParamType::Margins | ParamType::Ends => match raw {
                Raw::List(items) => match items.as_slice() {
                    [first, second] => Ok(Arg::Pair([size(param, first, self)?, size(param, second, self)?])),
                    _ => wrong(),
                },
                raw => {
                    let value = size(param, raw, self)?;
                    Ok(Arg::Pair([value, value]))
                }
            },
            ParamType::Padding | ParamType::Borders => Padding::check(param, raw, self).map(Arg::Padding),
            ParamType::Shape => match raw {
                Raw::List(items) => {
                    let dims = items.iter().map(|item| count(param, item, self)).collect::<Result<_, _>>()?;
                    Ok(Arg::Shape(dims))
                }
                _ => wrong(),
            },
            ParamType::Ints | ParamType::Axes => match raw {
                Raw::List(items) => {
                    let values = items.iter().map(|item| whole(param, item, self)).collect::<Result<_, _>>()?;
                    Ok(Arg::Ints(values))
                }
                raw if self == ParamType::Axes => Ok(Arg::Ints(vec![whole(param, raw, self)?])),
                _ => wrong(),
            },
            ParamType::Word(words) => match raw {
                Raw::Str(text) => match words.iter().find(|word| *word == text) {
                    Some(word) => Ok(Arg::Word(word)),
                    None => wrong(),
                },
                _ => wrong(),
            },
        }
    }
}

/// The largest number that a parameter takes: 2^31, larger than any dimension in use.
const MAX_COUNT: i64 = 1 << 31;

/// A whole number; a fraction gets an error that shows it.
pub(super) fn whole(param: &'static str, raw: &Raw, ty: ParamType) -> Result<i64, OpError> {
    match raw {
        Raw::Int(value) if value.unsigned_abs() <= MAX_COUNT as u64 => Ok(*value),
        Raw::Int(value) => {
            Err(OpError::argument(param, format!("`{param}` is {value}, and the largest number taken is 2^31")))
        }
        Raw::Float(value) if value.fract() == 0.0 && value.abs() <= MAX_COUNT as f64 => Ok(*value as i64),
        Raw::Float(value) => Err(OpError::new(Code::NOT_WHOLE, format!("`{param}` takes {ty}, and this is {value}"))
            .at(At::Arg(param))
            .help("`int(x)` cuts a fraction off, `round(x)`, `floor(x)` and `ceil(x)` round it")),
        _ => Err(OpError::new(Code::TYPE, format!("`{param}` takes {ty}, and this is {raw}")).at(At::Arg(param))),
    }
}

/// A whole number, 0 or more.
pub(super) fn size(param: &'static str, raw: &Raw, ty: ParamType) -> Result<usize, OpError> {
    let value = whole(param, raw, ty)?;
    usize::try_from(value).map_err(|_| OpError::argument(param, format!("`{param}` is {value}, and must be 0 or more")))
}

fn count(param: &'static str, raw: &Raw, ty: ParamType) -> Result<usize, OpError> {
    let value = whole(param, raw, ty)?;
    match usize::try_from(value) {
        Ok(value) if value > 0 => Ok(value),
        _ => Err(OpError::argument(param, format!("`{param}` is {value}, and must be 1 or more"))),
    }
}

impl fmt::Display for ParamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParamType::Count => f.write_str("a whole number"),
            ParamType::Int => f.write_str("a whole number"),
            ParamType::Float => f.write_str("a number"),
            ParamType::Bool => f.write_str("`true` or `false`"),
            ParamType::Pair => f.write_str("a whole number or `[height, width]`"),
            ParamType::Margins => f.write_str("a whole number or `[height, width]`"),
            ParamType::Ends => f.write_str("a whole number or `[before, after]`"),
            ParamType::Padding => f.write_str(
                "a whole number, `[height, width]`, `[top, bottom, left, right]`, `half`, `valid` or `same_upper`",
            ),
            ParamType::Borders => f.write_str("a whole number, `[height, width]` or `[top, bottom, left, right]`"),
            ParamType::Shape => f.write_str("a list of sizes"),
            ParamType::Ints => f.write_str("a list of whole numbers"),
            ParamType::Axes => f.write_str("a whole number or a list of them"),
            ParamType::Word(words) => {
                write!(f, "one of {}", crate::diagnostic::list(words.iter().copied()).replace(" and ", " or "))
            }
        }
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Raw::Int(value) => write!(f, "{value}"),
            Raw::Float(value) => write!(f, "{value}"),
            Raw::Bool(value) => write!(f, "`{value}`"),
            Raw::Str(text) => write!(f, "\"{text}\""),
            Raw::List(items) => {
                let shown: Vec<String> = items.iter().take(8).map(Raw::to_string).collect();
                let more = if items.len() > 8 { ", ..." } else { "" };
                write!(f, "[{}{more}]", shown.join(", "))
            }
            Raw::Other(what) => f.write_str(what),
        }
    }
}

impl fmt::Display for Arg {
    /// As it would be written in a call; a pair of equal numbers is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |items: Vec<String>| format!("[{}]", items.join(", "));
        match self {
            Arg::Count(value) => write!(f, "{value}"),
            Arg::Int(value) => write!(f, "{value}"),
            Arg::Float(value) => write!(f, "{value}"),
            Arg::Bool(value) => write!(f, "{value}"),
            Arg::Pair([h, w]) if h == w => write!(f, "{h}"),
            Arg::Pair([h, w]) => write!(f, "[{h}, {w}]"),
            Arg::Padding(padding) => write!(f, "{padding}"),
            Arg::Shape(dims) => f.write_str(&list(dims.iter().map(usize::to_string).collect())),
            Arg::Ints(values) => f.write_str(&list(values.iter().map(i64::to_string).collect())),
            Arg::Word(word) => f.write_str(word),
        }
    }
}

impl fmt::Display for ParamDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.default {
            Default::Required => f.write_str(self.name),
            Default::Int(value) => write!(f, "{} = {value}", self.name),
            Default::Float(value) => write!(f, "{} = {value:?}", self.name),
            Default::Bool(value) => write!(f, "{} = {value}", self.name),
            Default::Word(word) if matches!(self.ty, ParamType::Word(_)) => write!(f, "{} = \"{word}\"", self.name),
            Default::Word(word) => write!(f, "{} = {word}", self.name),
            Default::Same(other) => write!(f, "{} = {other}", self.name),
            Default::Absent => write!(f, "{} = none", self.name),
        }
    }
}

impl ParamDef {
    pub const fn required(name: &'static str, ty: ParamType, doc: &'static str) -> ParamDef {
        ParamDef { name, ty, default: Default::Required, doc }
    }

    pub const fn optional(name: &'static str, ty: ParamType, default: Default, doc: &'static str) -> ParamDef {
        ParamDef { name, ty, default, doc }
    }
}
