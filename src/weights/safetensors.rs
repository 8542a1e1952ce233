//! The safetensors format: a length, a JSON header that says where each tensor lies, and the tensors.
//!
//! The header is checked here rather than by the `safetensors` crate, which lets a name stand twice and whose errors say
//! neither which tensor nor which figures.

use std::collections::BTreeSet;
use std::fmt;

use safetensors::Dtype;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::entry::Entry;
use super::file::{Broken, Contents};

/// The longest header that the format allows, in bytes.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// Whether the bytes start as this format does: with a length that is possible, and an object.
pub fn starts(bytes: &[u8]) -> bool {
    let length = bytes.first_chunk().map(|length| u64::from_le_bytes(*length));
    length.is_some_and(|length| length <= MAX_HEADER_BYTES) && bytes.get(8) == Some(&b'{')
}

/// Checks the header, and says where each tensor lies in the file, in the order of the data.
pub fn read(bytes: &[u8]) -> Result<Contents, Broken> {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(Broken::cut_off(format!(
            "it has {} bytes, and a safetensors file starts with 8 of length",
            bytes.len()
        )));
    };
    let length = u64::from_le_bytes(*length);
    if length > MAX_HEADER_BYTES {
        return Err(format!("its header would be {length} bytes long, and the format allows {MAX_HEADER_BYTES}").into());
    }
    let header = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let Some((header, data)) = header else {
        return Err(Broken::cut_off(format!("its header should be {length} bytes long, and {} follow", rest.len())));
    };
    let header: Header =
        serde_json::from_slice(header).map_err(|error| format!("its header is not what the format says ({error})"))?;
    let tensors = locate(header.0, bytes.len() - data.len(), data.len())?;
    Ok(Contents { tensors, notes: Vec::new() })
}

/// Checks that the tensors fill the data from end to end, without gaps, and says where each lies in the file.
fn locate(tensors: Vec<(String, Info)>, data_start: usize, data_len: usize) -> Result<Vec<(String, Entry)>, Broken> {
    let mut located: Vec<(u64, u64, String, Entry)> = Vec::with_capacity(tensors.len());
    let mut seen = BTreeSet::new();
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
            return Err(Broken::cut_off(text));
        }
        // The end was compared with the length of what is in memory: all of these fit a usize, but for the dimensions
        // of a tensor without elements.
        let range = data_start + start as usize..data_start + end as usize;
        let shape = info.shape.iter().map(|dim| usize::try_from(*dim)).collect::<Result<Vec<usize>, _>>();
        let Ok(shape) = shape else {
            return Err(format!("`{name}` of [{}] has a dimension too large", shape_shown()).into());
        };
        if !seen.insert(name.clone()) {
            return Err(format!("its header has `{name}` twice").into());
        }
        located.push((start, end, name, Entry { dtype: info.dtype, shape, range, strides: None }));
    }
    located.sort_by(|a, b| (a.0, a.1, &a.2).cmp(&(b.0, b.1, &b.2)));
    let mut filled = 0;
    for (start, end, name, _) in &located {
        if *start != filled {
            let what = if *start < filled { "overlaps another tensor" } else { "leaves a gap before it" };
            return Err(format!("`{name}` {what}: it starts at {start} of the data, and {filled} is next").into());
        }
        filled = *end;
    }
    match filled == data_len as u64 {
        true => Ok(located.into_iter().map(|(_, _, name, entry)| (name, entry)).collect()),
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
