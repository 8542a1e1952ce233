//! The source map: every text that takes part in a compilation, and the only room that opens source files.
//!
//! A [`Span`] is a byte range in one file; everything that can be wrong in an architecture is pointed at with one.

#![allow(clippy::disallowed_methods, reason = "this room opens source files")]

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};

/// The largest `.arch` file that is read, in bytes (1 MiB).
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// The files built into the binary, as `(path below the project's folder, bytes)`, sorted by path.
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}

/// A file of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A byte range, `start..end`, of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, start: usize, end: usize) -> Span {
        let small = |at: usize| u32::try_from(at).expect("files are at most 1 MiB");
        Span { file, start: small(start), end: small(end) }
    }

    /// The range from the start of `self` to the end of `other`, in the same file.
    pub fn to(self, other: Span) -> Span {
        Span { file: self.file, start: self.start, end: other.end.max(self.end) }
    }
}

/// One text: where it came from and what it says.
#[derive(Debug)]
pub struct SourceFile {
    /// The name shown to people: the path as given, `<stdin>`, or `zoo/…`, `std/…` for built-in files.
    pub name: String,
    pub text: Arc<str>,
    place: Place,
    line_starts: Vec<u32>,
}

/// Where a text came from; decides what `use "…"` and `file "…"` inside it mean.
#[derive(Clone, Debug)]
enum Place {
    /// A file on disk and the folder that its imports never leave.
    Disk { path: PathBuf, root: PathBuf },
    /// A file built into the binary, by its path below the project's folder.
    BuiltIn(&'static str),
    /// Text without a place: standard input or a string.
    Memory,
}

/// A file that stands beside a source file, named by it: weights or labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asset {
    Disk(PathBuf),
    BuiltIn(&'static [u8]),
}

/// All texts of a compilation.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

/// What a user names on the command line: a file, and an architecture in it where given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub file: FileId,
    pub arch: Option<String>,
}

impl SourceMap {
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Adds a text without a place.
    pub fn add(&mut self, name: &str, text: &str) -> FileId {
        self.push(name.to_string(), Arc::from(text), Place::Memory)
    }

    /// Opens what a user wrote as `FILE[:ARCH]`: a path, `-` for standard input, or `zoo:NAME`.
    ///
    /// # Errors
    /// The file is missing, unreadable, too large or not UTF-8, or the zoo has no such architecture.
    pub fn open_target(&mut self, argument: &str) -> Result<Target, Diagnostic> {
        if let Some(name) = argument.strip_prefix("zoo:") {
            return self.open_zoo(name);
        }
        if argument != "-"
            && !Path::new(argument).exists()
            && let Some((file, arch)) = argument.rsplit_once(':')
            && !file.is_empty()
            && is_name(arch)
        {
            return Ok(Target { file: self.open(file)?, arch: Some(arch.to_string()) });
        }
        Ok(Target { file: self.open(argument)?, arch: None })
    }

    /// Opens a path, or standard input for `-`.
    ///
    /// # Errors
    /// The file is missing, unreadable, too large or not UTF-8.
    pub fn open(&mut self, path: &str) -> Result<FileId, Diagnostic> {
        if path == "-" {
            let text = read_text(std::io::stdin().lock(), "<stdin>")?;
            return Ok(self.push("<stdin>".to_string(), text, Place::Memory));
        }
        let real = std::fs::canonicalize(path).map_err(|error| unreadable(path, &error))?;
        if let Some(found) = self.find(|place| matches!(place, Place::Disk { path, .. } if *path == real)) {
            return Ok(found);
        }
        let root = real.parent().unwrap_or(&real).to_path_buf();
        self.open_disk(path.to_string(), real, root)
    }

    /// The file that `use "path"` in `from` means: relative to `from`, inside the folder of the file named first.
    ///
    /// # Errors
    /// A message for the person who wrote the `use`, and a help line.
    pub fn import(&mut self, from: FileId, path: &str) -> Result<FileId, ImportError> {
        match self.file(from).place.clone() {
            Place::Memory => Err(ImportError::new(
                "this text has no folder, so it can't use other files",
                "save it as a file and name that file",
            )),
            Place::BuiltIn(name) => {
                let name = join_built_in(name, path)
                    .ok_or_else(|| ImportError::new(format!("`{path}` leaves the folder of built-in files"), ""))?;
                self.built_in(&name).ok_or_else(|| {
                    ImportError::new(format!("there is no built-in file `{name}`"), "`archc zoo` lists them")
                })
            }
            Place::Disk { path: importer, root } => {
                if Path::new(path).is_absolute() {
                    return Err(ImportError::new(
                        format!("`{path}` is an absolute path"),
                        "write the path relative to this file",
                    ));
                }
                let wanted = importer.parent().unwrap_or(&root).join(path);
                let real = std::fs::canonicalize(&wanted).map_err(|error| {
                    ImportError::new(
                        format!("can't open `{path}`: {}", io_reason(&error)),
                        format!("looked for {}", wanted.display()),
                    )
                })?;
                if !real.starts_with(&root) {
                    return Err(ImportError::new(
                        format!("`{path}` lies outside the folder {}", root.display()),
                        "a file can use files in its own folder and below",
                    ));
                }
                if let Some(found) = self.find(|place| matches!(place, Place::Disk { path, .. } if *path == real)) {
                    return Ok(found);
                }
                let name = Path::new(&self.file(from).name).parent().unwrap_or(Path::new("")).join(path);
                self.open_disk(name.display().to_string(), real, root)
                    .map_err(|diagnostic| ImportError::new(diagnostic.message, ""))
            }
        }
    }

    /// The standard library's module `name` (`std.NAME`), if there is one.
    pub fn std_module(&mut self, name: &str) -> Option<FileId> {
        self.built_in(&format!("archs/std/{name}.arch"))
    }

    /// The names of the standard library's modules, sorted.
    pub fn std_modules() -> impl Iterator<Item = &'static str> {
        built_in_names("archs/std/")
    }

    /// The standard library's modules and their texts, sorted by name.
    pub fn std_texts() -> impl Iterator<Item = (&'static str, &'static str)> {
        SourceMap::std_modules().map(|module| {
            let text = built_in_text(&format!("archs/std/{module}.arch")).expect("the name came from the table").1;
            (module, text)
        })
    }

    /// The zoo's files, as `(family, text)`, sorted by family.
    pub fn zoo() -> impl Iterator<Item = (&'static str, &'static str)> {
        built_in_names("archs/").map(|family| {
            let text = built_in_text(&format!("archs/{family}.arch")).expect("the name came from the table").1;
            (family, text)
        })
    }

    /// The file beside `from` that a `weights` item names.
    ///
    /// # Errors
    /// As [`SourceMap::import`], for a path that leaves the root or an embedded file that does not exist.
    pub fn asset(&self, from: FileId, path: &str) -> Result<Asset, ImportError> {
        match &self.file(from).place {
            Place::Memory => Ok(Asset::Disk(PathBuf::from(path))),
            Place::Disk { path: source, .. } => Ok(Asset::Disk(source.parent().unwrap_or(Path::new("")).join(path))),
            Place::BuiltIn(name) => {
                let name = join_built_in(name, path).unwrap_or_default();
                embedded::FILES
                    .iter()
                    .find(|(file, _)| *file == name)
                    .map(|(_, bytes)| Asset::BuiltIn(bytes))
                    .ok_or_else(|| ImportError::new(format!("`{path}` is not built into archc"), ""))
            }
        }
    }

    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// Whether `id` is part of the binary: its warnings are nobody's to mend.
    pub fn is_built_in(&self, id: FileId) -> bool {
        matches!(self.file(id).place, Place::BuiltIn(_))
    }

    /// The text that a span covers.
    pub fn text(&self, span: Span) -> &str {
        &self.file(span.file).text[span.start as usize..span.end as usize]
    }

    fn open_zoo(&mut self, name: &str) -> Result<Target, Diagnostic> {
        let found = SourceMap::zoo().find(|(_, text)| arch_names(text).any(|arch| arch == name));
        let family = found.or_else(|| SourceMap::zoo().find(|(family, _)| *family == name));
        let Some((family, _)) = family else {
            let names: Vec<&str> = SourceMap::zoo().flat_map(|(_, text)| arch_names(text)).collect();
            let help = match crate::diagnostic::nearest(name, names) {
                Some(near) => format!("did you mean `zoo:{near}`? `archc zoo` lists them all"),
                None => "`archc zoo` lists them".to_string(),
            };
            return Err(Diagnostic::error(Code::NO_FILE, format!("the zoo has no architecture `{name}`")).help(help));
        };
        let file = self.built_in(&format!("archs/{family}.arch")).expect("the family came from the table");
        Ok(Target { file, arch: found.map(|_| name.to_string()) })
    }

    fn built_in(&mut self, name: &str) -> Option<FileId> {
        let (name, text) = built_in_text(name)?;
        if let Some(found) = self.find(|place| matches!(place, Place::BuiltIn(other) if *other == name)) {
            return Some(found);
        }
        let shown = match name.strip_prefix("archs/std/") {
            Some(rest) => format!("std/{rest}"),
            None => format!("zoo/{}", name.trim_start_matches("archs/")),
        };
        Some(self.push(shown, Arc::from(text), Place::BuiltIn(name)))
    }

    fn open_disk(&mut self, name: String, real: PathBuf, root: PathBuf) -> Result<FileId, Diagnostic> {
        if real.is_dir() {
            return Err(Diagnostic::error(Code::NO_FILE, format!("`{name}` is a folder, not a file"))
                .help("name a `.arch` file"));
        }
        let file = std::fs::File::open(&real).map_err(|error| unreadable(&name, &error))?;
        let text = read_text(file, &name)?;
        Ok(self.push(name, text, Place::Disk { path: real, root }))
    }

    fn find(&self, wanted: impl Fn(&Place) -> bool) -> Option<FileId> {
        let index = self.files.iter().position(|file| wanted(&file.place))?;
        Some(FileId(u32::try_from(index).expect("push checked it")))
    }

    fn push(&mut self, name: String, text: Arc<str>, place: Place) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).expect("fewer than 2^32 files"));
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts = std::iter::once(0).chain(breaks.map(|(at, _)| at as u32 + 1)).collect();
        self.files.push(SourceFile { name, text, place, line_starts });
        id
    }
}

impl SourceFile {
    /// Line and column of a byte offset, both from 1; columns count characters.
    pub fn line_column(&self, offset: u32) -> (usize, usize) {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1);
        let start = self.line_starts[line - 1] as usize;
        let text = &self.text[start..(offset as usize).min(self.text.len())];
        (line, text.chars().count() + 1)
    }
}

/// Why an import failed, for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError {
    pub message: String,
    pub help: Option<String>,
}

impl ImportError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> ImportError {
        let help = help.into();
        ImportError { message: message.into(), help: (!help.is_empty()).then_some(help) }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The names of the architectures that a text declares, found by their place at the start of a line.
pub fn arch_names(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let rest = line.strip_prefix("arch ")?.trim_start();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        (end > 0).then(|| &rest[..end])
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

fn built_in_text(name: &str) -> Option<(&'static str, &'static str)> {
    let (name, bytes) = embedded::FILES.iter().find(|(file, _)| *file == name && file.ends_with(".arch"))?;
    Some((name, std::str::from_utf8(bytes).expect("built-in files are UTF-8")))
}

fn built_in_names(folder: &'static str) -> impl Iterator<Item = &'static str> {
    embedded::FILES.iter().filter_map(move |(file, _)| {
        let name = file.strip_prefix(folder)?.strip_suffix(".arch")?;
        (!name.contains('/')).then_some(name)
    })
}

/// `path` seen from the folder of the built-in file `from`; nothing where it leaves `archs/`.
fn join_built_in(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    (parts.first() == Some(&"archs")).then(|| parts.join("/"))
}

fn read_text(input: impl Read, name: &str) -> Result<Arc<str>, Diagnostic> {
    let mut bytes = Vec::new();
    let limit = MAX_FILE_BYTES as u64 + 1;
    input.take(limit).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Diagnostic::error(Code::FILE_TOO_LARGE, format!("`{name}` is larger than 1 MiB"))
            .help("an architecture is text of a few kilobytes; is this the file you meant?"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Arc::from(text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            Err(Diagnostic::error(Code::NOT_TEXT, format!("`{name}` is not UTF-8 text: byte {at} starts no character"))
                .help("save the file as UTF-8; weights and images are named by other arguments"))
        }
    }
}

fn unreadable(name: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(Code::NO_FILE, format!("can't read `{name}`: {}", io_reason(error)))
        .help("check the path; `archc zoo` lists the built-in architectures")
}

/// What went wrong with a file, in words, without the operating system's number.
pub fn io_reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_string(),
        _ => error.to_string(),
    }
}
