//! Weights: where they come from, how their names fit an architecture's, and what a `weights` item says of them.
//!
//! [`WeightSource`] is the one trait that a new kind of source implements.

#![allow(clippy::disallowed_methods)]

mod cache;
mod checksum;
mod entry;
mod fetch;
mod file;
mod fit;
mod generated;
mod identity;
mod item;
mod map;
mod names;
mod propose;
mod pth;
mod safetensors;
mod stretch;
mod values;
mod write;

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};

pub use cache::{Cache, Origin};
pub use checksum::{sha256_of, sha256_of_bytes};
pub use entry::Entry;
pub use fetch::{Download, Patience, fetch};
pub use file::{Format, WeightsFile};
pub use fit::Fit;
pub use generated::{Hashed, Seeded, Zeros, hash_values};
pub use identity::Identity;
pub use item::{Accuracy, Hub, Labels, Place, Preset, check_item, labels_file};
pub use map::Bytes;
pub use names::{Names, Renamed};
pub use propose::Proposal;
pub use stretch::Values;
pub use write::{Planned, encode, write_header};

use crate::diagnostic::Diagnostic;
use crate::ops::WeightSpec;

/// Something that has the values of weights.
pub trait WeightSource: Sync {
    /// What messages call it: a file's name, or what it makes.
    fn name(&self) -> &str;

    /// The weights it holds, by name, with their shapes; nothing for a source that makes any weight it is asked for.
    fn shapes(&self) -> Option<BTreeMap<String, Vec<usize>>>;

    /// The names in the source's own order, which often is that of execution; by name where there is no such.
    fn order(&self) -> Vec<String> {
        self.shapes().unwrap_or_default().into_keys().collect()
    }

    /// What a user should know of how the weights were read, each a sentence.
    fn notes(&self) -> &[String] {
        &[]
    }

    /// What tells these weights from all others without reading them. Nothing for those of no file, and where the file has
    /// changed since it was opened.
    fn identity(&self) -> Option<Identity> {
        None
    }

    /// The weight called `name`, as float32 in the shape of `spec`.
    ///
    /// # Errors
    /// `E0602` or `E0603`: it is not there, has another shape, is not made of numbers, or the device fails.
    fn get(&self, name: &str, spec: &WeightSpec, device: &Device) -> Result<Tensor, Diagnostic>;

    /// The same weight, to be read a stretch at a time.
    ///
    /// # Errors
    /// As [`WeightSource::get`].
    fn reader<'a>(&'a self, name: &'a str, spec: &WeightSpec) -> Result<Box<dyn Values + 'a>, Diagnostic> {
        let tensor = self.get(name, spec, &Device::Cpu)?;
        let values = tensor.flatten_all().and_then(|flat| flat.to_vec1()).expect("weights are float32");
        Ok(Box::new(stretch::Whole(values)))
    }
}

impl<S: WeightSource + ?Sized> WeightSource for &S {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn shapes(&self) -> Option<BTreeMap<String, Vec<usize>>> {
        (**self).shapes()
    }

    fn order(&self) -> Vec<String> {
        (**self).order()
    }

    fn notes(&self) -> &[String] {
        (**self).notes()
    }

    fn identity(&self) -> Option<Identity> {
        (**self).identity()
    }

    fn get(&self, name: &str, spec: &WeightSpec, device: &Device) -> Result<Tensor, Diagnostic> {
        (**self).get(name, spec, device)
    }

    fn reader<'a>(&'a self, name: &'a str, spec: &WeightSpec) -> Result<Box<dyn Values + 'a>, Diagnostic> {
        (**self).reader(name, spec)
    }
}

/// `[64, 3, 7, 7]`
fn shape_text(shape: &[usize]) -> String {
    let dims: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("[{}]", dims.join(", "))
}

/// Whether a tensor of a file can be a weight of this shape.
pub(crate) fn fits(held: &[usize], needed: &[usize]) -> bool {
    held == needed || reshapes(held, needed)
}

/// PyTorch's count of batches seen in training, which nothing computes with.
pub fn is_counter(name: &str) -> bool {
    name == "num_batches_tracked" || name.ends_with(".num_batches_tracked")
}

/// Whether weights of the one shape are those of the other, written in another way: a convolution over all of its input
/// is a linear layer over the flattened input, and one with a 1x1 kernel is a linear layer at every pixel.
fn reshapes(a: &[usize], b: &[usize]) -> bool {
    let flat = |linear: &[usize], conv: &[usize]| match (linear, conv) {
        ([out, from], [conv_out, channels, height, width]) => {
            out == conv_out && channels.checked_mul(*height).and_then(|n| n.checked_mul(*width)) == Some(*from)
        }
        _ => false,
    };
    flat(a, b) || flat(b, a)
}

/// A tensor of these values, with candle's failure in our words.
fn tensor(values: Vec<f32>, name: &str, shape: &[usize], device: &Device) -> Result<Tensor, Diagnostic> {
    Tensor::from_vec(values, shape, device).map_err(|error| {
        let code = crate::diagnostic::Code::BAD_WEIGHTS;
        Diagnostic::error(code, format!("can't put the weight `{name}` on the device: {error}"))
    })
}
