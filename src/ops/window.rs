//! What convolutions and pools share: a window that slides over rows and columns.

use super::args::whole;
use super::{At, OpError, ParamType, Raw};
use crate::diagnostic::Code;

/// How the edges of an image are padded, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    Explicit {
        top: usize,
        bottom: usize,
        left: usize,
        right: usize,
    },
    /// `dilation * (kernel - 1) / 2` on each side.
    Half,
    Valid,
    /// TensorFlow's SAME: the output is `ceil(size / stride)`, the odd row and column go below and right.
    SameUpper,
}

impl Padding {
    pub(super) fn check(param: &'static str, raw: &Raw) -> Result<Padding, OpError> {
        let ty = ParamType::Padding;
        let size = |raw: &Raw| {
            let value = whole(param, raw, ty)?;
            usize::try_from(value)
                .map_err(|_| OpError::argument(param, format!("`{param}` is {value}, and must be 0 or more")))
        };
        let wrong = || OpError::new(Code::TYPE, format!("`{param}` takes {ty}, and this is {raw}")).at(At::Arg(param));
        match raw {
            Raw::Str(word) => match word.as_str() {
                "half" => Ok(Padding::Half),
                "valid" => Ok(Padding::Valid),
                "same_upper" => Ok(Padding::SameUpper),
                _ => Err(wrong()),
            },
            Raw::List(items) => match items.as_slice() {
                [h, w] => {
                    let (h, w) = (size(h)?, size(w)?);
                    Ok(Padding::Explicit { top: h, bottom: h, left: w, right: w })
                }
                [top, bottom, left, right] => Ok(Padding::Explicit {
                    top: size(top)?,
                    bottom: size(bottom)?,
                    left: size(left)?,
                    right: size(right)?,
                }),
                _ => Err(wrong()),
            },
            raw => {
                let all = size(raw)?;
                Ok(Padding::Explicit { top: all, bottom: all, left: all, right: all })
            }
        }
    }
}

/// A window over rows and columns: pairs are `[h, w]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    pub padding: Padding,
    /// Whether a last window that hangs over the end counts, as in Caffe's pools.
    pub ceil_mode: bool,
}
