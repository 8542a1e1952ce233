//! The figures that add up.

/// The names of the figures that `assert` and reports know, in the order of reports.
pub const METRICS: &[&str] = &[
    "params",
    "buffers",
    "macs",
    "flops",
    "activations",
    "activation_elements",
    "weight_bytes",
    "peak_memory",
    "receptive_field",
    "layers",
];

/// Bytes of a float32 value.
const VALUE_BYTES: u64 = 4;

/// What a node, a block or an architecture costs. The bytes of its weights and of its activations fit 64 bits, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Values that training changes by gradients.
    pub params: u64,
    /// Stored values that it does not.
    pub buffers: u64,
    /// Multiply-accumulates of convolutions, linear layers and matrix products.
    pub macs: u64,
    /// 2 x MACs and the other ops' own counts.
    pub flops: u64,
    /// Elements of results.
    pub activation_elements: u64,
    /// What a [`super::Convention`] counts; 0 where none is asked for.
    pub counted: u64,
}

impl Sums {
    /// The bytes of parameters and buffers at float32.
    pub fn weight_bytes(&self) -> u64 {
        (self.params + self.buffers) * VALUE_BYTES
    }

    /// The bytes of the activation elements at float32.
    pub fn activation_bytes(&self) -> u64 {
        self.activation_elements * VALUE_BYTES
    }

    /// The figure called `name`, one of those of [`METRICS`] that add up.
    pub fn metric(&self, name: &str) -> Option<u64> {
        match name {
            "params" => Some(self.params),
            "buffers" => Some(self.buffers),
            "macs" => Some(self.macs),
            "flops" => Some(self.flops),
            "activations" | "activation_elements" => Some(self.activation_elements),
            "weight_bytes" => Some(self.weight_bytes()),
            _ => None,
        }
    }

    /// The sum; the name of the first figure that does not fit 64 bits otherwise.
    pub(super) fn checked_add(&self, other: &Sums) -> Result<Sums, &'static str> {
        let sums = Sums {
            params: self.params.checked_add(other.params).ok_or("params")?,
            buffers: self.buffers.checked_add(other.buffers).ok_or("buffers")?,
            macs: self.macs.checked_add(other.macs).ok_or("macs")?,
            flops: self.flops.checked_add(other.flops).ok_or("flops")?,
            activation_elements: self
                .activation_elements
                .checked_add(other.activation_elements)
                .ok_or("activation_elements")?,
            counted: self.counted.checked_add(other.counted).ok_or("counted")?,
        };
        let weights = sums.params.checked_add(sums.buffers).ok_or("weight_bytes")?;
        weights.checked_mul(VALUE_BYTES).ok_or("weight_bytes")?;
        sums.activation_elements.checked_mul(VALUE_BYTES).ok_or("activation_elements")?;
        Ok(sums)
    }

    /// Adds a part of a whole that is known to fit.
    pub(crate) fn add_part(&mut self, part: &Sums) {
        self.params += part.params;
        self.buffers += part.buffers;
        self.macs += part.macs;
        self.flops += part.flops;
        self.activation_elements += part.activation_elements;
        self.counted += part.counted;
    }
}

/// A figure as people call it, in the plural.
pub(super) fn in_words(metric: &str) -> &str {
    match metric {
        "params" => "parameters",
        "macs" => "multiply-accumulates",
        "flops" => "floating-point operations",
        "activation_elements" => "activation bytes",
        "weight_bytes" => "weight bytes",
        "peak_memory" => "bytes of live activations",
        "saved_memory" => "bytes that training keeps",
        "bytes_moved" => "bytes moved",
        "counted" => "operations by another program's rules",
        other => other,
    }
}
