//! The type of a tensor: its shape, without the batch.

use std::fmt;

use crate::ops::{At, OpError};

/// The most elements that a tensor may have, for one image (2^40, four tebibytes of float32).
pub const MAX_ELEMENTS: u64 = 1 << 40;

/// The type of a float32 tensor. The batch is implied and not part of the shape: `[C, H, W]` for images.
///
/// A learned tensor (`param`), and what is computed from such tensors alone, has no batch: its shape is the stored one.
/// Merged with a batched tensor of rank r (without the batch), one of rank r + 1 has 1 in front, which stands for the
/// batch; one of lower rank broadcasts from the right.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorType {
    shape: Vec<usize>,
    batched: bool,
}

impl TensorType {
    /// A tensor with a batch in front of `shape`.
    pub fn new(shape: impl Into<Vec<usize>>) -> TensorType {
        TensorType { shape: shape.into(), batched: true }
    }

    /// A tensor that is the same for every image of a batch, stored as `shape`.
    pub fn unbatched(shape: impl Into<Vec<usize>>) -> TensorType {
        TensorType { shape: shape.into(), batched: false }
    }

    /// This tensor with another shape, and a batch where it had one.
    pub fn with_shape(&self, shape: impl Into<Vec<usize>>) -> TensorType {
        TensorType { shape: shape.into(), batched: self.batched }
    }

    /// Whether a batch stands in front of the shape.
    pub fn batched(&self) -> bool {
        self.batched
    }

    /// The dimensions after the batch; all of them where there is none.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of dimensions, without the batch.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The number of elements for one image. [`crate::ir::Graph`] holds only types for which it is at most [`MAX_ELEMENTS`].
    pub fn elements(&self) -> u64 {
        self.shape.iter().fold(1u64, |product, dim| product.saturating_mul(*dim as u64))
    }

    /// `[C, H, W]` apart.
    ///
    /// # Errors
    /// The tensor is no image; the message says what `op` needs and how to get there.
    pub fn image(&self, op: &str) -> Result<[usize; 3], OpError> {
        match self.shape.as_slice() {
            [c, h, w] => Ok([*c, *h, *w]),
            other => {
                let help = match other.len() {
                    1 => "the flow was flattened or pooled to a vector before; put this stage earlier",
                    _ => "`reshape` or `unsqueeze` can bring it to channels, height and width",
                };
                Err(OpError::rank(format!("`{op}` needs an image [channels, height, width], and this is {self}"))
                    .at(At::Operand(0))
                    .help(help))
            }
        }
    }

    pub(crate) fn check_size(&self) -> Result<(), OpError> {
        if self.elements() > MAX_ELEMENTS {
            return Err(OpError::too_large(format!("the result {self} would have more than 2^40 elements")));
        }
        Ok(())
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        write!(f, "[{}]", dims.join(", "))
    }
}
