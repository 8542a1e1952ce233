//! What an op says when it can't be applied. Ops never see source places: they name an operand or an argument, and
//! whoever applies the op knows where those were written.

use crate::diagnostic::Code;

/// Why an op can't be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpError {
    pub code: Code,
    /// One sentence with both figures: "`concat` needs equal heights: 28 here, 14 there".
    pub message: String,
    pub help: Option<String>,
    /// What to point at, the place to mend first. Empty points at the stage.
    pub at: Vec<At>,
}

/// Something that a person wrote and an op can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The operand at this position among the tensors.
    Operand(usize),
    /// The argument of this parameter.
    Arg(&'static str),
}

impl OpError {
    pub fn new(code: Code, message: impl Into<String>) -> OpError {
        OpError { code, message: message.into(), help: None, at: Vec::new() }
    }

    /// Shapes that should agree and do not.
    pub fn shapes(message: impl Into<String>) -> OpError {
        OpError::new(Code::SHAPES_DIFFER, message)
    }

    /// A tensor with the wrong number of dimensions.
    pub fn rank(message: impl Into<String>) -> OpError {
        OpError::new(Code::RANK, message)
    }

    /// Sizes that a reshape, slice or shuffle can't work with.
    pub fn sizes(message: impl Into<String>) -> OpError {
        OpError::new(Code::SIZES, message)
    }

    /// A tensor too large.
    pub fn too_large(message: impl Into<String>) -> OpError {
        OpError::new(Code::TOO_LARGE, message)
    }

    /// An argument with a value outside what the op takes.
    pub fn argument(param: &'static str, message: impl Into<String>) -> OpError {
        OpError::new(Code::ARGUMENT_VALUE, message).at(At::Arg(param))
    }

    pub fn at(mut self, at: At) -> OpError {
        self.at.push(at);
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> OpError {
        self.help = Some(help.into());
        self
    }
}
