//! Weights that are computed, not read: the same values for the same names, on every machine.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};

use super::stretch::Computed;
use super::{Values, WeightSource};
use crate::diagnostic::Diagnostic;
use crate::ops::{Init, WeightSpec};

/// Every weight zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct Zeros;

impl WeightSource for Zeros {
    fn name(&self) -> &str {
        "zeros"
    }

    fn shapes(&self) -> Option<BTreeMap<String, Vec<usize>>> {
        None
    }

    fn get(&self, name: &str, spec: &WeightSpec, device: &Device) -> Result<Tensor, Diagnostic> {
        super::tensor(vec![0.0; spec.shape.iter().product()], name, &spec.shape, device)
    }

    fn reader<'a>(&'a self, _: &'a str, _: &WeightSpec) -> Result<Box<dyn Values + 'a>, Diagnostic> {
        Ok(Box::new(Computed(|_| 0.0)))
    }
}

/// Every weight as its op starts it, from a seed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seeded {
    pub seed: u64,
}

impl WeightSource for Seeded {
    fn name(&self) -> &str {
        "random"
    }

    fn shapes(&self) -> Option<BTreeMap<String, Vec<usize>>> {
        None
    }

    fn get(&self, name: &str, spec: &WeightSpec, device: &Device) -> Result<Tensor, Diagnostic> {
        whole(&*self.reader(name, spec)?, name, spec, device)
    }

    fn reader<'a>(&'a self, name: &'a str, spec: &WeightSpec) -> Result<Box<dyn Values + 'a>, Diagnostic> {
        let stream = Stream(fnv1a(name) ^ finish(self.seed));
        Ok(match spec.init {
            Init::Zeros => Box::new(Computed(|_| 0.0)),
            Init::Ones => Box::new(Computed(|_| 1.0)),
            Init::Constant(value) => Box::new(Computed(move |_| value as f32)),
            Init::Uniform { bound } => Box::new(Computed(move |index| stream.unit(index) * bound as f32)),
            Init::Normal { std } => Box::new(Computed(move |index| (stream.normal(index) * std) as f32)),
        })
    }
}

/// Values computed from a weight's name alone, spread so that a network's values neither vanish nor explode: with them
/// two implementations of an architecture can be compared without any file.
#[derive(Clone, Copy, Debug)]
pub struct Hashed {
    /// The centre of a norm's scale: 1, or less for very deep networks.
    pub norm_scale: f32,
}

impl WeightSource for Hashed {
    fn name(&self) -> &str {
        "hash weights"
    }

    fn shapes(&self) -> Option<BTreeMap<String, Vec<usize>>> {
        None
    }

    fn get(&self, name: &str, spec: &WeightSpec, device: &Device) -> Result<Tensor, Diagnostic> {
        whole(&*self.reader(name, spec)?, name, spec, device)
    }

    fn reader<'a>(&'a self, name: &'a str, spec: &WeightSpec) -> Result<Box<dyn Values + 'a>, Diagnostic> {
        let stream = Stream(fnv1a(name));
        let norm_scale = self.norm_scale;
        let last = name.rsplit('.').next().unwrap_or(name);
        Ok(match (last, spec.shape.as_slice()) {
            ("running_mean" | "bias", _) => Box::new(Computed(move |index| 0.1 * stream.unit(index))),
            ("running_var", _) => Box::new(Computed(move |index| 1.0 + 0.5 * stream.unit(index))),
            (_, []) => Box::new(Computed(move |index| stream.unit(index))),
            (_, [_]) => Box::new(Computed(move |index| norm_scale * (1.0 + 0.25 * stream.unit(index)))),
            (_, [_, fan_in @ ..]) => {
                let bound = (6.0 / fan_in.iter().product::<usize>() as f64).sqrt() as f32;
                Box::new(Computed(move |index| stream.unit(index) * bound))
            }
        })
    }
}

/// All values of a weight.
fn whole(values: &dyn Values, name: &str, spec: &WeightSpec, device: &Device) -> Result<Tensor, Diagnostic> {
    let mut all = vec![0.0; spec.shape.iter().product()];
    values.read(0, &mut all)?;
    super::tensor(all, name, &spec.shape, device)
}

/// `count` values in -1..1 that belong to a name.
pub fn hash_values(name: &str, count: usize) -> impl Iterator<Item = f32> {
    let stream = Stream(fnv1a(name));
    (0..count).map(move |index| stream.unit(index))
}

/// Random bits by position: splitmix64 (Steele, Lea, Flood 2014).
#[derive(Clone, Copy)]
struct Stream(u64);

impl Stream {
    fn bits(self, index: usize) -> u64 {
        finish(self.0.wrapping_add((index as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    /// Uniform in -1..1, of 24 bits.
    fn unit(self, index: usize) -> f32 {
        (self.bits(index) >> 40) as f32 / (1 << 24) as f32 * 2.0 - 1.0
    }

    /// Normal with mean 0 and deviation 1 (Box and Muller 1958); values come in pairs from two uniform ones.
    fn normal(self, index: usize) -> f64 {
        let open = |index| ((self.bits(index) >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
        let (first, second) = (open(index & !1), open(index | 1));
        let (radius, angle) = ((-2.0 * first.ln()).sqrt(), std::f64::consts::TAU * second);
        if index.is_multiple_of(2) { radius * angle.cos() } else { radius * angle.sin() }
    }
}

/// splitmix64's finaliser.
fn finish(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// 64-bit FNV-1a of the name's bytes.
fn fnv1a(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::{Hashed, Seeded, WeightSource, hash_values};
    use crate::ops::{Init, WeightSpec};

    fn values(source: &dyn WeightSource, name: &str, shape: &[usize], init: Init) -> Vec<f32> {
        let spec = WeightSpec::new("weight", shape, init);
        let tensor = source.get(name, &spec, &Device::Cpu).unwrap();
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn hash_weights_start_as_their_definition_says() {
        let source = Hashed { norm_scale: 1.0 };
        let conv = values(&source, "conv1.weight", &[64, 3, 7, 7], Init::Zeros);
        assert_eq!(conv[..3], [0.018213026, 0.09906029, -0.19276875]);
        let norm = values(&source, "bn1.weight", &[64], Init::Zeros);
        assert_eq!(norm[..3], [0.930_102, 1.162_204_5, 1.034_593_9]);
        let input: Vec<f32> = hash_values("input", 3).map(|u| 2.0 * u).collect();
        assert_eq!(input, [-1.608_726_7, 0.609_441_5, -1.185_503]);
    }

    #[test]
    fn a_seed_decides_and_the_spread_is_what_was_asked() {
        let draw = |seed, init| values(&Seeded { seed }, "fc.weight", &[100, 101], init);
        let normal = Init::Normal { std: 0.5 };
        assert_eq!(draw(1, normal), draw(1, normal));
        assert_ne!(draw(1, normal), draw(2, normal));
        let values = draw(3, normal);
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / values.len() as f32;
        assert!(mean.abs() < 0.02 && (variance - 0.25).abs() < 0.01, "{mean} {variance}");
        assert!(draw(3, Init::Uniform { bound: 0.1 }).iter().all(|value| value.abs() <= 0.1));
    }
}
