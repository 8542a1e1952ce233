//! A reference: what PyTorch says of an architecture, as `tools/reference.py` writes it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::diagnostic::{Code, Diagnostic};
use crate::weights::Names;

/// The largest reference that is read, in bytes.
pub const MAX_BYTES: u64 = 64 << 20;

/// The numbers that an architecture is held to.
#[derive(Clone, Debug, Deserialize)]
#[serde(expecting = "a JSON object")]
pub struct Reference {
    /// What messages call it.
    #[serde(skip)]
    pub name: String,
    /// Where the numbers come from, in words.
    pub source: Option<String>,
    /// The shape of the only input, without the batch.
    pub input: Vec<usize>,
    /// The centre of a norm's scale among the hash weights.
    #[serde(default = "one")]
    pub norm_scale: f32,
    pub params: u64,
    pub buffers: u64,
    pub macs: u64,
    /// The shape of every weight.
    pub state: BTreeMap<String, Vec<usize>>,
    /// The modules in the order in which they ran.
    pub layers: Vec<Layer>,
    /// The result, flattened.
    pub logits: Vec<f64>,
    /// The position of the largest of `logits`.
    pub argmax: usize,
    /// The name that a weight's values are computed from, where it was renamed.
    #[serde(skip)]
    origins: BTreeMap<String, String>,
}

/// One run of a module.
#[derive(Clone, Debug, Deserialize)]
#[serde(expecting = "a JSON object")]
pub struct Layer {
    pub path: String,
    /// The class of the module.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Whether it has no modules inside.
    pub leaf: bool,
    /// The shape of its result, without the batch.
    pub output: Vec<usize>,
    pub params: u64,
    pub macs: u64,
    /// Of the result's values; nothing where there are too few.
    pub mean: Option<f64>,
    /// With n - 1.
    pub std: Option<f64>,
}

impl Reference {
    /// Reads a JSON text. `name` is for messages.
    ///
    /// # Errors
    /// `E0608`, with the field that is missing or wrong.
    pub fn parse(text: &[u8], name: &str) -> Result<Reference, Diagnostic> {
        let reference: Reference = serde_json::from_slice(text).map_err(|error| bad(name, reason(text, &error)))?;
        let count = reference.logits.len();
        if reference.argmax >= count {
            return Err(bad(name, format!("`argmax` is {}, and there are {count} `logits`", reference.argmax)));
        }
        Ok(Reference { name: name.to_string(), ..reference })
    }

    /// The reference with an architecture's names in place of its own, without the weights that the rules leave out.
    ///
    /// # Errors
    /// `E0608` where the rules give one name to two weights.
    pub fn renamed(mut self, names: &Names) -> Result<Reference, Diagnostic> {
        let mut modules = BTreeMap::new();
        let mut state = BTreeMap::new();
        for (name, shape) in std::mem::take(&mut self.state) {
            let Some(new) = names.map(&name) else { continue };
            if let Some(other) = self.origins.insert(new.clone(), name.clone()) {
                let reason = format!("its weights `{other}` and `{name}` would both become `{new}`");
                return Err(bad(&self.name, reason).help("make the rules in `names { ... }` more specific"));
            }
            modules.entry(module(&name).to_string()).or_insert_with(|| module(&new).to_string());
            state.insert(new, shape);
        }
        self.state = state;
        for layer in &mut self.layers {
            if let Some(path) = modules.get(&layer.path) {
                layer.path.clone_from(path);
            }
        }
        Ok(self)
    }

    /// The name that the values of a weight are computed from.
    pub fn origin<'a>(&'a self, weight: &'a str) -> &'a str {
        self.origins.get(weight).map_or(weight, String::as_str)
    }
}

/// The path of the module that a weight belongs to; empty for one of the whole network.
pub fn module(weight: &str) -> &str {
    weight.rsplit_once('.').map_or("", |(path, _)| path)
}

fn one() -> f32 {
    1.0
}

/// What is wrong with a text, and what stands before the place where it shows: the file may be one long line.
fn reason(text: &[u8], error: &serde_json::Error) -> String {
    const SHOWN: usize = 50;
    if text.iter().all(u8::is_ascii_whitespace) {
        return "it is empty".to_string();
    }
    let line_start = text.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1)).map(<[u8]>::len);
    let end = (line_start.sum::<usize>() + error.column()).min(text.len());
    let before = String::from_utf8_lossy(&text[end.saturating_sub(SHOWN)..end]);
    let before = before.trim_start_matches('\u{FFFD}').escape_debug().to_string().replace("\\\"", "\"");
    let dots = if end > SHOWN { "..." } else { "" };
    format!("{error}, after `{dots}{before}`")
}

/// `E0608`
pub fn bad(name: &str, reason: impl fmt::Display) -> Diagnostic {
    Diagnostic::error(Code::BAD_REFERENCE, format!("can't compare with the reference `{name}`: {reason}"))
        .help("`tools/reference.py` writes a reference from a PyTorch module; docs/porting.md shows how")
}
