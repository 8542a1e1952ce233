//! A folder of class folders: which images, and of which class each is.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::{Failure, counted};
use crate::image::{self, Photo};
use crate::labels::Classes;
use crate::source::io_reason;

/// Images with their classes.
pub struct Folders {
    pub photos: Vec<Photo>,
    /// The class of each photo.
    pub classes: Vec<usize>,
    /// The classes that have a folder, in order.
    pub present: Vec<usize>,
    /// How many files lie beside the folders.
    pub beside: usize,
}

/// How many wrong folders a message lists.
const SHOWN: usize = 20;

impl Folders {
    /// Reads the names in `folder` and gives each its class: the one that the file `map` says, or else the one of this
    /// name. Folders whose names start with a dot are passed over.
    ///
    /// # Errors
    /// A file can't be read, there are no folders, or some mean no class; the failure lists those.
    pub fn read(folder: &Path, map: Option<&Path>, classes: &Classes) -> Result<Folders, Failure> {
        let map = map.map(read_map).transpose()?.unwrap_or_default();
        let (names, beside) = entries(folder)
            .map_err(|error| Failure::usage(format!("can't read `{}`: {}", folder.display(), io_reason(&error))))?;
        if names.is_empty() {
            return Err(Failure::usage(format!("there are no folders in `{}`", folder.display())).help(
                "put the images of each class into a folder of their own, called by the class's label or number",
            ));
        }
        let mut found = Folders { photos: Vec::new(), classes: Vec::new(), present: Vec::new(), beside };
        let mut unknown = Vec::new();
        for name in &names {
            let class = map.get(name).map_or(name.as_str(), String::as_str);
            match classes.find(class) {
                Ok(class) => {
                    let photos = image::list(&[folder.join(name)]);
                    found.classes.resize(found.classes.len() + photos.len(), class);
                    found.photos.extend(photos);
                    found.present.push(class);
                }
                Err(unclear) => {
                    let (message, help) = unclear.in_words(class, classes);
                    unknown.push(format!("{name}: {message}; {help}"));
                }
            }
        }
        if unknown.is_empty() {
            found.present.sort_unstable();
            found.present.dedup();
            return Ok(found);
        }
        let more = unknown.len().saturating_sub(SHOWN);
        let (what, mean) = (counted(unknown.len(), "folder"), if unknown.len() == 1 { "means" } else { "mean" });
        let mut message = format!("{what} in `{}` {mean} no class:", folder.display());
        for line in unknown.iter().take(SHOWN) {
            message.push_str(&format!("\n  {line}"));
        }
        if more > 0 {
            message.push_str(&format!("\n  and {more} more"));
        }
        Err(Failure::usage(message)
            .help("rename the folders, or write a CSV file of folders and their classes and name it with `--map FILE`"))
    }
}

/// The folders of a folder, sorted, and how many files there are beside them. Hidden ones count as neither.
fn entries(folder: &Path) -> io::Result<(Vec<String>, usize)> {
    let (mut names, mut beside) = (Vec::new(), 0);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        // A link to a folder is one.
        match std::fs::metadata(entry.path()).is_ok_and(|meta| meta.is_dir()) {
            true => names.push(name),
            false => beside += 1,
        }
    }
    names.sort();
    Ok((names, beside))
}

/// A CSV file's folders and classes; a first row `folder,...` is a heading.
fn read_map(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let failed = |reason: String| Failure::usage(format!("can't read the map `{}`: {reason}", path.display()));
    let file = std::fs::File::open(path).map_err(|error| failed(io_reason(&error)))?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(file);
    let mut map = BTreeMap::new();
    for (index, record) in reader.records().enumerate() {
        let line = index + 1;
        let record = record.map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => failed(io_reason(&error)),
            csv::ErrorKind::Utf8 { .. } => failed(format!("row {line} is not UTF-8 text")),
            _ => failed(format!("row {line} is no CSV")),
        })?;
        match record.iter().collect::<Vec<_>>().as_slice() {
            ["folder", _] if index == 0 => {}
            [folder, class] => {
                if map.insert((*folder).to_string(), (*class).to_string()).is_some() {
                    return Err(failed(format!("row {line} names the folder `{folder}` again")));
                }
            }
            columns => {
                return Err(failed(format!("row {line} has {}", counted(columns.len(), "column")))
                    .help("a row is a folder's name and its class, with a comma between them"));
            }
        }
    }
    Ok(map)
}
