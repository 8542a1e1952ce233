//! Weights files in memory, mapped rather than read: the only file that may use `unsafe` for it.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

/// The bytes of a weights file.
#[derive(Debug)]
pub enum Bytes {
    Mapped(Mmap, File),
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
        Ok(Bytes::Mapped(map, file))
    }

    /// The file that is mapped.
    pub(super) fn file(&self) -> Option<&File> {
        match self {
            Bytes::Mapped(_, file) => Some(file),
            Bytes::BuiltIn(_) | Bytes::Owned(_) => None,
        }
    }

    /// Reads the bytes from `start` on. Those of a file are copied by the system and not mapped, so that they take no memory
    /// of this process.
    ///
    /// # Errors
    /// The file can't be read, or has been cut.
    pub fn read(&self, start: usize, to: &mut [u8]) -> io::Result<()> {
        match self {
            #[cfg(unix)]
            Bytes::Mapped(_, file) => std::os::unix::fs::FileExt::read_exact_at(file, to, start as u64),
            #[cfg(not(unix))]
            Bytes::Mapped(..) => Ok(to.copy_from_slice(&self[start..start + to.len()])),
            Bytes::BuiltIn(_) | Bytes::Owned(_) => {
                to.copy_from_slice(&self[start..start + to.len()]);
                Ok(())
            }
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map, _) => map,
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
    fn any_stretch_is_read() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
        let bytes = Bytes::open(&path).unwrap();
        for range in [0..bytes.len(), 5000..9001, 7..7] {
            let mut read = vec![0; range.len()];
            bytes.read(range.start, &mut read).unwrap();
            assert_eq!(bytes[range], read);
        }
        assert!(bytes.read(bytes.len() - 1, &mut [0; 2]).is_err());
    }

    #[test]
    fn a_folder_is_refused() {
        let error = Bytes::open(std::path::Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::IsADirectory);
    }
}
