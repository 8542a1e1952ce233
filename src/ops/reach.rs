//! What a value of a result is made of: which places of the operands it reads, and what its gradient needs.

use super::Window;
use super::window::Frame;

/// Which places of its operands a result reads. A place is a row and a column of an image; channels are not told apart.
/// The statistics of a norm do not count as reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Each place reads the same place of every operand. A size of 1, or a dimension that an operand lacks in front,
    /// stands for all places.
    Same,
    /// Rows and columns of the image `[C, H, W]` that is the only operand, each on its own.
    Steps([Step; 2]),
    /// Dimension `i` of the result is dimension `dims[i]` of the only operand; nothing where it is new or where several
    /// were joined. Each value reads all along the dimensions of the operand that are not named.
    Dims(Vec<Option<usize>>),
    /// As [`Reach::Same`], but all along this dimension.
    Along(usize),
    /// Every value reads all of all operands.
    All,
}

/// Which places of an operand the places of a result read, along one axis: place `i` reads from `spans[i][0]` to
/// `spans[i][1]`, and place `i + spans.len()` what lies `shift` places further. Spans have one element at least, and both
/// of their ends grow from place to place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub shift: i64,
    pub spans: Vec<[i64; 2]>,
}

/// The longest period of a [`Step`]; what needs a longer one reads everything.
pub const MAX_PERIOD: usize = 4096;

impl Step {
    /// Place `i` reads place `i + offset`.
    pub fn offset(offset: i64) -> Step {
        Step { shift: 1, spans: vec![[offset, offset]] }
    }

    /// A window of `extent` places that moves by `stride`, with `before` places of padding in front.
    pub fn slide(stride: usize, before: usize, extent: usize) -> Step {
        let start = -(before as i64);
        Step { shift: stride as i64, spans: vec![[start, start.saturating_add(extent as i64 - 1)]] }
    }

    /// Every operand's place is put down as a window of `extent` places, `stride` apart, and `before` places in front are
    /// cut off. A place that no window covers has an empty span.
    pub fn spread(stride: usize, before: usize, extent: usize) -> Option<Step> {
        let period = i64::try_from(stride).ok().filter(|stride| *stride <= MAX_PERIOD as i64)?;
        let span = |place: i64| {
            let at = place.saturating_add(before as i64);
            // The first window that still covers it, rounded up, and the last one that has begun.
            let first = at.saturating_sub(extent as i64) + 1;
            [first.saturating_add(period - 1).div_euclid(period), at.div_euclid(period)]
        };
        Some(Step { shift: 1, spans: (0..period).map(span).collect() })
    }

    /// Each of `count` places reads the span that `span` says, and the next `count` lie `shift` further; nothing where
    /// that is too long.
    pub fn periodic(count: usize, shift: usize, span: impl Fn(i64) -> [i64; 2]) -> Option<Step> {
        let spans = (count <= MAX_PERIOD).then(|| (0..count as i64).map(span).collect())?;
        Some(Step { shift: shift as i64, spans })
    }
}

impl Reach {
    /// Steps along rows and columns; all where one of them has none.
    pub fn steps(rows: Option<Step>, columns: Option<Step>) -> Reach {
        match (rows, columns) {
            (Some(rows), Some(columns)) => Reach::Steps([rows, columns]),
            (None, _) | (_, None) => Reach::All,
        }
    }

    /// A window on an image.
    pub fn window(window: &Window, frame: &Frame) -> Reach {
        let extent = window.extent();
        Reach::Steps([0, 1].map(|axis| Step::slide(window.stride[axis], frame.pads[axis][0], extent[axis])))
    }

    /// The values of an operand of sizes `from`, in their order, in the sizes `to`, which hold as many.
    pub fn reshape(from: &[usize], to: &[usize]) -> Reach {
        let mut dims = vec![None; to.len()];
        let (mut i, mut j) = (0, 0);
        while i < from.len() && j < to.len() {
            if from[i] == to[j] {
                dims[j] = Some(i);
                (i, j) = (i + 1, j + 1);
                continue;
            }
            // The shortest runs of sizes with equal products are joined or split; sizes of 1 stand alone.
            let (mut left, mut right) = (from[i], to[j]);
            (i, j) = (i + 1, j + 1);
            while left != right {
                if left < right && i < from.len() {
                    left = left.saturating_mul(from[i]);
                    i += 1;
                } else if right < left && j < to.len() {
                    right = right.saturating_mul(to[j]);
                    j += 1;
                } else {
                    break;
                }
            }
        }
        Reach::Dims(dims)
    }
}

/// The greatest common divisor; the other number where one is 0.
pub(crate) fn gcd(a: usize, b: usize) -> usize {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// What the gradient of an op needs of its forward pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    pub operands: bool,
    pub result: bool,
    /// Bytes for one image besides: places of maxima, masks.
    pub bytes: u64,
    /// Bytes for a whole batch besides: its statistics.
    pub batch_bytes: u64,
}

impl Saved {
    pub const NOTHING: Saved = Saved { operands: false, result: false, bytes: 0, batch_bytes: 0 };
    pub const OPERANDS: Saved = Saved { operands: true, ..Saved::NOTHING };
    pub const RESULT: Saved = Saved { result: true, ..Saved::NOTHING };
}

#[cfg(test)]
mod tests {
    use super::{Reach, Step};

    #[test]
    fn places_of_a_transposed_convolution_are_found() {
        // 3x3, stride 2, pad 1: even places lie under one window's middle, odd ones under the ends of two.
        let step = Step::spread(2, 1, 3).unwrap();
        assert_eq!(step, Step { shift: 1, spans: vec![[0, 0], [0, 1]] });
        // A window smaller than the stride leaves places that read nothing.
        let step = Step::spread(3, 0, 2).unwrap();
        assert_eq!(step.spans, [[0, 0], [0, 0], [1, 0]]);
    }

    #[test]
    fn dimensions_are_followed_through_a_reshape() {
        let dims = |from: &[usize], to: &[usize]| match Reach::reshape(from, to) {
            Reach::Dims(dims) => dims,
            other => panic!("{other:?}"),
        };
        assert_eq!(dims(&[64, 7, 7], &[3136]), [None]);
        assert_eq!(dims(&[64, 7, 5], &[64, 35]), [Some(0), None]);
        assert_eq!(dims(&[64, 7, 5], &[8, 8, 7, 5]), [None, None, Some(1), Some(2)]);
        assert_eq!(dims(&[64, 1, 1], &[64]), [Some(0)]);
    }
}
