//! What the plans of random networks are made of: a test that never meets a kernel says nothing of it.

use std::collections::BTreeSet;

use archc::ir::Graph;
use archc::kernels::Level;
use archc::ops::{Form, Frame, Window};
use archc::plan::{Listed, Listing};

/// All that plans must be made of.
const WANTED: &[&str] = &[
    "image of odd height and width",
    "image of one pixel",
    "several images",
    "convolution of 1x1",
    "convolution of a photo",
    "direct convolution",
    "direct convolution + add",
    "direct convolution + limits",
    "direct convolution + silu",
    "direct convolution, dilated",
    "direct convolution, grouped",
    "direct convolution, unequally padded",
    "Winograd F(1x4, 1x3)",
    "Winograd F(4x1, 3x1)",
    "Winograd F(1x4, 1x7)",
    "Winograd F(4x1, 7x1)",
    "Winograd F(4x4, 3x3)",
    "Winograd F(6x6, 3x3)",
    "Winograd F(4x4, 5x5)",
    "Winograd convolution + add",
    "Winograd convolution + limits",
    "Winograd convolution + silu",
    "Winograd convolution, odd height or width",
    "depthwise convolution 3x3, stride 1",
    "depthwise convolution 3x3, stride 2",
    "depthwise convolution 5x5, stride 1",
    "depthwise convolution 5x5, stride 2",
    "depthwise convolution + limits",
    "depthwise convolution + silu",
    "depthwise convolution, dilated",
    "depthwise convolution, unequally padded",
    "linear",
    "linear on an image",
    "max pool",
    "max pool, padded",
    "mean pool",
    "mean pool, padded",
    "candle: permute",
    "mean of images",
    "scale and shift",
    "scale by channel",
    "scale and shift + limits",
    "scale and shift + silu",
    "add",
    "add + limits",
    "add + silu",
    "sub",
    "mul",
    "maximum",
    "minimum",
    "limits",
    "sigmoid",
    "silu",
    "tanh",
    "hard sigmoid",
    "hard swish",
    "elu",
    "gelu",
    "leaky relu",
    "slopes of negative values",
    "softmax",
    "concat",
    "parts of an image",
    "another shape",
    "local response normalisation",
];

/// What was met, by level.
#[derive(Default)]
pub struct Reached {
    kinds: BTreeSet<(&'static str, String)>,
}

impl Reached {
    pub fn add(&mut self, level: Level, graph: &Graph, listing: &Listing) {
        let kinds = listing.steps.iter().flat_map(|step| kinds(graph, step, listing.batch));
        self.kinds.extend(kinds.map(|kind| (level.name(), kind)));
    }

    /// What was never met.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for level in Level::available() {
            for wanted in WANTED {
                if !self.kinds.contains(&(level.name(), wanted.to_string())) {
                    missing.push(format!("{wanted} at {}", level.name()));
                }
            }
        }
        missing
    }
}

/// What a step is, in some of the words above and in others.
fn kinds(graph: &Graph, step: &Listed, batch: usize) -> Vec<String> {
    let (node, at) = graph.nodes().find(|(_, node)| *node.path == *step.path).expect("steps are called after nodes");
    let types = graph.input_types(node);
    let mut parts = step.kernel.split(" + ");
    let name = parts.next().unwrap_or_default();
    let base = if name.starts_with("Winograd") { "Winograd convolution" } else { name };
    let mut kinds: Vec<String> =
        parts.map(|joined| format!("{base} + {}", if joined == "relu" { "limits" } else { joined })).collect();
    let mut more = |condition: bool, kind: String| kinds.extend(condition.then_some(kind));
    if let [_, height, width] = step.output[..] {
        more(height % 2 == 1 && width % 2 == 1, "image of odd height and width".into());
        more(height * width == 1, "image of one pixel".into());
        more(
            base == "Winograd convolution" && (height % 2 == 1 || width % 2 == 1),
            format!("{base}, odd height or width"),
        );
    }
    more(batch > 1, "several images".into());
    match at.op.form(&types) {
        Form::Conv { window: Window { kernel, stride, dilation, .. }, frame: Frame { pads, .. }, groups } => {
            more(kernel == [1, 1], "convolution of 1x1".into());
            more(types[0].shape()[0] <= 4, "convolution of a photo".into());
            more(dilation != [1, 1], format!("{base}, dilated"));
            more(groups > 1, format!("{base}, grouped"));
            more(pads.iter().any(|[before, after]| before != after), format!("{base}, unequally padded"));
            let equal = stride[0] == stride[1] && dilation == [1, 1];
            more(equal, format!("{base} {}x{}, stride {}", kernel[0], kernel[1], stride[0]));
            more(true, name.into());
        }
        Form::Linear => {
            more(true, "linear".into());
            more(step.inputs[0].len() == 3, "linear on an image".into());
        }
        Form::Pool { max, spans } if base == "pool" => {
            let name = if max { "max pool" } else { "mean pool" };
            let cut = |spans: &Vec<[usize; 3]>| {
                let length = |[from, to, _]: &[usize; 3]| to - from;
                spans.iter().map(length).min() != spans.iter().map(length).max()
            };
            more(true, name.into());
            more(spans.iter().any(cut), format!("{name}, padded"));
        }
        Form::Other
        | Form::Identity
        | Form::Reshape
        | Form::Affine { .. }
        | Form::Limits { .. }
        | Form::Map(_)
        | Form::Binary(_)
        | Form::Number { .. }
        | Form::Concat
        | Form::Pool { .. }
        | Form::Mean
        | Form::Lrn { .. }
        | Form::Slope
        | Form::Softmax { .. }
        | Form::Select { .. } => more(true, base.into()),
    }
    kinds
}
