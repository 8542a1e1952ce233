//! The colours of pictures: what each kind of op is drawn in, and what costs are drawn in, on light and on dark paper.

use super::outline::{Kind, Outline, Part};
use crate::ir::{Graph, NodeId};
use crate::ops::{Form, Operands};

/// What colours tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Colour {
    /// The kind of op.
    Op,
    /// The share of the MACs.
    Cost,
}

/// What a picture is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Theme {
    Light,
    Dark,
    /// As the viewer's system is set; a PNG is light.
    Auto,
}

/// Kinds of ops, by what they do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    Conv,
    Depthwise,
    Dense,
    Pool,
    Merge,
    Pointwise,
    Shape,
    Port,
    Block,
}

impl Family {
    pub const ALL: [Family; 9] = [
        Family::Conv,
        Family::Depthwise,
        Family::Dense,
        Family::Pool,
        Family::Merge,
        Family::Pointwise,
        Family::Shape,
        Family::Port,
        Family::Block,
    ];

    /// The family of an op.
    pub fn of(graph: &Graph, id: NodeId) -> Family {
        let node = graph.node(id);
        let inputs = graph.input_types(id);
        match node.op.def().operands {
            Operands::Input => return Family::Port,
            Operands::Source => return Family::Shape,
            Operands::Merge { .. } | Operands::Pair { .. } if inputs.len() > 1 => {
                let multiplies = node.op.cost(&inputs, &node.output).macs > 0;
                return if multiplies { Family::Dense } else { Family::Merge };
            }
            Operands::Merge { .. } | Operands::Pair { .. } | Operands::Flow => {}
        }
        match node.op.form(&inputs) {
            Form::Conv { groups, .. } if groups > 1 && groups == inputs[0].shape()[0] => Family::Depthwise,
            Form::Conv { .. } => Family::Conv,
            Form::Linear => Family::Dense,
            Form::Pool { .. } | Form::Mean => Family::Pool,
            Form::Affine { .. }
            | Form::Limits { .. }
            | Form::Map(_)
            | Form::Binary(_)
            | Form::Number { .. }
            | Form::Slope
            | Form::Lrn { .. }
            | Form::Softmax { .. }
            | Form::Identity => Family::Pointwise,
            Form::Concat => Family::Merge,
            Form::Reshape | Form::Select { .. } => Family::Shape,
            Form::Other => {
                let macs = node.op.cost(&inputs, &node.output).macs;
                let weighs = !node.op.weights(&inputs).is_empty();
                match (macs > 0, node.op.def().name.ends_with("pool")) {
                    (true, _) if node.output.rank() == 3 => Family::Conv,
                    (true, _) => Family::Dense,
                    (false, true) => Family::Pool,
                    (false, false) if weighs || inputs[0].elements() == node.output.elements() => Family::Pointwise,
                    (false, false) => Family::Shape,
                }
            }
        }
    }

    /// The family of a part: that of what says most in it.
    pub fn of_part(outline: &Outline, part: &Part) -> Family {
        match part.kind {
            Kind::Output(_) => Family::Port,
            Kind::Block | Kind::Repeat => Family::Block,
            Kind::Box => outline.main(part).map_or(Family::Block, |main| Family::of(outline.graph, main)),
        }
    }

    /// The name of its class in SVG and HTML.
    pub fn class(self) -> &'static str {
        match self {
            Family::Conv => "conv",
            Family::Depthwise => "depthwise",
            Family::Dense => "dense",
            Family::Pool => "pool",
            Family::Merge => "merge",
            Family::Pointwise => "pointwise",
            Family::Shape => "reshape",
            Family::Port => "port",
            Family::Block => "block",
        }
    }

    /// What a legend says.
    pub fn words(self) -> &'static str {
        match self {
            Family::Conv => "convolution",
            Family::Depthwise => "depthwise convolution",
            Family::Dense => "linear, matrix product",
            Family::Pool => "pooling",
            Family::Merge => "sum, product, concat",
            Family::Pointwise => "norm, activation",
            Family::Shape => "shape, slice, parameter",
            Family::Port => "input, output",
            Family::Block => "folded block",
        }
    }

    /// Fill and border, on light paper and on dark.
    pub fn colours(self) -> [[&'static str; 2]; 2] {
        match self {
            Family::Conv => [["#d9e8fb", "#4a86cf"], ["#1f3a5c", "#5b9be6"]],
            Family::Depthwise => [["#d5f0ef", "#2f9c95"], ["#173f3f", "#45b8b0"]],
            Family::Dense => [["#e6ddf7", "#8561c5"], ["#372a55", "#a487dd"]],
            Family::Pool => [["#dff1d8", "#5a9f45"], ["#23401c", "#78bd62"]],
            Family::Merge => [["#fde5cc", "#d98324"], ["#52350f", "#e8a04f"]],
            Family::Pointwise => [["#fbf3c4", "#b39b1d"], ["#45400f", "#cdb843"]],
            Family::Shape => [["#ececec", "#8a8a8a"], ["#383838", "#9a9a9a"]],
            Family::Port => [["#ffffff", "#555555"], ["#15181c", "#b5b5b5"]],
            Family::Block => [["#eef0f3", "#6d7a8a"], ["#2a313a", "#8796a8"]],
        }
    }
}

/// Paper, ink, faint ink, frame and the paper inside a frame.
pub const PAPER: [[&str; 5]; 2] =
    [["#ffffff", "#1d2430", "#5b6675", "#aab4c0", "#f7f8fa"], ["#15181c", "#e6e9ee", "#a3adba", "#4a5460", "#1c2127"]];

/// How many colours costs have, from none to the most.
pub const COST_STEPS: usize = 8;

/// Fill and border for a step of cost, on light paper and on dark.
pub fn cost_colours(step: usize) -> [[String; 2]; 2] {
    let share = step as f64 / (COST_STEPS - 1) as f64;
    let mix = |from: [f64; 3], to: [f64; 3], share: f64| {
        let [r, g, b] = [0, 1, 2].map(|at| (from[at] + (to[at] - from[at]) * share).round() as u8);
        format!("#{r:02x}{g:02x}{b:02x}")
    };
    let light = [
        mix([250.0, 246.0, 238.0], [222.0, 73.0, 38.0], share),
        mix([170.0, 160.0, 145.0], [140.0, 35.0, 15.0], share),
    ];
    let dark =
        [mix([36.0, 38.0, 42.0], [190.0, 62.0, 28.0], share), mix([95.0, 100.0, 108.0], [255.0, 140.0, 100.0], share)];
    [light, dark]
}

/// The step for the share of the MACs that `times` of a part have: it grows with the root of the share, from none to a fifth.
pub fn cost_step(outline: &Outline, part: &Part, times: usize) -> usize {
    let whole = outline.part(outline.root()).sums.macs;
    let macs = part.sums.macs.saturating_mul(times as u64);
    if macs == 0 || whole == 0 {
        return 0;
    }
    let share = macs as f64 / whole as f64;
    let steps = (COST_STEPS - 1) as f64;
    ((share / 0.2).sqrt() * steps).ceil().clamp(1.0, steps) as usize
}
