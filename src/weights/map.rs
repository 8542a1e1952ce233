//! Weights files in memory, mapped rather than read: the only file that may use `unsafe` for it.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::path::Path;

use memmap2::Mmap;
#[cfg(unix)]
use memmap2::UncheckedAdvice;

/// The bytes of a weights file.
#[derive(Debug)]
pub enum Bytes {
    Mapped(Mmap),
    /// Part of the binary.
    BuiltIn(&'static [u8]),
    Owned(Vec<u8>),
}

impl Bytes {
    /// Maps a regular file.
    ///
    /// # Errors
    /// The file can't be opened or mapped, or is a folder, a pipe or a device.
    pub fn open(path: &Path) -> io::Result<Bytes> {
        // Asked before opening, which would wait for the writer of a pipe.
        let meta = std::fs::metadata(path)?;
        if meta.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if !meta.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let file = File::open(path)?;
        if file.metadata()?.len() == 0 {
            return Ok(Bytes::Owned(Vec::new()));
        }
        // SAFETY: the map is read-only and private to this process, and lives no longer than the value that owns it.
        // What remains is another process that writes to the file or cuts it while it is mapped: a write can change
        // values between two reads, which no code here relies on (every use is a copy out of a checked range), and a
        // cut can end the process with SIGBUS. As other programs that map weights do, archc asks its users not to
        // change a weights file while it is in use.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Bytes::Mapped(map))
    }

    /// Lets the system take back the pages of a stretch that is not soon read again; a later read finds the same bytes.
    pub fn give_back(&self, range: Range<usize>) {
        match self {
            #[cfg(unix)]
            Bytes::Mapped(map) => {
                debug_assert!(range.end <= map.len());
                // SAFETY: the map is of a file and is never written, so a page that is dropped comes back from the file
                // with the bytes that it had, as far as the contract of `open` goes; threads that read it meanwhile wait
                // for that.
                let advised =
                    unsafe { map.unchecked_advise_range(UncheckedAdvice::DontNeed, range.start, range.len()) };
                // Where the system keeps the pages, nothing is lost but memory.
                drop(advised);
            }
            #[cfg(not(unix))]
            Bytes::Mapped(_) => {}
            Bytes::BuiltIn(_) | Bytes::Owned(_) => {}
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => map,
            Bytes::BuiltIn(bytes) => bytes,
            Bytes::Owned(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn a_map_holds_what_reading_gives() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert_eq!(*Bytes::open(&path).unwrap(), *std::fs::read(&path).unwrap());
    }

    #[test]
    fn pages_that_were_given_back_are_read_again() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
        let (bytes, read) = (Bytes::open(&path).unwrap(), std::fs::read(&path).unwrap());
        for range in [0..bytes.len(), 5000..9001, 7..7] {
            assert_eq!(bytes[range.clone()], read[range.clone()]);
            bytes.give_back(range);
            assert_eq!(*bytes, *read);
        }
    }

    #[test]
    fn a_folder_is_refused() {
        let error = Bytes::open(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::IsADirectory);
    }
}
