//! The columns of a table of costs: what they are called and what stands in them.

use std::borrow::Cow;

use super::numbers::{bytes, capital, grouped, ratio, seconds, shape, share, short, times};
use super::{Align, Column, rows};
use crate::analyse::{Counting, Field, Load, Optimizer, Summary, Sums};

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
pub enum Figure {
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
        self.texts().name
    }

    /// The figure called `name`.
    pub fn find(name: &str) -> Option<Figure> {
        let name = if name == "activations" { "activation_elements" } else { name };
        Figure::ALL.iter().copied().find(|figure| figure.name() == name)
    }

    /// Its heading, where a convention is asked for the name of that.
    pub fn column(self, counting: Option<Counting>) -> Column {
        let heading = self.convention(counting).unwrap_or(self.texts().heading);
        Column { name: Cow::Borrowed(heading), align: self.align() }
    }

    /// What it is called where there is room: `peak memory`, and where a convention is asked for the name of that.
    pub fn words(self, counting: Option<Counting>) -> &'static str {
        self.convention(counting).unwrap_or(self.texts().words)
    }

    fn convention(self, counting: Option<Counting>) -> Option<&'static str> {
        counting.filter(|_| self == Figure::Convention).map(|counting| counting.convention.name())
    }

    /// What it means, without a full stop; nothing where that is a matter of course.
    pub fn about(self) -> &'static str {
        self.texts().about
    }

    /// What it means, a sentence, where a table's head does not say so of all of its figures.
    pub fn note(self) -> Option<String> {
        let Texts { heading, about, in_head, .. } = self.texts();
        (!about.is_empty() && !in_head).then(|| format!("{}: {about}.", capital(heading)))
    }

    fn texts(self) -> Texts {
        let plain = |name| texts(name, name, name, "");
        let known = |texts: Texts| Texts { in_head: true, ..texts };
        match self {
            Figure::Inputs => texts("inputs", "input", "input", ""),
            Figure::Op => plain("op"),
            Figure::Detail => plain("detail"),
            Figure::Output => plain("output"),
            Figure::Nodes => plain("nodes"),
            Figure::Layers => texts(
                "layers",
                "layers",
                "layers",
                "the most convolutions, linear layers and the like on any way to the main output",
            ),
            Figure::Params => known(texts("params", "params", "parameters", "values that training changes")),
            Figure::ParamsRatio => texts("params_ratio", "ratio", "ratio of parameters", ""),
            Figure::ParamsShare => texts("params_share", "params %", "share of parameters", ""),
            Figure::Buffers => plain("buffers"),
            Figure::WeightBytes => {
                known(texts("weight_bytes", "weights", "weights", "parameters and buffers at float32"))
            }
            Figure::Macs => known(texts("macs", "MACs", "MACs", "multiply-accumulates, without biases")),
            Figure::MacsRatio => texts("macs_ratio", "ratio", "ratio of MACs", ""),
            Figure::MacsShare => texts("macs_share", "MACs %", "share of MACs", ""),
            Figure::Flops => known(texts("flops", "FLOPs", "FLOPs", "2 x MACs and every other op's own count")),
            Figure::Convention => known(texts("convention", "counted", "counted", "what another program counts")),
            Figure::Activations => {
                known(texts("activation_elements", "elements", "activations", "elements of all results"))
            }
            Figure::ActivationBytes => {
                known(texts("activation_bytes", "activations", "activations", "bytes of all results at float32"))
            }
            Figure::ReceptiveField => texts(
                "receptive_field",
                "receptive field",
                "receptive field",
                "rows x columns of the image that a place is computed from; of an architecture, at its last map",
            ),
            Figure::Stride => texts("stride", "stride", "stride", "pixels of the image between neighbouring places"),
            Figure::Centre => texts(
                "centre",
                "centre",
                "centre",
                "the middle of the first place's receptive field, from the middle of the first pixel",
            ),
            Figure::PeakMemory => texts(
                "peak_memory",
                "live",
                "peak memory",
                "activations in memory at once, at inference; of several nodes, the most",
            ),
            Figure::SavedMemory => {
                texts("saved_memory", "saved", "saved memory", "what training keeps of the forward pass")
            }
            Figure::TrainingMemory => texts(
                "training_memory",
                "training",
                "training memory",
                "weights, gradients, optimiser state and saved activations, an estimate",
            ),
            Figure::BytesMoved => texts(
                "bytes_moved",
                "moved",
                "bytes moved",
                "each node reads its operands and weights once and writes its result once",
            ),
            Figure::Intensity => {
                texts("intensity", "FLOPs/B", "intensity", "arithmetic intensity, FLOPs by bytes moved")
            }
            Figure::Latency => texts(
                "latency",
                "latency",
                "latency",
                "of each node, its FLOPs at the device's peak or its bytes at its bandwidth, whichever takes longer",
            ),
            Figure::LatencyShare => texts("latency_share", "latency %", "share of latency", ""),
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

    /// What it is of an architecture, without a device. Memory for training is Adam's; ratios and shares are of itself.
    pub fn of(self, summary: &Summary) -> Cell {
        let row = rows::arch(summary, None, Optimizer::Adam);
        self.cell(&row, &row)
    }

    /// What stands in its column of `row`. Ratios and shares are of `base`, the first row or all rows together.
    pub(super) fn cell(self, row: &Row, base: &Row) -> Cell {
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
            Figure::Activations => Cell::Count(row.sums.activation_elements),
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

/// What there is to say of a figure.
struct Texts {
    /// For `--columns`, and as a header of comma-separated values.
    name: &'static str,
    heading: &'static str,
    words: &'static str,
    about: &'static str,
    /// Whether every table's head says what it means.
    in_head: bool,
}

fn texts(name: &'static str, heading: &'static str, words: &'static str, about: &'static str) -> Texts {
    Texts { name, heading, words, about, in_head: false }
}

/// What stands in a table, for people and exactly.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
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
    /// The number, of a figure that is a count.
    pub fn count(&self) -> Option<u64> {
        match self {
            Cell::Whole(number) | Cell::Count(number) | Cell::Bytes(number) => Some(*number),
            Cell::None
            | Cell::Text(_)
            | Cell::Words { .. }
            | Cell::Ratio(..)
            | Cell::Share(..)
            | Cell::Percent(_)
            | Cell::Number(_)
            | Cell::Pair(_)
            | Cell::Field(_)
            | Cell::Seconds(_) => None,
        }
    }

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
