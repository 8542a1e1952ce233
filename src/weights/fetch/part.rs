//! What has come of a file so far.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::with_ending;

/// An unfinished file, and beside it the tag by which a server tells whether its file is still the same.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
    tag_path: PathBuf,
    file: File,
    len: u64,
    tag: Option<String>,
}

impl Part {
    /// Opens what an earlier try left, or makes an empty file; the folder is made too.
    pub fn open(path: &Path) -> io::Result<Part> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        let len = file.metadata()?.len();
        let tag_path = with_ending(path, ".tag");
        let tag = fs::read_to_string(&tag_path).ok().filter(|tag| !tag.is_empty() && len > 0);
        Ok(Part { path: path.to_path_buf(), tag_path, file, len, tag })
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Starts anew, for a file with this tag.
    pub fn restart(&mut self, tag: Option<&str>) -> io::Result<()> {
        self.file.set_len(0)?;
        self.len = 0;
        match tag {
            Some(tag) => fs::write(&self.tag_path, tag)?,
            None => drop(fs::remove_file(&self.tag_path)),
        }
        self.tag = tag.map(str::to_string);
        Ok(())
    }

    /// Adds bytes at the end.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Two processes that fetch one file write the same bytes to the same places.
        self.file.seek(SeekFrom::Start(self.len))?;
        self.file.write_all(bytes)?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// All is there: it goes to the disk, and the tag away.
    pub fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        let _ = fs::remove_file(&self.tag_path);
        Ok(())
    }

    /// Nothing has come that is worth keeping.
    pub fn remove_if_empty(self) {
        if self.len == 0 {
            let Part { path, tag_path, file, .. } = self;
            drop(file);
            let _ = fs::remove_file(path);
            let _ = fs::remove_file(tag_path);
        }
    }
}
