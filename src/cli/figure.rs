//! Counts that charts show.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::Failure;
use crate::analyse::{Counting, Summary};
use crate::report::Figure;

/// A figure of an architecture that is a count, and what a chart says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    figure: Figure,
    /// Whether it is for one image, and grows with their number.
    by_image: bool,
    /// What is counted, where the figure's words are no plural.
    unit: Option<&'static str>,
    /// Whose rules it is counted by, where they are not archc's.
    counting: Option<Counting>,
}

impl Count {
    pub const MACS: Count = Count { figure: Figure::Macs, by_image: true, unit: None, counting: None };
    pub const FLOPS: Count = Count { figure: Figure::Flops, by_image: true, unit: None, counting: None };
    pub const PARAMS: Count = Count { figure: Figure::Params, by_image: false, unit: None, counting: None };
    pub const ACTIVATIONS: Count =
        Count { figure: Figure::Activations, by_image: true, unit: Some("elements"), counting: None };
    pub const PEAK_MEMORY: Count =
        Count { figure: Figure::PeakMemory, by_image: true, unit: Some("bytes"), counting: None };
    pub const LAYERS: Count = Count { figure: Figure::Layers, by_image: false, unit: None, counting: None };

    pub const CONVENTION: Count =
        Count { figure: Figure::Convention, by_image: true, unit: Some("counted"), counting: None };

    pub const ALL: &[Count] = &[
        Count::MACS,
        Count::FLOPS,
        Count::PARAMS,
        Count::ACTIVATIONS,
        Count::PEAK_MEMORY,
        Count::LAYERS,
        Count::CONVENTION,
    ];

    /// The count by `counting`, if it is that of a convention.
    ///
    /// # Errors
    /// None is given.
    pub fn by(self, counting: Option<Counting>) -> Result<Count, Failure> {
        match (self == Count::CONVENTION, counting) {
            (true, None) => Err(Failure::usage("the figure `convention` needs a convention")
                .help("give one, as in `--convention torchinfo`")),
            (true, counting) => Ok(Count { counting, ..self }),
            (false, _) => Ok(self),
        }
    }

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        if self == Count::ACTIVATIONS { "activations" } else { self.figure.name() }
    }

    pub fn of(self, summary: &Summary) -> u64 {
        self.figure.of(summary).count().unwrap_or_else(|| unreachable!("`{}` is a count", self.name()))
    }

    pub fn words(self) -> String {
        match self.counting {
            Some(counting) => format!("what {} counts", counting.convention.name()),
            None => self.figure.words(None).to_string(),
        }
    }

    /// The words at an axis: what it is, and for what or in which unit.
    pub fn axis(self) -> String {
        let by_image = if self.by_image { " for one image" } else { "" };
        let unit = self.unit.filter(|_| self.counting.is_none()).map_or(String::new(), |unit| format!(", {unit}"));
        format!("{}{by_image}{unit}", self.words())
    }

    /// What a number beside it is of.
    pub fn noun(self) -> String {
        self.unit.map_or_else(|| self.words(), str::to_string)
    }

    /// What it comes to, with its words.
    pub fn told(self, summary: &Summary) -> String {
        let count = self.figure.of(summary).human(false);
        match self.counting {
            Some(counting) => format!("{count} counted by {}", counting.convention.name()),
            None => format!("{count} {}", self.words()),
        }
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
