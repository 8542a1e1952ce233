//! One tensor of a weights file: its type, its shape, and where its elements lie.

use std::borrow::Cow;
use std::ops::Range;

use half::{bf16, f16};
use safetensors::Dtype;

/// A tensor of a file. Every element lies inside `range`, which lies inside the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// The bytes from the first element to the last.
    pub(super) range: Range<usize>,
    /// How far apart neighbours along each axis are, in elements; nothing where they follow one another row by row.
    pub(super) strides: Option<Vec<usize>>,
}

impl Entry {
    /// The number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// The bytes that the elements take, written one after the other.
    pub fn bytes(&self) -> usize {
        (self.elements() * self.dtype.bitsize()).div_ceil(8)
    }

    /// The elements as stored, row by row. `file` is all of the file.
    pub(super) fn raw<'a>(&self, file: &'a [u8]) -> Cow<'a, [u8]> {
        let stored = &file[self.range.clone()];
        match &self.strides {
            None => Cow::Borrowed(stored),
            Some(strides) => Cow::Owned(gather(stored, &self.shape, strides, self.dtype.bitsize() / 8)),
        }
    }

    /// The elements as float32, rounded to the nearest where they have more digits; nothing for a type that holds no
    /// such numbers.
    pub(super) fn floats(&self, file: &[u8]) -> Option<Vec<f32>> {
        if !is_float(self.dtype) {
            return None;
        }
        let mut values = vec![0.0; self.elements()];
        widen(self.dtype, &self.raw(file), &mut values);
        Some(values)
    }
}

/// Whether a type holds what [`widen`] reads.
pub(super) fn is_float(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16 | Dtype::F64)
}

/// The numbers of a type for which [`is_float`] holds, written over all of `to`.
pub(super) fn widen(dtype: Dtype, raw: &[u8], to: &mut [f32]) {
    match dtype {
        Dtype::F32 => convert(raw, to, f32::from_le_bytes),
        Dtype::F16 => convert(raw, to, |bytes| f16::from_le_bytes(bytes).to_f32()),
        Dtype::BF16 => convert(raw, to, |bytes| bf16::from_le_bytes(bytes).to_f32()),
        Dtype::F64 => convert(raw, to, |bytes| f64::from_le_bytes(bytes) as f32),
        _ => unreachable!("no floating-point numbers"),
    }
}

fn convert<const N: usize>(raw: &[u8], to: &mut [f32], value: impl Fn([u8; N]) -> f32) {
    let (chunks, _) = raw.as_chunks::<N>();
    to.iter_mut().zip(chunks).for_each(|(to, bytes)| *to = value(*bytes));
}

/// The elements of `size` bytes at the places that the strides give, in row-major order.
fn gather(stored: &[u8], shape: &[usize], strides: &[usize], size: usize) -> Vec<u8> {
    let count: usize = shape.iter().product();
    let mut bytes = Vec::with_capacity(count * size);
    let mut index = vec![0; shape.len()];
    let mut place = 0;
    for _ in 0..count {
        bytes.extend_from_slice(&stored[place * size..(place + 1) * size]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            place += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            place -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use safetensors::Dtype;

    use super::{Entry, gather};

    #[test]
    fn strides_transpose_skip_and_repeat() {
        let stored: Vec<u8> = (0..12).collect();
        assert_eq!(gather(&stored, &[4, 3], &[1, 4], 1), [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]);
        assert_eq!(gather(&stored, &[2, 2], &[6, 2], 1), [0, 2, 6, 8]);
        assert_eq!(gather(&stored, &[2, 2], &[0, 1], 2), [0, 1, 2, 3, 0, 1, 2, 3]);
        assert_eq!(gather(&stored, &[], &[], 1), [0]);
        assert_eq!(gather(&[], &[0, 3], &[3, 1], 1), [0u8; 0]);
    }

    #[test]
    fn half_precision_is_widened_exactly() {
        let widen = |dtype, bits: u16| {
            let entry = Entry { dtype, shape: Vec::new(), range: 0..2, strides: None };
            entry.floats(&bits.to_le_bytes()).unwrap()[0]
        };
        let cases =
            [(0x3C00, 1.0), (0xC000, -2.0), (0x7BFF, 65504.0), (0x0001, 5.960_464_5e-8), (0x03FF, 6.097_555e-5)];
        for (bits, value) in cases {
            assert_eq!(widen(Dtype::F16, bits), value, "{bits:04x}");
        }
        assert_eq!((widen(Dtype::F16, 0x7C00), widen(Dtype::F16, 0xFC00)), (f32::INFINITY, f32::NEG_INFINITY));
        assert!(widen(Dtype::F16, 0x7E00).is_nan() && widen(Dtype::F16, 0x8000).is_sign_negative());
        assert_eq!(widen(Dtype::BF16, 0x3FC0), 1.5);
    }
}
