//! Counts that charts show.

use crate::analyse::Summary;
use crate::report::{bytes, grouped, short};

/// A count of an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    Macs,
    Flops,
    Params,
    Activations,
    PeakMemory,
    Layers,
}

impl Figure {
    pub const ALL: [Figure; 6] =
        [Figure::Macs, Figure::Flops, Figure::Params, Figure::Activations, Figure::PeakMemory, Figure::Layers];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Figure::Macs => "macs",
            Figure::Flops => "flops",
            Figure::Params => "params",
            Figure::Activations => "activations",
            Figure::PeakMemory => "peak_memory",
            Figure::Layers => "layers",
        }
    }

    pub fn of(self, summary: &Summary) -> u64 {
        match self {
            Figure::Macs => summary.total.macs,
            Figure::Flops => summary.total.flops,
            Figure::Params => summary.total.params,
            Figure::Activations => summary.total.activation_elements,
            Figure::PeakMemory => summary.load.live,
            Figure::Layers => summary.layers,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Figure::Macs => "MACs",
            Figure::Flops => "FLOPs",
            Figure::Params => "parameters",
            Figure::Activations => "activation elements",
            Figure::PeakMemory => "peak memory",
            Figure::Layers => "layers",
        }
    }

    /// The words at an axis: what it is, and for what or in which unit.
    pub fn unit(self) -> String {
        match self {
            Figure::Macs | Figure::Flops | Figure::Activations => format!("{} for one image", self.words()),
            Figure::Params | Figure::Layers => self.words().to_string(),
            Figure::PeakMemory => "peak memory for one image, bytes".to_string(),
        }
    }

    /// What a number beside it is of.
    pub fn noun(self) -> &'static str {
        match self {
            Figure::Macs | Figure::Flops | Figure::Params | Figure::Layers => self.words(),
            Figure::Activations => "elements",
            Figure::PeakMemory => "bytes",
        }
    }

    /// A count of it, with its unit.
    pub fn told(self, count: u64) -> String {
        match self {
            Figure::Macs | Figure::Flops | Figure::Activations => format!("{} {}", short(count), self.words()),
            Figure::Params | Figure::Layers => format!("{} {}", grouped(count), self.words()),
            Figure::PeakMemory => format!("{} of memory", bytes(count)),
        }
    }
}

impl clap::ValueEnum for Figure {
    fn value_variants<'a>() -> &'a [Figure] {
        &Figure::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}
