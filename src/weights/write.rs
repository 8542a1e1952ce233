//! Writing safetensors.

use std::io::{self, Write};

use half::{bf16, f16};
use safetensors::Dtype;

/// A tensor to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
}

impl Planned {
    fn bytes(&self) -> u64 {
        let elements: u64 = self.shape.iter().map(|dim| *dim as u64).product();
        (elements * self.dtype.bitsize() as u64).div_ceil(8)
    }
}

/// Sorts tensors as they are laid out, the widest types first so that all are aligned, and writes the header for them.
/// Their elements have to follow, in that order.
///
/// # Errors
/// `out` can't be written.
pub fn write_header(tensors: &mut [Planned], out: &mut impl Write) -> io::Result<()> {
    tensors.sort_by(|a, b| (b.dtype.bitsize(), &a.name).cmp(&(a.dtype.bitsize(), &b.name)));
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".to_string(), serde_json::json!({"format": "pt"}));
    let mut start = 0;
    for tensor in tensors.iter() {
        let end = start + tensor.bytes();
        let place = serde_json::json!({"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": [start, end]});
        header.insert(tensor.name.clone(), place);
        start = end;
    }
    let mut header = serde_json::to_vec(&header)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    out.write_all(&(header.len() as u64).to_le_bytes())?;
    out.write_all(&header)
}

/// Values as a type stores them, rounded to the nearest, of two equally near to the even one, as PyTorch does. The index
/// of the first value that is too large for the type, where there is one.
pub fn encode(values: &[f32], dtype: Dtype) -> Result<Vec<u8>, usize> {
    let too_large = match dtype {
        Dtype::F16 => values.iter().position(|value| f16::from_f32(*value).is_infinite()),
        Dtype::BF16 => values.iter().position(|value| bf16::from_f32(*value).is_infinite()),
        _ => None,
    };
    match too_large {
        Some(index) => Err(index),
        None => Ok(match dtype {
            Dtype::F16 => values.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes()).collect(),
            Dtype::BF16 => values.iter().flat_map(|value| bf16::from_f32(*value).to_le_bytes()).collect(),
            Dtype::F32 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            other => unreachable!("weights are converted to floats, not to {other}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use safetensors::Dtype;

    use super::{Planned, encode, write_header};

    #[test]
    fn halves_round_to_the_even_one() {
        // Halfway between 1 and its neighbour, between that and the next, just above halfway, and below the smallest.
        let values = [1.0 + 2f32.powi(-11), 1.0 + 3.0 * 2f32.powi(-11), 1.000_489, 2f32.powi(-26), -0.0];
        let bits: Vec<u16> =
            encode(&values, Dtype::F16).unwrap().chunks(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
        assert_eq!(bits, [0x3C00, 0x3C02, 0x3C01, 0x0000, 0x8000]);
        let values = [1.0 + 2f32.powi(-8), 1.0 + 3.0 * 2f32.powi(-8), 1.003_91];
        let bits: Vec<u16> =
            encode(&values, Dtype::BF16).unwrap().chunks(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
        assert_eq!(bits, [0x3F80, 0x3F82, 0x3F81]);
    }

    #[test]
    fn what_a_type_can_not_hold_is_told() {
        assert_eq!(encode(&[1.0, 65504.0, 65519.9], Dtype::F16).map(|bytes| bytes.len()), Ok(6));
        assert_eq!(encode(&[1.0, 65520.0], Dtype::F16), Err(1));
        assert_eq!(encode(&[f32::MAX], Dtype::BF16), Err(0));
    }

    #[test]
    fn headers_are_read_by_others() {
        let planned =
            |name: &str, dtype, shape: &[usize]| Planned { name: name.to_string(), dtype, shape: shape.to_vec() };
        let mut tensors =
            [planned("a", Dtype::F16, &[3]), planned("z", Dtype::F32, &[2, 1]), planned("b", Dtype::F32, &[])];
        let mut file = Vec::new();
        write_header(&mut tensors, &mut file).unwrap();
        file.extend([0; 18]);
        let read = safetensors::SafeTensors::deserialize(&file).unwrap();
        assert_eq!(read.tensor("z").unwrap().shape(), [2, 1]);
        assert_eq!(tensors.map(|tensor| tensor.name), ["b", "z", "a"]);
    }
}
