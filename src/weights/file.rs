//! A weights file, whichever its format: what it holds, and the values.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::Dtype;

use super::entry::{Entry, is_float, widen};
use super::stretch::{Values, Whole};
use super::{Bytes, Identity, WeightSource, fits, pth, safetensors as format, shape_text};
use crate::diagnostic::{Code, Diagnostic};
use crate::ops::WeightSpec;
use crate::source::io_reason;

/// A weights file whose structure has been checked: safetensors, or a PyTorch checkpoint. Values are read when asked for.
#[derive(Debug)]
pub struct WeightsFile {
    name: String,
    bytes: Bytes,
    /// As it was opened.
    identity: Option<Identity>,
    format: Format,
    tensors: BTreeMap<String, Entry>,
    /// The names in the file's own order.
    order: Vec<String>,
    notes: Vec<String>,
}

/// How a weights file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Safetensors,
    /// What `torch.save` writes: a zip archive since PyTorch 1.6.
    PyTorch,
    /// What it wrote before: pickles, and the values behind them.
    OldPyTorch,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Format::Safetensors => "safetensors",
            Format::PyTorch => "PyTorch",
            Format::OldPyTorch => "PyTorch before 1.6",
        }
    }
}

/// What a format's reader finds.
pub(super) struct Contents {
    /// In the file's order; of two with one name the later one counts.
    pub tensors: Vec<(String, Entry)>,
    pub notes: Vec<String>,
}

/// What is wrong with a file, as the end of a sentence.
pub(super) struct Broken {
    pub text: String,
    pub help: Option<String>,
}

impl Broken {
    /// Bytes are missing.
    pub fn cut_off(text: impl Into<String>) -> Broken {
        Broken { text: text.into(), help: Some("copy or download it again".to_string()) }
    }

    pub fn help(self, help: impl Into<String>) -> Broken {
        Broken { help: Some(help.into()), ..self }
    }
}

impl From<String> for Broken {
    fn from(text: String) -> Broken {
        Broken { text, help: None }
    }
}

impl From<&str> for Broken {
    fn from(text: &str) -> Broken {
        text.to_string().into()
    }
}

impl WeightsFile {
    /// Maps a file and checks its structure.
    ///
    /// # Errors
    /// `E0602`, with what is wrong.
    pub fn open(path: &Path) -> Result<WeightsFile, Diagnostic> {
        let name = path.display().to_string();
        match Bytes::open(path) {
            Ok(bytes) => {
                let identity = bytes.file().and_then(|file| Identity::of(path, file));
                Ok(WeightsFile { identity, ..WeightsFile::new(bytes, &name)? })
            }
            Err(error) => Err(bad(&name, io_reason(&error))),
        }
    }

    /// Checks the structure of a file that is in memory. `name` is for messages.
    ///
    /// # Errors
    /// `E0602`, with what is wrong.
    pub fn new(bytes: Bytes, name: &str) -> Result<WeightsFile, Diagnostic> {
        let (format, contents) = match () {
            () if format::starts(&bytes) => (Format::Safetensors, format::read(&bytes)),
            () if pth::is_archive(&bytes) => (Format::PyTorch, pth::read_archive(&bytes)),
            () if pth::is_pickle(&bytes) => (Format::OldPyTorch, pth::read_old(&bytes)),
            () => match foreign(&bytes) {
                Some(broken) => (Format::Safetensors, Err(broken)),
                None => (Format::Safetensors, format::read(&bytes)),
            },
        };
        let Contents { tensors, mut notes } =
            contents.map_err(|broken| bad(name, &broken.text).maybe_help(broken.help))?;
        let mut order = Vec::with_capacity(tensors.len());
        let mut by_name = BTreeMap::new();
        for (tensor, entry) in tensors {
            check_name(&tensor).map_err(|broken| bad(name, broken.text))?;
            if by_name.insert(tensor.clone(), entry).is_none() {
                order.push(tensor);
            }
        }
        let doubles = by_name.values().filter(|entry| entry.dtype == Dtype::F64).count();
        if doubles > 0 {
            let what = if doubles == 1 { "1 tensor" } else { &format!("{doubles} tensors") };
            notes.push(format!("`{name}` has {what} in float64, to be read as float32"));
        }
        Ok(WeightsFile { name: name.to_string(), bytes, identity: None, format, tensors: by_name, order, notes })
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// Every tensor, by name.
    pub fn tensors(&self) -> &BTreeMap<String, Entry> {
        &self.tensors
    }

    /// The elements of a tensor as stored, row by row; the entry is one of this file's.
    pub fn raw(&self, entry: &Entry) -> std::borrow::Cow<'_, [u8]> {
        entry.raw(&self.bytes)
    }

    /// The elements of a tensor of this file as float32.
    ///
    /// # Errors
    /// `E0602` for a type that holds no floating-point numbers, and for values that are not finite.
    pub fn values(&self, name: &str, entry: &Entry) -> Result<Vec<f32>, Diagnostic> {
        let values = entry.floats(&self.bytes).ok_or_else(|| self.not_floats(name, entry))?;
        self.check(name, entry, 0, &values)?;
        Ok(values)
    }

    fn not_floats(&self, name: &str, entry: &Entry) -> Diagnostic {
        bad(&self.name, format!("`{name}` is stored as {}", entry.dtype))
            .help("archc reads F32, F16, BF16 and F64; convert the weights to one of them")
    }

    /// Makes sure that values of a tensor, those from `start` on, are finite.
    fn check(&self, name: &str, entry: &Entry, start: usize, values: &[f32]) -> Result<(), Diagnostic> {
        // Without a way out in between, several values are looked at at a time.
        let fine = |values: &[f32]| values.iter().fold(true, |fine, value| fine & value.is_finite());
        if values.chunks(4096).all(fine) {
            return Ok(());
        }
        let index = values.iter().position(|value| !value.is_finite()).expect("one was found");
        let (value, count) = (values[index], entry.elements());
        Err(bad(&self.name, format!("`{name}` holds {value}, as value {} of {count}", start + index))
            .help("a network with such weights computes nothing of use; get another copy or an earlier checkpoint"))
    }

    /// The tensor called `name`, if it can be the weight of `spec`.
    fn entry(&self, name: &str, spec: &WeightSpec) -> Result<&Entry, Diagnostic> {
        let differs = |what: String| Diagnostic::error(Code::WEIGHTS_DIFFER, format!("`{}` {what}", self.name));
        let Some(entry) = self.tensors.get(name) else {
            return Err(differs(format!("has no tensor `{name}`")));
        };
        if !fits(&entry.shape, &spec.shape) {
            let (here, there) = (shape_text(&entry.shape), shape_text(&spec.shape));
            return Err(differs(format!("has `{name}` as {here}, and the architecture needs {there}")));
        }
        Ok(entry)
    }
}

/// A tensor whose elements follow one another in the file.
struct Stored<'a> {
    file: &'a WeightsFile,
    name: &'a str,
    entry: &'a Entry,
}

/// How many bytes are read at once: what stays in the nearest caches.
const READ: usize = 32 << 10;

impl Values for Stored<'_> {
    fn read(&self, start: usize, to: &mut [f32]) -> Result<(), Diagnostic> {
        let (file, entry) = (self.file, self.entry);
        let size = entry.dtype.bitsize() / 8;
        let mut bytes = [0; READ];
        let mut at = start;
        for to in to.chunks_mut(READ / size) {
            let bytes = &mut bytes[..to.len() * size];
            let read = file.bytes.read(entry.range.start + at * size, bytes);
            read.map_err(|error| bad(&file.name, io_reason(&error)))?;
            widen(entry.dtype, bytes, to);
            file.check(self.name, entry, at, to)?;
            at += to.len();
        }
        Ok(())
    }
}

impl WeightSource for WeightsFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn shapes(&self) -> Option<BTreeMap<String, Vec<usize>>> {
        Some(self.tensors.iter().map(|(name, entry)| (name.clone(), entry.shape.clone())).collect())
    }

    fn order(&self) -> Vec<String> {
        self.order.clone()
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn identity(&self) -> Option<Identity> {
        self.identity.as_ref()?.still(self.bytes.file()?)
    }

    fn get(&self, name: &str, spec: &WeightSpec, device: &Device) -> Result<Tensor, Diagnostic> {
        super::tensor(self.values(name, self.entry(name, spec)?)?, name, &spec.shape, device)
    }

    fn reader<'a>(&'a self, name: &'a str, spec: &WeightSpec) -> Result<Box<dyn Values + 'a>, Diagnostic> {
        let entry = self.entry(name, spec)?;
        if entry.strides.is_some() {
            return Ok(Box::new(Whole(self.values(name, entry)?)));
        }
        if !is_float(entry.dtype) {
            return Err(self.not_floats(name, entry));
        }
        Ok(Box::new(Stored { file: self, name, entry }))
    }
}

/// The longest name of a tensor, in bytes.
pub(super) const MAX_NAME: usize = 1000;

/// Names are shown in messages and tables.
pub(super) fn check_name(name: &str) -> Result<(), Broken> {
    if name.len() > MAX_NAME {
        return Err(format!("a tensor's name has {} bytes, and {MAX_NAME} are allowed", name.len()).into());
    }
    match name.contains(char::is_control) {
        true => Err(format!("a tensor's name, {name:?}, has characters that do not print").into()),
        false => Ok(()),
    }
}

/// What to say of a file of another kind.
fn foreign(bytes: &[u8]) -> Option<Broken> {
    let starts = |start: &[u8]| bytes.starts_with(start);
    let names_weights = "name a safetensors file, or a PyTorch checkpoint (.pth, .pt, .bin)";
    let exports = "export its weights as safetensors";
    let (what, help) = match () {
        () if starts(b"\x89PNG") => ("a PNG image", names_weights),
        () if starts(b"\xFF\xD8\xFF") => ("a JPEG image", names_weights),
        () if starts(b"GIF8") => ("a GIF image", names_weights),
        () if starts(b"%PDF") => ("a PDF document", names_weights),
        () if starts(b"\x1F\x8B") => ("a gzip archive", "unpack it first, as with `gunzip`"),
        () if starts(b"BZh") || starts(b"\xFD7zXZ") || starts(b"\x28\xB5\x2F\xFD") || starts(b"7z\xBC\xAF") => {
            ("a compressed archive", "unpack it first")
        }
        () if bytes.get(257..262) == Some(b"ustar") || starts(b"sys_info\0") => (
            "a tar archive, as PyTorch wrote checkpoints before version 0.1.10",
            "load it with PyTorch and save it again with `torch.save`",
        ),
        () if starts(b"\x89HDF") => ("an HDF5 file, as Keras writes them", exports),
        () if starts(b"\x93NUMPY") => ("a NumPy array", exports),
        () if starts(b"GGUF") => ("a GGUF file", exports),
        () if bytes.get(4..8) == Some(b"TFL3") => ("a TensorFlow Lite model", exports),
        () if starts(b"\x7FELF") || starts(b"MZ") => ("a program", names_weights),
        () if starts(b"version https://git-lfs") => {
            ("a pointer that stands for a large file", "`git lfs pull` gets the file itself")
        }
        () if starts(b"<") => ("a web page, not the file that was to be downloaded", "download it again"),
        () => return None,
    };
    Some(Broken::from(format!("it is {what}")).help(help))
}

pub(super) fn bad(name: &str, reason: impl fmt::Display) -> Diagnostic {
    Diagnostic::error(Code::BAD_WEIGHTS, format!("can't read the weights `{name}`: {reason}"))
}
