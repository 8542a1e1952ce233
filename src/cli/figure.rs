//! Counts that charts show.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::analyse::Summary;
use crate::report::Figure;

/// A figure of an architecture that is a count, and what a chart says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    figure: Figure,
    /// Whether it is for one image, and grows with their number.
    by_image: bool,
    /// What is counted, where the figure's words are no plural.
    unit: Option<&'static str>,
}

impl Count {
    pub const MACS: Count = Count { figure: Figure::Macs, by_image: true, unit: None };
    pub const FLOPS: Count = Count { figure: Figure::Flops, by_image: true, unit: None };
    pub const PARAMS: Count = Count { figure: Figure::Params, by_image: false, unit: None };
    pub const ACTIVATIONS: Count = Count { figure: Figure::Activations, by_image: true, unit: Some("elements") };
    pub const PEAK_MEMORY: Count = Count { figure: Figure::PeakMemory, by_image: true, unit: Some("bytes") };
    pub const LAYERS: Count = Count { figure: Figure::Layers, by_image: false, unit: None };

    pub const ALL: &[Count] =
        &[Count::MACS, Count::FLOPS, Count::PARAMS, Count::ACTIVATIONS, Count::PEAK_MEMORY, Count::LAYERS];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        if self == Count::ACTIVATIONS { "activations" } else { self.figure.name() }
    }

    pub fn of(self, summary: &Summary) -> u64 {
        self.figure.of(summary).count().unwrap_or_else(|| unreachable!("`{}` is a count", self.name()))
    }

    pub fn words(self) -> &'static str {
        self.figure.words()
    }

    /// The words at an axis: what it is, and for what or in which unit.
    pub fn axis(self) -> String {
        let by_image = if self.by_image { " for one image" } else { "" };
        let unit = self.unit.map_or(String::new(), |unit| format!(", {unit}"));
        format!("{}{by_image}{unit}", self.words())
    }

    /// What a number beside it is of.
    pub fn noun(self) -> &'static str {
        self.unit.unwrap_or(self.words())
    }

    /// What it comes to, with its words.
    pub fn told(self, summary: &Summary) -> String {
        format!("{} {}", self.figure.of(summary).human(false), self.words())
    }
}

impl ValueEnum for Count {
    fn value_variants<'a>() -> &'a [Count] {
        Count::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}
