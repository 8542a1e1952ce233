//! What decides how weights look when they are packed.

use std::fmt::Write;

use crate::plan::Options;
use crate::plan::sketch::{Convolution, Kind, Sketch};
use crate::weights::{Identity, sha256_of_bytes};

#[derive(Debug)]
pub(super) struct Key {
    /// The name of the file: of the weights' path and of what is computed with them, so that newer weights replace older
    /// ones.
    pub name: String,
    /// Everything that decides.
    pub text: String,
}

/// The longest part of a weights file's name that is used, in characters.
const MAX_STEM: usize = 48;

impl Key {
    /// Nothing for a plan without packed weights.
    pub fn of(sketch: &Sketch<'_>, identity: &Identity, options: Options) -> Option<Key> {
        let Options { threads: _, level, exact } = options;
        let (layers, joined) = layers(sketch)?;
        let (system, order) = (std::env::consts::ARCH, if cfg!(target_endian = "big") { "big" } else { "little" });
        let place = format!(
            "weights {}\nfor {system}, {order} endian, {}, exact {exact}\nlayers {}\n",
            identity.place(),
            level.name(),
            sha256_of_bytes(layers.as_bytes()),
        );
        let stem = identity.path().file_stem().unwrap_or_default().to_string_lossy();
        let stem: String = stem.chars().take(MAX_STEM).collect();
        let name = format!("{stem}-{}.packed", &sha256_of_bytes(place.as_bytes())[..16]);
        let text = format!(
            "archc {}, sources {}\n{place}file {}\njoined {}\n",
            env!("CARGO_PKG_VERSION"),
            env!("ARCHC_SOURCES"),
            identity.stamp(),
            sha256_of_bytes(&joined),
        );
        Some(Key { name, text })
    }
}

/// What the plan says of each layer that has packed weights, and the numbers that have joined these.
fn layers(sketch: &Sketch<'_>) -> Option<(String, Vec<u8>)> {
    let (mut text, mut joined) = (String::new(), Vec::new());
    for (step, stage) in sketch.stages().enumerate() {
        let Kind::Convolution(convolution) = &stage.kind else { continue };
        let Convolution { kernel, stride, dilation, pads, groups, ahead, behind, sum, activation } = convolution;
        let image = |value: usize| sketch.values[value].image();
        let (src, dst) = (image(stage.inputs[0].0), image(stage.output.0));
        let weights: Vec<_> =
            sketch.weight_names(stage.node).into_iter().map(|(name, spec)| (name, spec.shape)).collect();
        let numbers = [ahead, behind].map(|numbers| numbers.as_ref().map(|[scale, shift]| [scale.len(), shift.len()]));
        let window = (kernel, stride, dilation, pads, groups, sum, activation);
        writeln!(text, "{step} {weights:?} {src:?} {dst:?} {window:?} {numbers:?}").expect("a string takes all");
        for number in [ahead, behind].into_iter().flatten().flatten().flatten() {
            joined.extend(number.to_le_bytes());
        }
    }
    (!text.is_empty()).then_some((text, joined))
}
