//! The columns of a table of costs: what they are called and what stands in them.

use std::borrow::Cow;

use super::numbers::{bytes, grouped, ratio, seconds, shape, share, short, times};
use super::{Align, Column};
use crate::analyse::{Counting, Field, Load, Sums};

/// A row of a table before it is drawn: a node, a block, all nodes of an op, or an architecture.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// What it is called, in words: an op and what sets it apart, or a block.
    pub what: String,
    /// The op alone, and what sets it apart.
    pub op: String,
    pub detail: String,
    pub output: Option<Vec<usize>>,
    /// How many nodes it stands for.
    pub nodes: usize,
    pub sums: Sums,
    pub load: Load,
    pub field: Option<Field>,
    /// Where a device is given.
    pub seconds: Option<f64>,
    pub arch: Option<ArchRow>,
}

/// What only the row of an architecture has.
#[derive(Clone, Debug, Default)]
pub(super) struct ArchRow {
    /// The shape of each, as it is shown.
    pub inputs: Vec<String>,
    pub layers: u64,
    pub training: u64,
}

/// What a table can show of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    Inputs,
    Op,
    Detail,
    Output,
    Nodes,
    Layers,
    Params,
    ParamsRatio,
    ParamsShare,
    Buffers,
    WeightBytes,
    Macs,
    MacsRatio,
    MacsShare,
    Flops,
    Convention,
    Activations,
    ActivationBytes,
    ReceptiveField,
    Stride,
    Centre,
    PeakMemory,
    SavedMemory,
    TrainingMemory,
    BytesMoved,
    Intensity,
    Latency,
    LatencyShare,
}

impl Figure {
    pub const ALL: &[Figure] = &[
        Figure::Inputs,
        Figure::Op,
        Figure::Detail,
        Figure::Output,
        Figure::Nodes,
        Figure::Layers,
        Figure::Params,
        Figure::ParamsRatio,
        Figure::ParamsShare,
        Figure::Buffers,
        Figure::WeightBytes,
        Figure::Macs,
        Figure::MacsRatio,
        Figure::MacsShare,
        Figure::Flops,
        Figure::Convention,
        Figure::Activations,
        Figure::ActivationBytes,
        Figure::ReceptiveField,
        Figure::Stride,
        Figure::Centre,
        Figure::PeakMemory,
        Figure::SavedMemory,
        Figure::TrainingMemory,
        Figure::BytesMoved,
        Figure::Intensity,
        Figure::Latency,
        Figure::LatencyShare,
    ];

    /// Its name for `--columns` and as the header of comma-separated values.
    pub fn name(self) -> &'static str {
        self.texts().0
    }

    /// The figure called `name`.
    pub fn find(name: &str) -> Option<Figure> {
        let name = if name == "activations" { "activation_elements" } else { name };
        Figure::ALL.iter().copied().find(|figure| figure.name() == name)
    }

    /// Its heading, where a convention is asked for the name of that.
    pub fn column(self, counting: Option<Counting>) -> Column {
        let heading = match (self, counting) {
            (Figure::Convention, Some(counting)) => counting.convention.name(),
            _ => self.texts().1,
        };
        Column { name: Cow::Borrowed(heading), align: self.align() }
    }

    /// What it means, where that is no matter of course.
    pub fn note(self) -> Option<&'static str> {
        Some(self.texts().2).filter(|note| !note.is_empty())
    }

    /// Its name, its heading, and what it means.
    fn texts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Figure::Inputs => ("inputs", "input", ""),
            Figure::Op => ("op", "op", ""),
            Figure::Detail => ("detail", "detail", ""),
            Figure::Output => ("output", "output", ""),
            Figure::Nodes => ("nodes", "nodes", ""),
            Figure::Layers => (
                "layers",
                "layers",
                "Layers: the most convolutions, linear layers and the like on any way to the main output.",
            ),
            Figure::Params => ("params", "params", ""),
            Figure::ParamsRatio => ("params_ratio", "ratio", ""),
            Figure::ParamsShare => ("params_share", "params %", ""),
            Figure::Buffers => ("buffers", "buffers", ""),
            Figure::WeightBytes => ("weight_bytes", "weights", ""),
            Figure::Macs => ("macs", "MACs", ""),
            Figure::MacsRatio => ("macs_ratio", "ratio", ""),
            Figure::MacsShare => ("macs_share", "MACs %", ""),
            Figure::Flops => ("flops", "FLOPs", ""),
            Figure::Convention => ("convention", "counted", ""),
            Figure::Activations => ("activation_elements", "elements", ""),
            Figure::ActivationBytes => ("activation_bytes", "activations", ""),
            Figure::ReceptiveField => (
                "receptive_field",
                "receptive field",
                "Receptive field: rows x columns of the image that a place is computed from; of an architecture, at its last map.",
            ),
            Figure::Stride => ("stride", "stride", "Stride: pixels of the image between neighbouring places."),
            Figure::Centre => (
                "centre",
                "centre",
                "Centre: the middle of the first place's receptive field, from the middle of the first pixel.",
            ),
            Figure::PeakMemory => (
                "peak_memory",
                "live",
                "Live: activations in memory at once, at inference; of several nodes, the most.",
            ),
            Figure::SavedMemory => ("saved_memory", "saved", "Saved: what training keeps of the forward pass."),
            Figure::TrainingMemory => (
                "training_memory",
                "training",
                "Training: weights, gradients, optimiser state and saved activations, an estimate.",
            ),
            Figure::BytesMoved => (
                "bytes_moved",
                "moved",
                "Moved: each node reads its operands and weights once and writes its result once.",
            ),
            Figure::Intensity => ("intensity", "FLOPs/B", "FLOPs/B: arithmetic intensity, FLOPs by bytes moved."),
            Figure::Latency => (
                "latency",
                "latency",
                "Latency: of each node, its FLOPs at the device's peak or its bytes at its bandwidth, whichever takes longer.",
            ),
            Figure::LatencyShare => ("latency_share", "latency %", ""),
        }
    }

    fn align(self) -> Align {
        match self {
            Figure::Inputs | Figure::Op | Figure::Detail | Figure::Output => Align::Left,
            Figure::Nodes
            | Figure::Layers
            | Figure::Params
            | Figure::ParamsRatio
            | Figure::ParamsShare
            | Figure::Buffers
            | Figure::WeightBytes
            | Figure::Macs
            | Figure::MacsRatio
            | Figure::MacsShare
            | Figure::Flops
            | Figure::Convention
            | Figure::Activations
            | Figure::ActivationBytes
            | Figure::ReceptiveField
            | Figure::Stride
            | Figure::Centre
            | Figure::PeakMemory
            | Figure::SavedMemory
            | Figure::TrainingMemory
            | Figure::BytesMoved
            | Figure::Intensity
            | Figure::Latency
            | Figure::LatencyShare => Align::Right,
        }
    }

    /// What stands in its column of `row`. Ratios and shares are of `base`, the first row or all rows together.
    pub fn cell(self, row: &Row, base: &Row) -> Cell {
        let arch = row.arch.as_ref();
        let pair =
            |pick: fn(&Field) -> [Option<f64>; 2]| row.field.map_or(Cell::None, |field| Cell::Pair(pick(&field)));
        match self {
            Figure::Inputs => arch
                .map_or(Cell::None, |arch| Cell::Words { human: arch.inputs.join(", "), exact: arch.inputs.join(" ") }),
            Figure::Op => Cell::Words { human: row.what.clone(), exact: row.op.clone() },
            Figure::Detail => Cell::Text(row.detail.clone()),
            Figure::Output => row.output.as_ref().map_or(Cell::None, |sizes| Cell::Text(shape(sizes))),
            Figure::Nodes => Cell::Whole(row.nodes as u64),
            Figure::Layers => arch.map_or(Cell::None, |arch| Cell::Whole(arch.layers)),
            Figure::Params => Cell::Whole(row.sums.params),
            Figure::ParamsRatio => Cell::Ratio(row.sums.params, base.sums.params),
            Figure::ParamsShare => Cell::Share(row.sums.params, base.sums.params),
            Figure::Buffers => Cell::Whole(row.sums.buffers),
            Figure::WeightBytes => Cell::Bytes(row.sums.weight_bytes()),
            Figure::Macs => Cell::Count(row.sums.macs),
            Figure::MacsRatio => Cell::Ratio(row.sums.macs, base.sums.macs),
            Figure::MacsShare => Cell::Share(row.sums.macs, base.sums.macs),
            Figure::Flops => Cell::Count(row.sums.flops),
            Figure::Convention => Cell::Whole(row.sums.counted),
            Figure::Activations => Cell::Whole(row.sums.activation_elements),
            Figure::ActivationBytes => Cell::Bytes(row.sums.activation_bytes()),
            Figure::ReceptiveField => row.field.map_or(Cell::None, |field| Cell::Field(field.size)),
            Figure::Stride => pair(|field| field.stride),
            Figure::Centre => pair(|field| field.centre),
            Figure::PeakMemory => Cell::Bytes(row.load.live),
            Figure::SavedMemory => Cell::Bytes(row.load.saved),
            Figure::TrainingMemory => arch.map_or(Cell::None, |arch| Cell::Bytes(arch.training)),
            Figure::BytesMoved => Cell::Bytes(row.load.moved),
            Figure::Intensity => Cell::Number(ratio(row.sums.flops, row.load.moved)),
            Figure::Latency => row.seconds.map_or(Cell::None, Cell::Seconds),
            Figure::LatencyShare => match (row.seconds, base.seconds) {
                (Some(part), Some(all)) if all > 0.0 => Cell::Percent(part * 100.0 / all),
                _ => Cell::None,
            },
        }
    }
}

/// What stands in a table, for people and exactly.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    None,
    Text(String),
    Words {
        human: String,
        exact: String,
    },
    /// Every digit.
    Whole(u64),
    /// Shortened for people.
    Count(u64),
    Bytes(u64),
    Ratio(u64, u64),
    Share(u64, u64),
    Percent(f64),
    Number(Option<f64>),
    Pair([Option<f64>; 2]),
    Field([Option<u64>; 2]),
    Seconds(f64),
}

impl Cell {
    /// For people. With `blank`, a count of zero is left out.
    pub fn human(&self, blank: bool) -> String {
        let count = |number: u64, shown: fn(u64) -> String| match number {
            0 if blank => String::new(),
            number => shown(number),
        };
        match self {
            Cell::None => String::new(),
            Cell::Text(text) | Cell::Words { human: text, .. } => text.clone(),
            Cell::Whole(number) => count(*number, grouped),
            Cell::Count(number) => count(*number, short),
            Cell::Bytes(number) => count(*number, bytes),
            Cell::Ratio(number, first) => times(*number, *first),
            Cell::Share(part, whole) => share(*part, *whole),
            Cell::Percent(percent) => format!("{percent:.1}"),
            Cell::Number(number) => number.map_or(String::new(), |number| format!("{number:.2}")),
            Cell::Pair(pair) => join(pair.map(|part| part.map_or("-".to_string(), rounded))),
            Cell::Field([None, None]) => "whole".to_string(),
            Cell::Field(size) => join(size.map(|part| part.map_or("whole".to_string(), |size| size.to_string()))),
            Cell::Seconds(time) => seconds(*time),
        }
    }

    /// For programs: exact numbers, nothing for nothing.
    pub fn exact(&self) -> String {
        let known = |part: Option<f64>| part.map_or(String::new(), |number| number.to_string());
        match self {
            Cell::None => String::new(),
            Cell::Text(text) | Cell::Words { exact: text, .. } => text.clone(),
            Cell::Whole(number) | Cell::Count(number) | Cell::Bytes(number) => number.to_string(),
            Cell::Ratio(number, first) => ratio(*number, *first).map_or(String::new(), |ratio| format!("{ratio:.4}")),
            Cell::Share(part, whole) => {
                ratio(*part, *whole).map_or(String::new(), |share| format!("{:.4}", share * 100.0))
            }
            Cell::Percent(percent) => format!("{percent:.4}"),
            Cell::Number(number) => known(*number),
            Cell::Pair([None, None]) => String::new(),
            Cell::Pair(pair) => pair.map(known).join("x"),
            Cell::Field([None, None]) => "whole".to_string(),
            Cell::Field(size) => size.map(|part| part.map_or("whole".to_string(), |size| size.to_string())).join("x"),
            Cell::Seconds(seconds) => seconds.to_string(),
        }
    }
}

/// `3x5`, and `3` for both of a kind.
fn join([a, b]: [String; 2]) -> String {
    if a == b { a } else { format!("{a}x{b}") }
}

/// With no more digits than it takes, two after the point at most.
fn rounded(number: f64) -> String {
    // Minus zero is zero.
    let text = format!("{:.2}", number + 0.0);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}
