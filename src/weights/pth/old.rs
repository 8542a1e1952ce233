//! Checkpoints before PyTorch 1.6: pickles of a number, a version, the machine, the objects and the storages' names;
//! behind them each storage, its number of elements first.

use std::collections::HashMap;
use std::ops::Range;

use super::pickle::{Id, Machine, Node, Storage};
use super::state;
use crate::weights::file::{Broken, Contents};

/// The first pickle: 0x1950a86a20f9469cfc6c, the lowest byte first.
const MAGIC: [u8; 10] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19];

/// The second.
const VERSION: i64 = 1001;

/// Whether the bytes start with a pickle of a protocol that has a number.
pub fn is_pickle(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 2..=5, ..])
}

/// Where the weights of a checkpoint lie.
pub fn read(bytes: &[u8]) -> Result<Contents, Broken> {
    let mut machine = Machine::default();
    let (magic, rest) = machine.read(bytes)?;
    if !matches!(machine.node(magic), Node::Long(number) if *number == MAGIC) {
        return Err(Broken::from("it is a pickle, but not one that `torch.save` wrote")
            .help("load it where it was made, and save what `model.state_dict()` gives with `torch.save`"));
    }
    let (version, rest) = machine.read(rest)?;
    match machine.node(version) {
        Node::Int(VERSION) => {}
        _ => return Err(format!("its version of PyTorch's format is not {VERSION}").into()),
    }
    let (system, rest) = machine.read(rest)?;
    if is_big_endian(system, &machine) {
        return Err("it was written on a machine that stores the highest byte first".into());
    }
    let (root, rest) = machine.read(rest)?;
    let (keys, rest) = machine.read(rest)?;
    let rows = rows(keys, &machine, rest, bytes.len() - rest.len())?;
    let locate = |storage: &Storage<'_>| match rows.get(storage.key) {
        None => Err(Broken::from(format!("it has no values for the storage `{}`", storage.key.escape_debug()))),
        Some((elements, _)) if *elements != storage.elements => Err(Broken::from(format!(
            "its storage `{}` should hold {} elements, and has {elements}",
            storage.key.escape_debug(),
            storage.elements
        ))),
        Some((_, range)) if range.len() as u64 != storage.elements * (storage.dtype.bitsize() as u64 / 8) => {
            Err(Broken::from(format!("its storage `{}` has two types", storage.key.escape_debug())))
        }
        Some((_, range)) => Ok(range.clone()),
    };
    state::read(root, &machine, locate)
}

fn is_big_endian(system: Id, machine: &Machine<'_>) -> bool {
    let Node::Dict(pairs) = machine.node(system) else { return false };
    let is_order = |(key, _): &&(Id, Id)| machine.text(*key) == Some("little_endian");
    let order = pairs.iter().find(is_order).map(|(_, value)| machine.node(*value));
    matches!(order, Some(Node::Bool(false)))
}

/// The number of elements of each storage, and where its bytes lie in the file; `data` start at `start` of that.
fn rows<'a>(
    keys: Id,
    machine: &Machine<'a>,
    mut data: &[u8],
    mut start: usize,
) -> Result<HashMap<&'a str, (u64, Range<usize>)>, Broken> {
    let mut sizes = HashMap::new();
    for node in machine.nodes() {
        if let Node::Storage(storage) = node {
            sizes.entry(storage.key).or_insert(storage.dtype.bitsize() / 8);
        }
    }
    let Node::List(keys) = machine.node(keys) else {
        return Err("it does not say which storages follow".into());
    };
    let mut rows = HashMap::with_capacity(keys.len());
    for key in keys {
        let Some((key, size)) = machine.text(*key).and_then(|key| Some((key, *sizes.get(key)?))) else {
            return Err("it has values for a storage that no tensor uses".into());
        };
        let Some((count, rest)) = data.split_first_chunk::<8>() else {
            return Err(Broken::cut_off(format!("it ends before the storage `{}`", key.escape_debug())));
        };
        let count = u64::from_le_bytes(*count);
        let length = usize::try_from(count).ok().and_then(|count| count.checked_mul(size));
        let Some((_, after)) = length.and_then(|length| rest.split_at_checked(length)) else {
            return Err(Broken::cut_off(format!(
                "its storage `{}` should hold {count} elements of {size} bytes, and {} bytes are left",
                key.escape_debug(),
                rest.len()
            )));
        };
        let from = start + 8;
        let end = from + (rest.len() - after.len());
        rows.insert(key, (count, from..end));
        (data, start) = (after, end);
    }
    Ok(rows)
}
