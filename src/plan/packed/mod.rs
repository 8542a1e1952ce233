//! A folder that keeps packed weights from one start to the next.

mod file;
mod key;

use std::fs::Permissions;
use std::path::{Path, PathBuf};

use super::Options;
use super::sketch::Sketch;
use crate::kernels::Arena;
use crate::source::io_reason;
use crate::weights::{Identity, WeightSource};
use file::Found;
use key::Key;

/// A folder in which weights of files are kept as a plan packs them, which [`Plan::cached`](super::Plan::cached) reads instead
/// of packing them again.
///
/// Whether kept weights are those of a weights file is not told by reading that, but by what the system says of it: its
/// path, its length, the time it was last written, and on Unix its inode with the time that changed. Who writes over a
/// weights file so that all of these stay as they were gets the results of the old one; nothing that is written in the two
/// seconds before a plan is made is kept. What else the packed form depends on is compared, too: the layers, what
/// normalisations have done to them, the vector instructions, [`Options::exact`], and archc's own sources. The floats have
/// checksums.
///
/// There is a file for every weights file and plan, as large as the packed weights, which is replaced when the weights are;
/// others are never removed, and all may be at any time. Files are written whole, beside their place, so that any number of
/// processes may share a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedCache {
    folder: PathBuf,
}

impl PackedCache {
    /// The folder is made when something is written to it.
    pub fn new(folder: impl Into<PathBuf>) -> PackedCache {
        PackedCache { folder: folder.into() }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Looks for the weights of a sketch; nothing for a source whose weights are not kept.
    pub(super) fn look(&self, sketch: &Sketch<'_>, options: Options) -> Option<Place> {
        let identity = sketch.source.identity()?;
        let key = Key::of(sketch, &identity, options)?;
        let path = self.folder.join(&key.name);
        let found = file::open(&path, &key.text);
        Some(Place { path, key, identity, found })
    }
}

/// Where the packed weights of one plan are kept, or will be.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    key: Key,
    identity: Identity,
    found: Found,
}

/// The packed weights of a step, if they are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layer<'a> {
    found: &'a Found,
    step: usize,
}

impl Layer<'_> {
    /// Weights and biases, so many floats of each, as they were packed once before.
    pub fn read(&self, floats: [usize; 2]) -> Option<[Arena; 2]> {
        match self.found {
            Found::Fits(kept) => kept.layer(self.step, floats),
            Found::Other | Found::Damaged(_) => None,
        }
    }
}

impl Place {
    pub fn layer(&self, step: usize) -> Layer<'_> {
        Layer { found: &self.found, step }
    }

    /// What is to be written, now that all layers have been asked for and those that were not there were packed from
    /// `source`; nothing also where that may have changed meanwhile.
    pub fn unkept(self, source: &dyn WeightSource) -> Option<Unkept> {
        let damaged = match self.found {
            Found::Fits(kept) if kept.is_damaged() => Some("is damaged".to_string()),
            Found::Fits(_) => return None,
            Found::Other => None,
            Found::Damaged(why) => Some(why),
        };
        let identity =
            source.identity().filter(|now| now.stamp() == self.identity.stamp() && self.identity.is_settled())?;
        Some(Unkept { path: self.path, key: self.key, permissions: identity.permissions().clone(), damaged })
    }
}

/// What a cache does not have yet.
#[derive(Debug)]
pub(super) struct Unkept {
    path: PathBuf,
    key: Key,
    permissions: Permissions,
    /// What is wrong with the file that is there.
    damaged: Option<String>,
}

impl Unkept {
    /// Writes layers by their steps; if it replaces what was damaged, gives a sentence that says so.
    ///
    /// # Errors
    /// A sentence: the file can't be written.
    pub fn write(self, layers: &[(usize, [&Arena; 2])]) -> Result<Option<String>, String> {
        let shown = self.path.display();
        match file::write(&self.path, &self.key.text, layers, self.permissions) {
            Ok(()) => {
                Ok(self.damaged.map(|why| format!("`{shown}` {why}; weights were packed again, and it is replaced")))
            }
            Err(error) => Err(format!("can't keep packed weights as `{shown}`: {}", io_reason(&error))),
        }
    }
}
