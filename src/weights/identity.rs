//! What tells weights of a file from all others without reading them.

use std::fs::{File, Metadata, Permissions};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::sha256_of_bytes;

/// A weights file as it was when it was opened: its path, its length, when it was last written, and, where the system has
/// such, its number and when that number's entry changed. As `make` and git's index do, this takes a file for unchanged
/// where all of them are as they were.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Absolute, and without links.
    path: PathBuf,
    permissions: Permissions,
    /// Length, times and number.
    stamp: String,
    settled: bool,
    /// What tells the names under which the weights are known, where these are not the file's.
    names: String,
}

/// A file that was written less than this before it was opened may be written again without another time: some file systems
/// count in steps of two seconds.
const STEP: Duration = Duration::from_secs(2);

impl Identity {
    /// Nothing where the system does not tell.
    pub(super) fn of(path: &Path, file: &File) -> Option<Identity> {
        let meta = file.metadata().ok()?;
        let modified = meta.modified().ok()?;
        let since = modified.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_nanos();
        Some(Identity {
            path: std::fs::canonicalize(path).ok()?,
            stamp: format!("{} bytes, written {since}{}", meta.len(), of_system(&meta)),
            settled: SystemTime::now().duration_since(modified).is_ok_and(|age| age >= STEP),
            permissions: meta.permissions(),
            names: String::new(),
        })
    }

    /// This, if the file is still what it was.
    pub(super) fn still(&self, file: &File) -> Option<Identity> {
        (Identity::of(&self.path, file)?.stamp == self.stamp).then(|| self.clone())
    }

    /// The same weights under other names.
    pub(super) fn renamed<'a>(self, names: impl Iterator<Item = (&'a str, &'a str)>) -> Identity {
        let mut text = self.names.clone();
        names.filter(|(name, original)| name != original).for_each(|(name, original)| {
            text.extend([name, "\n", original, "\n"]);
        });
        let names = if text.is_empty() { text } else { sha256_of_bytes(text.as_bytes()) };
        Identity { names, ..self }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Who may read and write the file.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// What is the same for all that was ever under the file's path: it, and the names.
    pub fn place(&self) -> String {
        format!("{}\n{}", self.path.display(), self.names)
    }

    /// What is another for each file that was ever there.
    pub fn stamp(&self) -> &str {
        &self.stamp
    }

    /// Whether the file, if it is written again, gets another stamp for sure. Not where it was written just before it was
    /// opened, or in the future.
    pub fn is_settled(&self) -> bool {
        self.settled
    }
}

#[cfg(unix)]
fn of_system(meta: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!(", number {}, changed {}.{:09}", meta.ino(), meta.ctime(), meta.ctime_nsec())
}

#[cfg(not(unix))]
fn of_system(_: &Metadata) -> String {
    String::new()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    use super::Identity;

    #[test]
    fn a_file_is_known_until_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w");
        std::fs::write(&path, "1234").unwrap();
        let file = File::options().read(true).write(true).open(&path).unwrap();
        assert!(!Identity::of(&path, &file).unwrap().is_settled(), "just written");
        file.set_modified(SystemTime::now() + Duration::from_secs(3600)).unwrap();
        assert!(!Identity::of(&path, &file).unwrap().is_settled(), "in the future");
        let hour = SystemTime::now() - Duration::from_secs(3600);
        file.set_modified(hour).unwrap();
        let identity = Identity::of(&path, &file).unwrap();
        assert!(identity.is_settled() && identity.still(&file).is_some());
        file.set_modified(hour + Duration::from_nanos(1000)).unwrap();
        assert!(identity.still(&file).is_none());
        file.set_len(3).unwrap();
        file.set_modified(hour).unwrap();
        assert!(identity.still(&file).is_none());
    }

    #[test]
    fn names_tell_only_where_they_are_others() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let identity = Identity::of(&path, &File::open(&path).unwrap()).unwrap();
        let place = |names: &[(&str, &str)]| identity.clone().renamed(names.iter().copied()).place();
        assert_eq!(place(&[("a", "a")]), identity.place());
        assert_ne!(place(&[("a", "b")]), identity.place());
        assert_ne!(place(&[("a", "b")]), place(&[("b", "a")]));
    }
}
