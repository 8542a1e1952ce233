//! Checkpoints since PyTorch 1.6: a zip archive with the pickle in `NAME/data.pkl` and each storage in `NAME/data/KEY`.

use std::collections::HashMap;
use std::io::Cursor;
use std::ops::Range;

use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

use super::pickle::{Machine, Storage};
use super::state;
use crate::weights::file::{Broken, Contents};

/// The most entries of an archive.
const MAX_ENTRIES: usize = 1_000_000;

pub fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Where the weights of an archive lie. Entries are stored as they are; PyTorch compresses none, so nothing unpacks to
/// more than its size here.
pub fn read(bytes: &[u8]) -> Result<Contents, Broken> {
    let entries = entries(bytes)?;
    let pickle = entries.keys().find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"));
    let Some(pickle) = pickle else {
        return Err(Broken::from("it is a zip archive without a `data.pkl`, not a PyTorch checkpoint")
            .help("name a safetensors file, or what `torch.save` wrote"));
    };
    let folder = pickle.strip_suffix("data.pkl").unwrap_or_default();
    if entries.contains_key(&format!("{folder}constants.pkl")) {
        return Err(Broken::from("it is a TorchScript program, not weights alone")
            .help("save what `torch.jit.load(FILE).state_dict()` gives with `torch.save`"));
    }
    let order = entries.get(&format!("{folder}byteorder")).map(|range| &bytes[range.clone()]);
    if order.is_some_and(|order| order != b"little") {
        return Err("it was written on a machine that stores the highest byte first".into());
    }
    let mut machine = Machine::default();
    let (root, _) = machine.read(&bytes[entries[pickle].clone()])?;
    let locate = |storage: &Storage<'_>| {
        let key = storage.key;
        let Some(range) = entries.get(&format!("{folder}data/{key}")) else {
            return Err(Broken::cut_off(format!("it has no entry for the storage `{}`", key.escape_debug())));
        };
        let size = storage.dtype.bitsize() as u64 / 8;
        if storage.elements.checked_mul(size) != Some(range.len() as u64) {
            return Err(Broken::from(format!(
                "its storage `{key}` should hold {} elements of {size} bytes, and has {} bytes",
                storage.elements,
                range.len()
            )));
        }
        Ok(range.clone())
    };
    state::read(root, &machine, locate)
}

/// The entries by name, and where the bytes of each lie.
fn entries(bytes: &[u8]) -> Result<HashMap<String, Range<usize>>, Broken> {
    let broken =
        |error| Broken::cut_off(format!("it starts as a zip archive, and its directory can't be read ({error})"));
    // Left to find the start, the crate takes an entry of 76 bytes, which has a name of 30, for what stands before it.
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive = ZipArchive::with_config(config, Cursor::new(bytes)).map_err(broken)?;
    if archive.len() > MAX_ENTRIES {
        return Err(format!("it has {} entries, and {MAX_ENTRIES} are allowed", archive.len()).into());
    }
    let mut entries = HashMap::with_capacity(archive.len());
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(broken)?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let shown = name.escape_debug();
        if entry.encrypted() {
            return Err(format!("its entry `{shown}` is encrypted").into());
        }
        if entry.compression() != CompressionMethod::Stored {
            return Err(Broken::from(format!(
                "its entry `{shown}` is compressed ({} bytes to {}), and PyTorch stores all as it is",
                entry.size(),
                entry.compressed_size()
            ))
            .help("unpack it and pack it again without compression, as with `zip -0`"));
        }
        let start = entry.data_start().and_then(|start| usize::try_from(start).ok());
        let length = usize::try_from(entry.size()).ok().filter(|_| entry.size() == entry.compressed_size());
        let range = start.zip(length).and_then(|(start, length)| Some(start..start.checked_add(length)?));
        let Some(range) = range.filter(|range| range.end <= bytes.len()) else {
            return Err(Broken::cut_off(format!("its entry `{shown}` reaches beyond the end of the file")));
        };
        entries.insert(name, range);
    }
    Ok(entries)
}
