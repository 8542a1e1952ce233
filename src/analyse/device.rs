//! How long an architecture would take on a device that nothing but its arithmetic and its memory holds up.

use std::fmt;

/// What a device can do at best, in float32.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    pub name: String,
    /// Floating-point operations a second; a multiply-accumulate is two.
    pub peak: f64,
    /// Bytes a second between memory and the processor.
    pub bandwidth: f64,
    /// Where the figures come from.
    pub source: String,
}

/// A device by its short name.
struct Known {
    name: &'static str,
    peak: f64,
    bandwidth: f64,
    source: &'static str,
}

/// float32 on the ordinary cores; matrix units at lower precision do more.
static KNOWN: &[Known] = &[
    Known { name: "v100", peak: 15.7e12, bandwidth: 900e9, source: "NVIDIA V100 datasheet, SXM2" },
    Known { name: "t4", peak: 8.1e12, bandwidth: 320e9, source: "NVIDIA T4 datasheet" },
    Known { name: "a100", peak: 19.5e12, bandwidth: 2039e9, source: "NVIDIA A100 datasheet, SXM 80 GB" },
    Known { name: "l4", peak: 30.3e12, bandwidth: 300e9, source: "NVIDIA L4 datasheet" },
    Known { name: "h100", peak: 67e12, bandwidth: 3.35e12, source: "NVIDIA H100 datasheet, SXM" },
    Known { name: "rtx3090", peak: 35.6e12, bandwidth: 936e9, source: "NVIDIA GA102 whitepaper" },
    Known { name: "rtx4090", peak: 82.6e12, bandwidth: 1008e9, source: "NVIDIA Ada whitepaper" },
];

impl Device {
    /// The device called `name`.
    pub fn named(name: &str) -> Option<Device> {
        let known = KNOWN.iter().find(|known| known.name == name)?;
        Some(Device {
            name: known.name.to_string(),
            peak: known.peak,
            bandwidth: known.bandwidth,
            source: known.source.to_string(),
        })
    }

    /// The names that [`Device::named`] knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().map(|known| known.name)
    }

    /// A device from `peak=19.5T,bandwidth=1555G`: operations and bytes a second, with `k`, `M`, `G`, `T` or `P` for
    /// thousands, millions and so on.
    ///
    /// # Errors
    /// What is missing or no number, in words.
    pub fn parse(spec: &str) -> Result<Device, String> {
        const FORM: &str = "write peak=OPERATIONS,bandwidth=BYTES a second, as in peak=19.5T,bandwidth=1555G";
        let (mut peak, mut bandwidth) = (None, None);
        for part in spec.split(',') {
            let (name, value) = part.split_once('=').ok_or_else(|| format!("`{part}` has no value: {FORM}"))?;
            let place = match name.trim() {
                "peak" => &mut peak,
                "bandwidth" => &mut bandwidth,
                other => return Err(format!("a device has no `{other}`: {FORM}")),
            };
            let value = value.trim();
            let number = quantity(value).ok_or_else(|| format!("`{value}` is no number above 0: {FORM}"))?;
            if place.replace(number).is_some() {
                return Err(format!("`{}` is given twice: {FORM}", name.trim()));
            }
        }
        match (peak, bandwidth) {
            (Some(peak), Some(bandwidth)) => {
                Ok(Device { name: spec.to_string(), peak, bandwidth, source: "as given".to_string() })
            }
            (None, _) => Err(format!("`peak` is missing: {FORM}")),
            (_, None) => Err(format!("`bandwidth` is missing: {FORM}")),
        }
    }

    /// The seconds that `flops` operations on `bytes` moved take at least: the longer of both, since they overlap.
    pub fn seconds(&self, flops: u64, bytes: u64) -> f64 {
        (flops as f64 / self.peak).max(bytes as f64 / self.bandwidth)
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (peak, bandwidth) = (self.peak / 1e12, self.bandwidth / 1e9);
        write!(f, "{} ({peak} TFLOP/s, {bandwidth} GB/s; {})", self.name, self.source)
    }
}

/// `19.5T`
fn quantity(text: &str) -> Option<f64> {
    const LETTERS: [(char, f64); 6] = [('k', 1e3), ('K', 1e3), ('M', 1e6), ('G', 1e9), ('T', 1e12), ('P', 1e15)];
    let letter = LETTERS.into_iter().find_map(|(letter, factor)| Some((text.strip_suffix(letter)?, factor)));
    let (digits, factor) = letter.unwrap_or((text, 1.0));
    let number = digits.trim().parse::<f64>().ok()? * factor;
    (number.is_finite() && number > 0.0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::Device;

    #[test]
    fn devices_are_read() {
        let device = Device::parse("peak=19.5T, bandwidth=1555e9").unwrap();
        assert_eq!((device.peak, device.bandwidth), (19.5e12, 1555e9));
        assert!(Device::named("a100").is_some() && Device::named("abacus").is_none());
        for (spec, says) in [
            ("peak=1T", "`bandwidth` is missing"),
            ("bandwidth=1G", "`peak` is missing"),
            ("peak=fast,bandwidth=1G", "`fast` is no number"),
            ("peak=0,bandwidth=1G", "`0` is no number above 0"),
            ("peak=1T,peak=2T,bandwidth=1G", "`peak` is given twice"),
            ("speed=3", "no `speed`"),
            ("fast", "`fast` has no value"),
        ] {
            let error = Device::parse(spec).unwrap_err();
            assert!(error.contains(says), "{spec}: {error}");
        }
    }

    #[test]
    fn what_takes_longer_counts() {
        let device = Device::parse("peak=10,bandwidth=2").unwrap();
        assert_eq!((device.seconds(100, 4), device.seconds(10, 40)), (10.0, 20.0));
    }
}
