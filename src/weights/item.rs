//! What a `weights` item says: where the weights are, how their names map, what images they were trained on.

mod fields;
mod image;
mod place;

use std::path::Path;
use std::sync::Arc;

use super::Names;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::image::Preprocess;
use crate::source::{Asset, FileId, SourceMap, Span, io_reason};
use crate::syntax::ast;

pub use place::Place;

/// A checked `weights` item.
#[derive(Clone, Debug)]
pub struct Preset {
    pub name: Arc<str>,
    /// The architecture that the weights are for.
    pub arch: Arc<str>,
    /// The file that says all this; paths are relative to it.
    pub source: FileId,
    pub file: Option<(String, Span)>,
    pub hub: Option<Hub>,
    pub url: Option<String>,
    /// Of the weights file, in lower-case hexadecimal: all 64 digits, or the first 8 or more.
    pub sha256: Option<String>,
    pub names: Names,
    pub image: Option<Preprocess>,
    pub labels: Option<Labels>,
    /// As published.
    pub accuracy: Option<Accuracy>,
}

/// A file of a repository on the Hugging Face hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hub {
    /// `owner/name`
    pub repo: String,
    pub file: String,
}

/// How often the right class is the first, or among the first five, on the data set's own test images, in per cent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    pub top1: f64,
    pub top5: Option<f64>,
}

/// The names of classes, in the order of the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Labels {
    /// The thousand of ImageNet-1k.
    ImageNet1k,
    /// A text file beside the `.arch` file, a name a line.
    File(String, Span),
    List(Vec<String>),
}

/// The classes of ImageNet-1k, a name a line, in torchvision's words.
const IMAGENET_1K: &str = include_str!("imagenet1k.txt");

/// The largest file of labels that is read, in bytes.
const MAX_LABELS_BYTES: u64 = 16 << 20;

/// Checks an item: every field, and the files of labels it names. Weights need not be there; that its architecture is,
/// has been seen to where names were resolved. There is a preset where the item has no errors.
pub fn check_item(item: &ast::Weights, sources: &SourceMap, diagnostics: &mut Diagnostics) -> Option<Preset> {
    let mut found = Diagnostics::new();
    let preset = fields::read(item, &mut found);
    if let Err(diagnostic) = preset.labels(sources) {
        found.push(diagnostic);
    }
    let fine = !found.has_errors();
    diagnostics.append(found);
    fine.then_some(preset)
}

impl Preset {
    /// The names of the classes, where the item gives some.
    ///
    /// # Errors
    /// `E0605` for a file of labels that can't be read.
    pub fn labels(&self, sources: &SourceMap) -> Result<Option<Vec<String>>, Diagnostic> {
        match &self.labels {
            None => Ok(None),
            Some(Labels::ImageNet1k) => Ok(Some(lines(IMAGENET_1K))),
            Some(Labels::List(list)) => Ok(Some(list.clone())),
            Some(Labels::File(path, span)) => {
                let bad = |reason: String| {
                    Diagnostic::error(Code::BAD_WEIGHTS_ITEM, format!("can't read the labels `{path}`: {reason}"))
                        .label(*span, "named here")
                        .help(
                            "labels are \"imagenet1k\", a text file beside this one with a name a line, \
                             or a list [\"cat\", \"dog\"]",
                        )
                };
                match sources.asset(self.source, path).map_err(|error| bad(error.message))? {
                    Asset::BuiltIn(bytes) => {
                        let text = std::str::from_utf8(bytes).map_err(|_| bad("it is not UTF-8 text".to_string()))?;
                        Ok(Some(lines(text)))
                    }
                    Asset::Disk(path) => Ok(Some(lines(&read_labels(&path).map_err(bad)?))),
                }
            }
        }
    }
}

/// The names of the classes that a user gives: a text file with a name a line, or `imagenet1k` for those built in. Where
/// the number of `classes` is known it must be theirs; `network` is for messages.
///
/// # Errors
/// `E0605` for a file that can't be read, or of another number of names.
pub fn labels_file(file: &str, classes: Option<usize>, network: &str) -> Result<Vec<String>, Diagnostic> {
    let bad = |reason: String| Diagnostic::error(Code::BAD_WEIGHTS_ITEM, reason);
    let text = match file {
        "imagenet1k" => IMAGENET_1K.to_string(),
        _ => read_labels(Path::new(file)).map_err(|reason| {
            bad(format!("can't read the labels `{file}`: {reason}"))
                .help("labels are a text file with a name a line, or `imagenet1k`")
        })?,
    };
    let labels: Vec<String> = lines(&text);
    match classes {
        Some(classes) if classes != labels.len() => {
            let found = labels.len();
            Err(bad(format!("`{file}` has {found} labels, and `{network}` has {classes} classes"))
                .help("labels are in the order of the classes, a name a line"))
        }
        Some(_) | None => Ok(labels),
    }
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim().to_string()).collect()
}

fn read_labels(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| io_reason(&error))?.len();
    if size > MAX_LABELS_BYTES {
        return Err(format!("it has {size} bytes, and labels take at most {MAX_LABELS_BYTES}"));
    }
    let bytes = std::fs::read(path).map_err(|error| io_reason(&error))?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_string())
}
