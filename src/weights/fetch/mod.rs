//! Getting a file of weights over the network: whole and with the right checksum, or not at all.
//!
//! What has come of a file is kept beside its place (`model.safetensors.part`), so that the next try goes on from there.

#[cfg(feature = "pull")]
mod answer;
#[cfg(feature = "pull")]
mod http;
#[cfg(feature = "pull")]
mod part;

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{Bytes, WeightsFile, sha256_of};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::io_reason;

/// What to fetch.
#[derive(Clone, Copy, Debug)]
pub struct Download<'a> {
    pub address: &'a str,
    /// Where the file goes; its folder is made.
    pub place: &'a Path,
    /// The first digits of its checksum, or all, where they are known.
    pub sha256: Option<&'a str>,
    /// A larger file is not fetched.
    pub max_bytes: u64,
    pub patience: Patience,
}

/// How long to wait, and how often to try.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection, and for each answer or piece of one.
    pub wait: Duration,
    /// How often in a row nothing may come.
    pub tries: u32,
    /// Between two tries; each pause is longer than the one before.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { wait: Duration::from_secs(30), tries: 4, pause: Duration::from_secs(1) }
    }
}

/// Fetches a file. `progress` is told how many bytes are there, and of how many where that is known.
///
/// # Errors
/// `E0609`, with where to put the file by hand; `E0602` for what was fetched and is no file of weights. Then there is
/// nothing at `place`.
pub fn fetch(download: &Download<'_>, progress: &mut dyn FnMut(u64, Option<u64>)) -> Result<(), Diagnostic> {
    let part = with_ending(download.place, ".part");
    let published = receive(download, &part, progress).map_err(|reason| failed(download, &reason))?;
    let result = check(download, &part, published.as_deref());
    // Bytes that are wrong are not to be continued.
    if result.is_err() {
        let _ = fs::remove_file(&part);
    }
    result?;
    fs::rename(&part, download.place).map_err(|error| failed(download, &io_reason(&error)))
}

/// Holds the fetched bytes to the checksums: the item's, and the one that the server `published`.
fn check(download: &Download<'_>, part: &Path, published: Option<&str>) -> Result<(), Diagnostic> {
    let found = sha256_of(part).map_err(|error| failed(download, &io_reason(&error)))?;
    for (wanted, whose) in [(download.sha256, "the `weights` item"), (published, "the server")] {
        match wanted {
            Some(wanted) if !found.starts_with(wanted) => {
                let reason = format!("its SHA-256 is {found}, and {whose} says {wanted}");
                return Err(failed(download, &reason));
            }
            Some(_) | None => {}
        }
    }
    let bytes = Bytes::open(part).map_err(|error| failed(download, &io_reason(&error)))?;
    WeightsFile::new(bytes, download.address).map(drop)
}

#[cfg(feature = "pull")]
fn receive(
    download: &Download<'_>,
    part: &Path,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Option<String>, String> {
    http::receive(download, part, progress)
}

#[cfg(not(feature = "pull"))]
fn receive(_: &Download<'_>, _: &Path, _: &mut dyn FnMut(u64, Option<u64>)) -> Result<Option<String>, String> {
    Err("this archc was built without the feature `pull`".to_string())
}

/// `E0609`, with what to do by hand.
fn failed(download: &Download<'_>, reason: &str) -> Diagnostic {
    let Download { address, place, .. } = download;
    Diagnostic::error(Code::NOT_FETCHED, format!("can't fetch {address}: {reason}"))
        .help(format!("archc finds the file also where you put it yourself: download {address} to {}", place.display()))
}

fn with_ending(path: &Path, ending: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
