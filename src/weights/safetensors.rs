//! The safetensors format: a length, a JSON header that says where each tensor lies, and the tensors.
//!
//! The header is checked here rather than by the `safetensors` crate, which lets a name stand twice and whose errors say
//! neither which tensor nor which figures.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::Dtype;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::{Bytes, WeightSource, shape_text};
use crate::diagnostic::{Code, Diagnostic};
use crate::ops::WeightSpec;
use crate::source::io_reason;

/// The longest header that the format allows, in bytes.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// A safetensors file whose header has been checked.
#[derive(Debug)]
pub struct Safetensors {
    name: String,
    bytes: Bytes,
    tensors: BTreeMap<String, Entry>,
}

/// A tensor of the file; `range` lies in its bytes and holds exactly the shape's elements.
#[derive(Debug)]
struct Entry {
    dtype: Dtype,
    shape: Vec<usize>,
    range: std::ops::Range<usize>,
}

impl Safetensors {
    /// Maps a file and checks its header.
    ///
    /// # Errors
    /// `E0602`, with what is wrong.
    pub fn open(path: &Path) -> Result<Safetensors, Diagnostic> {
        let name = path.display().to_string();
        match Bytes::open(path) {
            Ok(bytes) => Safetensors::new(bytes, &name),
            Err(error) => Err(bad(&name, io_reason(&error))),
        }
    }

    /// Checks the header of a file that is in memory. `name` is for messages.
    ///
    /// # Errors
    /// `E0602`, with what is wrong.
    pub fn new(bytes: Bytes, name: &str) -> Result<Safetensors, Diagnostic> {
        let tensors = read_header(&bytes).map_err(|reason| {
            let cut_off = reason.cut_off.then(|| "copy or download it again".to_string());
            bad(name, &reason.text).maybe_help(foreign(&bytes).or(cut_off))
        })?;
        Ok(Safetensors { name: name.to_string(), bytes, tensors })
    }

    /// The entry's elements as float32.
    fn values(&self, name: &str, entry: &Entry) -> Result<Vec<f32>, Diagnostic> {
        let bytes = &self.bytes[entry.range.clone()];
        let values: Vec<f32> = match entry.dtype {
            Dtype::F32 => chunks(bytes).map(f32::from_le_bytes).collect(),
            Dtype::F16 => chunks(bytes).map(|bytes| widen(u16::from_le_bytes(bytes))).collect(),
            Dtype::BF16 => {
                chunks(bytes).map(|bytes| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16)).collect()
            }
            Dtype::F64 => chunks(bytes).map(|bytes| f64::from_le_bytes(bytes) as f32).collect(),
            other => {
                return Err(bad(&self.name, format!("`{name}` is stored as {other}"))
                    .help("archc reads F32, F16, BF16 and F64; convert the weights to one of them"));
            }
        };
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(values),
            Some(index) => {
                let value = values[index];
                Err(bad(&self.name, format!("`{name}` holds {value}, as value {index} of {}", values.len())).help(
                    "a network with such weights computes nothing of use; get another copy or an earlier checkpoint",
                ))
            }
        }
    }
}

impl WeightSource for Safetensors {
    fn name(&self) -> &str {
        &self.name
    }

    fn shapes(&self) -> Option<BTreeMap<String, Vec<usize>>> {
        Some(self.tensors.iter().map(|(name, entry)| (name.clone(), entry.shape.clone())).collect())
    }

    fn get(&self, name: &str, spec: &WeightSpec, device: &Device) -> Result<Tensor, Diagnostic> {
        let differs = |what: String| Diagnostic::error(Code::WEIGHTS_DIFFER, format!("`{}` {what}", self.name));
        let Some(entry) = self.tensors.get(name) else {
            return Err(differs(format!("has no tensor `{name}`")));
        };
        if entry.shape != spec.shape {
            let (here, there) = (shape_text(&entry.shape), shape_text(&spec.shape));
            return Err(differs(format!("has `{name}` as {here}, and the architecture needs {there}")));
        }
        super::tensor(self.values(name, entry)?, name, &spec.shape, device)
    }
}

fn chunks<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.chunks_exact(N).map(|chunk| chunk.try_into().expect("a chunk has N bytes"))
}

/// The value of a float16, by its bits: a sign, 5 of exponent, 10 of fraction.
fn widen(bits: u16) -> f32 {
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1F), u32::from(bits & 0x3FF));
    let magnitude = match exponent {
        0 => fraction as f32 / (1 << 24) as f32,
        0x1F if fraction == 0 => f32::INFINITY,
        0x1F => f32::NAN,
        _ => f32::from_bits((exponent + 127 - 15) << 23 | fraction << 13),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// What is wrong with a file, as the end of a sentence.
struct Broken {
    text: String,
    /// Whether bytes are missing.
    cut_off: bool,
}

impl From<String> for Broken {
    fn from(text: String) -> Broken {
        Broken { text, cut_off: false }
    }
}

fn read_header(bytes: &[u8]) -> Result<BTreeMap<String, Entry>, Broken> {
    let cut_off = |text: String| Broken { text, cut_off: true };
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(cut_off(format!("it has {} bytes, and a safetensors file starts with 8 of length", bytes.len())));
    };
    let length = u64::from_le_bytes(*length);
    if length > MAX_HEADER_BYTES {
        return Err(format!("its header would be {length} bytes long, and the format allows {MAX_HEADER_BYTES}").into());
    }
    let header = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let Some((header, data)) = header else {
        return Err(cut_off(format!("its header should be {length} bytes long, and {} follow", rest.len())));
    };
    let header: Header =
        serde_json::from_slice(header).map_err(|error| format!("its header is not what the format says ({error})"))?;
    locate(header.0, bytes.len() - data.len(), data.len())
}

/// Checks that the tensors fill the data from end to end, without gaps, and says where each lies in the file.
fn locate(tensors: Vec<(String, Info)>, data_start: usize, data_len: usize) -> Result<BTreeMap<String, Entry>, Broken> {
    let mut sorted: Vec<(u64, u64, String)> = Vec::with_capacity(tensors.len());
    let mut located = BTreeMap::new();
    for (name, info) in tensors {
        let [start, end] = info.data_offsets;
        let shape_shown = || info.shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let bits = info.shape.iter().try_fold(info.dtype.bitsize() as u64, |bits, dim| bits.checked_mul(*dim));
        let Some(bits) = bits else {
            return Err(format!("`{name}` of [{}] has more elements than can be counted", shape_shown()).into());
        };
        if end.checked_sub(start) != Some(bits / 8) || bits % 8 != 0 {
            return Err(format!(
                "`{name}` of [{}] in {} takes {} bytes, and its place is from {start} to {end}",
                shape_shown(),
                info.dtype,
                bits.div_ceil(8),
            )
            .into());
        }
        if end > data_len as u64 {
            let text = format!("`{name}` lies at {start} to {end} of its data, and there are {data_len} bytes of that");
            return Err(Broken { text, cut_off: true });
        }
        // The end was compared with the length of what is in memory: all of these fit a usize, but for the dimensions
        // of a tensor without elements.
        let range = data_start + start as usize..data_start + end as usize;
        let shape = info.shape.iter().map(|dim| usize::try_from(*dim)).collect::<Result<Vec<usize>, _>>();
        let Ok(shape) = shape else {
            return Err(format!("`{name}` of [{}] has a dimension too large", shape_shown()).into());
        };
        sorted.push((start, end, name.clone()));
        if located.insert(name.clone(), Entry { dtype: info.dtype, shape, range }).is_some() {
            return Err(format!("its header has `{name}` twice").into());
        }
    }
    sorted.sort();
    let mut filled = 0;
    for (start, end, name) in sorted {
        if start != filled {
            let what = if start < filled { "overlaps another tensor" } else { "leaves a gap before it" };
            return Err(format!("`{name}` {what}: it starts at {start} of the data, and {filled} is next").into());
        }
        filled = end;
    }
    match filled == data_len as u64 {
        true => Ok(located),
        false => Err(format!("its tensors take {filled} bytes, and {data_len} follow the header").into()),
    }
}

/// The tensors of a header in its order, names possibly doubled.
struct Header(Vec<(String, Info)>);

#[derive(serde::Deserialize)]
struct Info {
    dtype: Dtype,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Header, D::Error> {
        struct Tensors;

        impl<'de> Visitor<'de> for Tensors {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut tensors = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                    } else {
                        tensors.push((name, map.next_value()?));
                    }
                }
                Ok(Header(tensors))
            }
        }

        deserializer.deserialize_map(Tensors)
    }
}

/// What to do with a file of another format.
fn foreign(bytes: &[u8]) -> Option<String> {
    let what = match () {
        () if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\x80\x02") => "a PyTorch checkpoint",
        () if bytes.starts_with(b"\x89HDF") => "an HDF5 file, as Keras writes them",
        () if bytes.starts_with(b"GGUF") => "a GGUF file",
        () if bytes.starts_with(b"version https://git-lfs") => {
            return Some(
                "it is a pointer that stands for a large file; `git lfs pull` gets the file itself".to_string(),
            );
        }
        () if bytes.starts_with(b"<") => {
            return Some("it is a web page, not the file that was to be downloaded".to_string());
        }
        () => return None,
    };
    Some(format!(
        "it looks like {what}; convert it with `safetensors.torch.save_file(state_dict, \"out.safetensors\")`"
    ))
}

fn bad(name: &str, reason: impl fmt::Display) -> Diagnostic {
    Diagnostic::error(Code::BAD_WEIGHTS, format!("can't read the weights `{name}`: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::widen;

    #[test]
    fn half_precision_is_widened_exactly() {
        let cases =
            [(0x3C00, 1.0), (0xC000, -2.0), (0x7BFF, 65504.0), (0x0001, 5.960_464_5e-8), (0x03FF, 6.097_555e-5)];
        for (bits, value) in cases {
            assert_eq!(widen(bits), value, "{bits:04x}");
        }
        assert_eq!((widen(0x7C00), widen(0xFC00)), (f32::INFINITY, f32::NEG_INFINITY));
        assert!(widen(0x7E00).is_nan() && widen(0x8000).is_sign_negative());
    }
}
