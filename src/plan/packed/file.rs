//! A file of packed weights: a mark, the length of a header, the header as JSON, and from the next multiple of 4096 bytes on
//! the floats of each layer, as this machine has them in memory, each arena from a multiple of 64 on.
#![allow(clippy::disallowed_methods, reason = "this is the file that reads and writes packed weights")]

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::kernels::Arena;
use crate::source::io_reason;

/// Of any version.
const MARK: &[u8] = b"archc packed ";
/// Of this one.
const START: [u8; 16] = *b"archc packed 1\n\0";
/// The longest header, in bytes.
const MAX_HEADER: u64 = 64 << 20;
/// How many bytes a checksum is of.
const CHUNK: usize = 1 << 20;
/// Where arenas may begin.
const ALIGN: u64 = 64;
/// Where the first does.
const PAGE: u64 = 4096;
/// What unfinished files are called.
const PART: [&str; 2] = [".archc-packed-", ".part"];
/// An unfinished file that nobody has written to for so long is nobody's.
const ABANDONED: Duration = Duration::from_secs(60);

#[derive(Serialize, Deserialize)]
struct Header {
    key: String,
    layers: Vec<Layer>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Layer {
    step: usize,
    /// Of the weights and of the biases.
    floats: [usize; 2],
    /// Of the chunks of both.
    sums: Vec<u32>,
}

/// What is in place of a file.
#[derive(Debug)]
pub(super) enum Found {
    Fits(Kept),
    /// Nothing, or other weights.
    Other,
    /// What is wrong with it, as the end of a sentence.
    Damaged(String),
}

/// A file with the key that was looked for.
#[derive(Debug)]
pub(super) struct Kept {
    file: File,
    /// Each with where its weights and biases begin; by step.
    layers: Vec<(Layer, [u64; 2])>,
    damaged: AtomicBool,
}

/// Opens a file, and makes sure that it has this key and all that its header says.
pub(super) fn open(path: &Path, key: &str) -> Found {
    match read(path, key) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Found::Other,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Found::Damaged("is cut off".to_string()),
        Err(error) => Found::Damaged(format!("can't be read: {}", io_reason(&error))),
    }
}

fn read(path: &Path, key: &str) -> io::Result<Found> {
    // Asked before opening, which would wait for the writer of a pipe.
    if !std::fs::metadata(path)?.is_file() {
        return Ok(Found::Damaged("is no regular file".to_string()));
    }
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let (mut start, mut count) = ([0; START.len()], [0; 8]);
    file.read_exact(&mut start)?;
    if start != START {
        return Ok(match start.starts_with(MARK) {
            true => Found::Other,
            false => Found::Damaged("is no file of packed weights".to_string()),
        });
    }
    file.read_exact(&mut count)?;
    let count = u64::from_le_bytes(count);
    if count > MAX_HEADER.min(length) {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    let mut header = vec![0; count as usize];
    file.read_exact(&mut header)?;
    let damaged = || Ok(Found::Damaged("is damaged".to_string()));
    let Ok(Header { key: found, mut layers }) = serde_json::from_slice::<Header>(&header) else { return damaged() };
    if found != key {
        return Ok(Found::Other);
    }
    let mut end = first(count);
    let mut places = Vec::with_capacity(layers.len());
    for layer in &layers {
        let mut at = [0; 2];
        for (at, floats) in at.iter_mut().zip(layer.floats) {
            *at = end;
            let next = (floats as u64).checked_mul(4).and_then(|bytes| end.checked_add(bytes));
            let Some(next) = next.and_then(|next| next.checked_next_multiple_of(ALIGN)) else { return damaged() };
            end = next;
        }
        places.push(at);
    }
    if end != length {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
    }
    let layers = layers.drain(..).zip(places).collect();
    Ok(Found::Fits(Kept { file, layers, damaged: AtomicBool::new(false) }))
}

impl Kept {
    /// The weights and biases of a step, if they are so many and as they were written.
    pub fn layer(&self, step: usize, floats: [usize; 2]) -> Option<[Arena; 2]> {
        let found = self.layers.iter().find(|(layer, _)| layer.step == step && layer.floats == floats);
        let arenas = found.and_then(|(layer, [weights, bias])| {
            let arena = |at: u64, floats: usize| Arena::of_file(&self.file, at, floats).ok();
            let arenas = [arena(*weights, floats[0])?, arena(*bias, floats[1])?];
            (sums(arenas.each_ref()) == layer.sums).then_some(arenas)
        });
        if arenas.is_none() {
            self.damaged.store(true, Ordering::Relaxed);
        }
        arenas
    }

    /// Whether a layer that was asked for was not as it was written.
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }
}

/// Writes layers by their steps beside `path`, and puts the file there when it is whole.
///
/// # Errors
/// What the system says.
pub(super) fn write(
    path: &Path,
    key: &str,
    layers: &[(usize, [&Arena; 2])],
    permissions: Permissions,
) -> io::Result<()> {
    let layer = |(step, arenas): &(usize, [&Arena; 2])| Layer {
        step: *step,
        floats: arenas.map(Arena::len),
        sums: sums(*arenas),
    };
    let header = Header { key: key.to_string(), layers: layers.iter().map(layer).collect() };
    let header = serde_json::to_vec(&header)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    clear(folder);
    let mut builder = tempfile::Builder::new();
    let mut file = builder.prefix(PART[0]).suffix(PART[1]).permissions(permissions).tempfile_in(folder)?;
    let mut start = [&START[..], &(header.len() as u64).to_le_bytes(), &header].concat();
    start.resize(first(header.len() as u64) as usize, 0);
    file.write_all(&start)?;
    for arena in layers.iter().flat_map(|(_, arenas)| arenas) {
        let bytes = arena.bytes();
        file.write_all(bytes)?;
        file.write_all(&[0; ALIGN as usize][..bytes.len().next_multiple_of(ALIGN as usize) - bytes.len()])?;
    }
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Where floats begin behind a header of so many bytes.
fn first(header: u64) -> u64 {
    (START.len() as u64 + 8 + header).next_multiple_of(PAGE)
}

fn sums(arenas: [&Arena; 2]) -> Vec<u32> {
    let of = |arena: &Arena| -> Vec<u32> { arena.bytes().par_chunks(CHUNK).map(crc32fast::hash).collect() };
    arenas.map(of).concat()
}

/// Removes what processes that were stopped have left behind.
fn clear(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let age = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|written| written.elapsed().ok());
        if name.starts_with(PART[0]) && name.ends_with(PART[1]) && age.is_some_and(|age| age > ABANDONED) {
            // What can't be removed stays.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
