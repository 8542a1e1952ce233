//! Files that a command writes: whole, or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};

use tempfile::NamedTempFile;

use super::Failure;
use crate::source::io_reason;

/// A file that appears under its name when it is [finished](WholeFile::finish), and until then leaves what was there as it
/// was. It is written beside its place; what is not finished is removed, also when the user interrupts the command.
/// What is no regular file, such as a pipe, is written as it goes.
#[derive(Debug)]
pub struct WholeFile {
    /// As the user wrote it.
    name: PathBuf,
    file: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Where it goes in the end, and what it is until then.
    Beside(PathBuf, BufWriter<NamedTempFile>),
    Stream(BufWriter<File>),
}

/// What is removed when the command is interrupted.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

impl WholeFile {
    /// # Errors
    /// The folder is not there or can't be written, or `path` is a folder.
    pub fn create(path: &Path) -> Result<WholeFile, Failure> {
        let failed = |error: io::Error| failed(path, &error);
        // Behind a link it is the linked file that is replaced.
        let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let meta = std::fs::metadata(&place).ok();
        if meta.as_ref().is_some_and(|meta| meta.is_dir()) {
            return Err(Failure::usage(format!("can't write `{}`: it is a folder", path.display())));
        }
        if meta.as_ref().is_some_and(|meta| !meta.is_file()) {
            let file = File::options().write(true).open(&place).map_err(failed)?;
            return Ok(WholeFile { name: path.to_path_buf(), file: Kind::Stream(BufWriter::new(file)) });
        }
        let folder = match place.parent() {
            Some(folder) if folder != Path::new("") => folder,
            Some(_) | None => Path::new("."),
        };
        if !folder.is_dir() {
            let folder = folder.display();
            return Err(Failure::usage(format!("can't write `{}`: there is no folder `{folder}`", path.display()))
                .help("make the folder first"));
        }
        let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".archc-").suffix(".part");
        readable(&mut builder, meta.as_ref());
        let file = builder.tempfile_in(folder).map_err(failed)?;
        unfinished.push(file.path().to_path_buf());
        remove_when_interrupted();
        Ok(WholeFile { name: path.to_path_buf(), file: Kind::Beside(place, BufWriter::new(file)) })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// It can't be written to its end; then it is not there.
    pub fn finish(self) -> Result<(), Failure> {
        let WholeFile { name, file } = self;
        let result = match file {
            Kind::Stream(mut file) => file.flush(),
            Kind::Beside(place, file) => file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| {
                let mut unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
                unfinished.retain(|other| other != file.path());
                file.persist(&place).map(drop).map_err(|error| error.error)
            }),
        };
        result.map_err(|error| failed(&name, &error))
    }

    /// The failure of a command for an error of writing to this file.
    pub fn failure(&self, error: &io::Error) -> Failure {
        failed(&self.name, error)
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Kind::Beside(_, file) => file.write(bytes),
            Kind::Stream(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.file {
            Kind::Beside(_, file) => file.flush(),
            Kind::Stream(file) => file.flush(),
        }
    }
}

impl Seek for WholeFile {
    /// What is no regular file may not be able to go back.
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        match &mut self.file {
            Kind::Beside(_, file) => file.seek(position),
            Kind::Stream(file) => file.seek(position),
        }
    }
}

/// The failure of a command for an error of writing to `path`.
pub fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("can't write `{}`: {}", path.display(), io_reason(error)))
}

/// Gives the file the permissions of the one it replaces, or those that any new file of the user gets.
#[cfg(unix)]
fn readable(builder: &mut tempfile::Builder<'_, '_>, replaces: Option<&std::fs::Metadata>) {
    use std::os::unix::fs::PermissionsExt;
    let permissions = replaces.map(std::fs::Metadata::permissions);
    builder.permissions(permissions.unwrap_or_else(|| PermissionsExt::from_mode(0o666)));
}

#[cfg(not(unix))]
fn readable(_: &mut tempfile::Builder<'_, '_>, _: Option<&std::fs::Metadata>) {}

/// From the first call on, Ctrl-C and a request to end remove what is unfinished, and end the process as shells expect.
fn remove_when_interrupted() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let remove = || {
            // Held to the end, so that nothing new begins.
            let unfinished = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner);
            for path in unfinished.iter() {
                let _ = std::fs::remove_file(path);
            }
            std::process::exit(130);
        };
        // Where signals can't be caught, an interrupted command leaves its part file.
        let _ = ctrlc::set_handler(remove);
    });
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::WholeFile;

    #[test]
    fn a_file_is_there_when_it_is_finished_and_only_then() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.txt");
        std::fs::write(&path, "before").unwrap();
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"after").unwrap();
        file.flush().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"before");
        file.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"after");

        drop(WholeFile::create(&path).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"after");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_points_to_is_replaced_with_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::write(&real, "before").unwrap();
        std::fs::set_permissions(&real, PermissionsExt::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let mut file = WholeFile::create(&link).unwrap();
        file.write_all(b"after").unwrap();
        file.finish().unwrap();
        assert_eq!(std::fs::read(&real).unwrap(), b"after");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    }
}
