//! What convolutions and pools share: a window that slides over rows and columns.

use std::fmt;

use super::args::size;
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

impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Padding::Explicit { top, bottom, left, right } if top == bottom && left == right => {
                f.write_str(&if top == left { top.to_string() } else { format!("[{top}, {left}]") })
            }
            Padding::Explicit { top, bottom, left, right } => write!(f, "[{top}, {bottom}, {left}, {right}]"),
            Padding::Half => f.write_str("half"),
            Padding::Valid => f.write_str("valid"),
            Padding::SameUpper => f.write_str("same_upper"),
        }
    }
}

impl Padding {
    /// The padding of each side as one number.
    pub(super) const fn all(size: usize) -> Padding {
        Padding::Explicit { top: size, bottom: size, left: size, right: size }
    }

    /// `ty` is [`ParamType::Padding`], or [`ParamType::Borders`] where words won't do.
    pub(super) fn check(param: &'static str, raw: &Raw, ty: ParamType) -> Result<Padding, OpError> {
        let size = |raw: &Raw| size(param, raw, ty);
        let wrong = || OpError::new(Code::TYPE, format!("`{param}` takes {ty}, and this is {raw}")).at(At::Arg(param));
        match raw {
            Raw::Str(_) if ty == ParamType::Borders => Err(wrong()),
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
            raw => Ok(Padding::all(size(raw)?)),
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

/// A [`Window`] laid on an image: what is padded, and how many places it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// `[[top, bottom], [left, right]]`
    pub pads: [[usize; 2]; 2],
    /// `[h, w]` of the result, each 1 or more.
    pub out: [usize; 2],
}

/// The names of the two axes, for messages.
pub(super) const LINES: [&str; 2] = ["rows", "columns"];

impl Window {
    /// The rows and columns that one window covers, first to last.
    pub fn extent(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.dilation[axis].saturating_mul(self.kernel[axis] - 1).saturating_add(1))
    }

    /// The number of values in one window.
    pub fn area(&self) -> u64 {
        (self.kernel[0] as u64).saturating_mul(self.kernel[1] as u64)
    }

    /// Lays the window on an image of `[h, w]`, for the op called `op`.
    ///
    /// # Errors
    /// `half` with an even kernel; a kernel larger than the padded image.
    pub fn resolve(&self, op: &str, input: [usize; 2]) -> Result<Frame, OpError> {
        let extent = self.extent();
        let pads = match self.padding {
            Padding::Explicit { top, bottom, left, right } => [[top, bottom], [left, right]],
            Padding::Valid => [[0, 0], [0, 0]],
            Padding::Half => {
                self.check_odd()?;
                extent.map(|extent| [(extent - 1) / 2; 2])
            }
            Padding::SameUpper => [0, 1].map(|axis| {
                let windows = input[axis].div_ceil(self.stride[axis]);
                let reach = (windows - 1).saturating_mul(self.stride[axis]).saturating_add(extent[axis]);
                let total = reach.saturating_sub(input[axis]);
                [total / 2, total - total / 2]
            }),
        };
        let mut out = [0, 0];
        for axis in [0, 1] {
            let padded = input[axis].saturating_add(pads[axis][0]).saturating_add(pads[axis][1]);
            let stride = self.stride[axis];
            let overhang = if self.ceil_mode { stride - 1 } else { 0 };
            let Some(room) = padded.saturating_add(overhang).checked_sub(extent[axis]) else {
                return Err(self.too_large(op, axis, padded, self.padding == Padding::Valid || pads[axis] == [0, 0]));
            };
            out[axis] = room / stride + 1;
            let starts_in_padding = (out[axis] - 1).saturating_mul(stride) >= input[axis].saturating_add(pads[axis][0]);
            if self.ceil_mode && starts_in_padding && out[axis] > 1 {
                out[axis] -= 1;
            }
        }
        Ok(Frame { pads, out })
    }

    /// [`Window::resolve`] for pools, which pad at most half of the kernel so that every window sees the image; `half`
    /// does so at any dilation.
    ///
    /// # Errors
    /// As there, and too much padding.
    pub fn resolve_pool(&self, op: &str, input: [usize; 2]) -> Result<Frame, OpError> {
        let frame = self.resolve(op, input)?;
        if self.padding == Padding::Half {
            return Ok(frame);
        }
        for (axis, lines) in LINES.into_iter().enumerate() {
            let kernel = self.kernel[axis];
            let most = frame.pads[axis][0].max(frame.pads[axis][1]);
            if most > kernel / 2 {
                let message = format!("`{op}` pads {most} {lines}, more than half of its kernel's {kernel}");
                return Err(OpError::argument("pad", message)
                    .at(At::Arg("kernel"))
                    .help(format!("pad {} at most, or put the op `pad` before it", kernel / 2)));
            }
        }
        Ok(frame)
    }

    fn check_odd(&self) -> Result<(), OpError> {
        if self.kernel.iter().all(|size| size % 2 == 1) {
            return Ok(());
        }
        let kernel = by(self.kernel);
        Err(OpError::new(Code::EVEN_HALF, format!("`half` padding needs an odd kernel, and this one is {kernel}"))
            .at(At::Arg("kernel"))
            .help("give `pad` as a number, `[h, w]` or `[top, bottom, left, right]`, or as `same_upper`"))
    }

    fn too_large(&self, op: &str, axis: usize, padded: usize, unpadded: bool) -> OpError {
        let kernel = by(self.kernel);
        let extent = self.extent()[axis];
        let lines = LINES[axis];
        let input = if unpadded { "the input" } else { "the padded input" };
        let covers = match self.dilation[axis] {
            1 => format!("`{op}`'s {kernel} kernel covers {extent} {lines}"),
            dilation => format!("`{op}`'s {kernel} kernel at dilation {dilation} covers {extent} {lines}"),
        };
        OpError::new(Code::KERNEL_TOO_LARGE, format!("{covers}; {input} has {padded}"))
            .at(At::Arg("kernel"))
            .at(At::Operand(0))
            .help("the image has shrunk too far for this kernel: pad it, use a smaller one, or downsample less before")
    }

    /// `3x3, stride 2, dilation 2`: what there is to say of it in a report.
    pub(super) fn detail(&self) -> String {
        let mut detail = by(self.kernel);
        if self.stride != [1, 1] {
            detail.push_str(&format!(", stride {}", number_or_pair(self.stride)));
        }
        if self.dilation != [1, 1] {
            detail.push_str(&format!(", dilation {}", number_or_pair(self.dilation)));
        }
        detail
    }
}

/// `3x5`
pub(super) fn by(pair: [usize; 2]) -> String {
    format!("{}x{}", pair[0], pair[1])
}

/// `2`, or `2x1` where they differ.
fn number_or_pair(pair: [usize; 2]) -> String {
    if pair[0] == pair[1] { pair[0].to_string() } else { by(pair) }
}
