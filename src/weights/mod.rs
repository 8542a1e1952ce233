//! Weights: where they come from, how their names fit an architecture's, and what a `weights` item says of them.
//!
//! [`WeightSource`] is the one trait that a new kind of source implements.

#![allow(clippy::disallowed_methods)]

mod fit;
mod generated;
mod item;
mod map;
mod names;
mod safetensors;
mod values;

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};

pub use fit::Fit;
pub use generated::{Hashed, Seeded, Zeros, hash_values};
pub use item::{Hub, Labels, Preset, check_item};
pub use map::Bytes;
pub use names::{Names, Renamed};
pub use safetensors::Safetensors;

use crate::diagnostic::Diagnostic;
use crate::ops::WeightSpec;

/// Something that has the values of weights.
pub trait WeightSource {
    /// What messages call it: a file's name, or what it makes.
    fn name(&self) -> &str;

    /// The weights it holds, by name, with their shapes; nothing for a source that makes any weight it is asked for.
    fn shapes(&self) -> Option<BTreeMap<String, Vec<usize>>>;

    /// The weight called `name`, as float32 in the shape of `spec`.
    ///
    /// # Errors
    /// `E0602` or `E0603`: it is not there, has another shape, is not made of numbers, or the device fails.
    fn get(&self, name: &str, spec: &WeightSpec, device: &Device) -> Result<Tensor, Diagnostic>;
}

/// `[64, 3, 7, 7]`
fn shape_text(shape: &[usize]) -> String {
    let dims: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("[{}]", dims.join(", "))
}

/// A tensor of these values, with candle's failure in our words.
fn tensor(values: Vec<f32>, name: &str, shape: &[usize], device: &Device) -> Result<Tensor, Diagnostic> {
    Tensor::from_vec(values, shape, device).map_err(|error| {
        let code = crate::diagnostic::Code::BAD_WEIGHTS;
        Diagnostic::error(code, format!("can't put the weight `{name}` on the device: {error}"))
    })
}
