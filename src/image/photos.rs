//! Which images a user means: files, folders with all below them, patterns, and `-` for standard input.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Orientation, Pixels, decode};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::io_reason;

/// The file endings that are looked for in folders, in any case.
pub const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

/// One image of a list, not read yet.
#[derive(Clone, Debug)]
pub struct Photo {
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    File(PathBuf),
    Stdin,
    /// What is wrong with something the user named, in the place of the images it should have been.
    Wrong(String, Box<Diagnostic>),
}

impl Photo {
    /// The image of a file.
    pub fn file(path: PathBuf) -> Photo {
        Photo { place: Place::File(path) }
    }

    fn wrong(path: &Path, reason: impl std::fmt::Display, help: &str) -> Photo {
        let name = path.display().to_string();
        let error = Diagnostic::error(Code::BAD_IMAGE, format!("can't read images from `{name}`: {reason}")).help(help);
        Photo { place: Place::Wrong(name, Box::new(error)) }
    }

    /// What to call it: its path as the user would write it, `-` for standard input. What is no Unicode in a path shows
    /// as `\u{FFFD}`.
    pub fn name(&self) -> String {
        match &self.place {
            Place::File(path) => path.display().to_string(),
            Place::Stdin => "-".to_string(),
            Place::Wrong(name, _) => name.clone(),
        }
    }

    /// The file, where it is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::File(path) => Some(path),
            Place::Stdin | Place::Wrong(..) => None,
        }
    }

    /// Reads and decodes it.
    ///
    /// # Errors
    /// `E0604` with the reason.
    pub fn read(&self, orientation: Orientation) -> Result<Pixels, Diagnostic> {
        match &self.place {
            Place::File(path) => decode::read(path, orientation),
            Place::Stdin => decode::read_from(&mut std::io::stdin().lock(), "-", orientation),
            Place::Wrong(_, error) => Err((**error).clone()),
        }
    }
}

/// The images that the arguments of a command name, in order: a file is itself, whatever its name; a folder is every
/// file below it that ends in one of [`ENDINGS`], sorted by name; `-` is standard input; a pattern with `*`, `?` or
/// `[...]` that is no path is what it matches, sorted. What is named twice is there twice. An argument that names no
/// image, and a folder that can't be read, is an entry whose [`Photo::read`] says so.
pub fn list(arguments: &[PathBuf]) -> Vec<Photo> {
    let mut lister = Lister { photos: Vec::new(), stdin: false };
    for argument in arguments {
        lister.argument(argument);
    }
    lister.photos
}

struct Lister {
    photos: Vec<Photo>,
    /// Whether standard input is among them.
    stdin: bool,
}

impl Lister {
    fn argument(&mut self, argument: &Path) {
        if argument == Path::new("-") {
            let photo = match self.stdin {
                false => Photo { place: Place::Stdin },
                true => Photo::wrong(argument, "standard input is read only once", "name `-` once"),
            };
            self.stdin = true;
            return self.photos.push(photo);
        }
        let missing = std::fs::symlink_metadata(argument).is_err_and(|error| {
            matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::InvalidInput)
        });
        match argument.to_str().filter(|text| missing && text.contains(['*', '?', '['])) {
            Some(pattern) => self.pattern(argument, pattern),
            None => self.path(argument),
        }
    }

    fn path(&mut self, path: &Path) {
        if !std::fs::metadata(path).is_ok_and(|meta| meta.is_dir()) {
            return self.photos.push(Photo::file(path.to_path_buf()));
        }
        let before = self.photos.len();
        self.folder(path, &mut HashSet::new());
        if self.photos.len() == before {
            self.photos.push(Photo::wrong(
                path,
                "there are no images in this folder, or below it",
                "files that end in .png, .jpg or .jpeg are looked for",
            ));
        }
    }

    /// `seen` holds the folders above and before, resolved: each is walked once, so links that lead back end.
    fn folder(&mut self, folder: &Path, seen: &mut HashSet<PathBuf>) {
        let unreadable = |error: std::io::Error| Photo::wrong(folder, io_reason(&error), "check its permissions");
        let entries = std::fs::canonicalize(folder).and_then(|real| match seen.insert(real) {
            true => std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect(),
            false => Ok(Vec::new()),
        });
        let mut names = match entries {
            Ok(names) => names,
            Err(error) => return self.photos.push(unreadable(error)),
        };
        names.sort();
        for name in names {
            let path = folder.join(&name);
            match std::fs::metadata(&path) {
                Ok(meta) if meta.is_dir() => self.folder(&path, seen),
                // Pipes and devices are images only where a user names them.
                Ok(meta) if meta.is_file() && is_image_name(&name) => self.photos.push(Photo::file(path)),
                Ok(_) => {}
                // A link to nothing: the image itself tells.
                Err(_) if is_image_name(&name) => self.photos.push(Photo::file(path)),
                Err(_) => {}
            }
        }
    }

    fn pattern(&mut self, argument: &Path, pattern: &str) {
        let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
        let matches = match glob::glob_with(pattern, options) {
            Ok(matches) => matches,
            Err(error) => {
                let reason = format!("the pattern is wrong at its character {}: {}", error.pos + 1, error.msg);
                return self.photos.push(Photo::wrong(argument, reason, "`*`, `?`, `[abc]` and `**` have a meaning"));
            }
        };
        let before = self.photos.len();
        for found in matches {
            match found {
                Ok(path) => self.path(&path),
                Err(error) => {
                    self.photos.push(Photo::wrong(error.path(), io_reason(error.error()), "check its permissions"));
                }
            }
        }
        if self.photos.len() == before {
            let help = "check the path, or the pattern";
            self.photos.push(Photo::wrong(argument, "no file is there, and the pattern matches none", help));
        }
    }
}

/// Whether the name ends as those of images do.
fn is_image_name(name: &OsStr) -> bool {
    let ending = Path::new(name).extension().and_then(OsStr::to_str);
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}

#[cfg(test)]
mod tests {
    use super::is_image_name;

    #[test]
    fn endings_are_known_in_any_case() {
        for name in ["a.png", "a.JPG", "a.b.Jpeg"] {
            assert!(is_image_name(name.as_ref()), "{name}");
        }
        for name in ["png", ".png", "a.gif", "a.png.txt"] {
            assert!(!is_image_name(name.as_ref()), "{name}");
        }
    }
}
