//! Costs as JSON; `docs/stats-json.md` describes it.

use serde::Serialize;

use super::Subject;

/// The version of the JSON: a field that goes or changes its meaning raises it, a new one does not.
pub const FORMAT: u32 = 1;

/// One object on one line, without a line break.
pub fn json(subjects: &[Subject]) -> String {
    let document = Document { format: FORMAT, archs: subjects.iter().map(Arch::new).collect() };
    serde_json::to_string(&document).expect("strings and whole numbers can be written")
}

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    archs: Vec<Arch<'a>>,
}

#[derive(Serialize)]
struct Arch<'a> {
    name: &'a str,
    file: &'a str,
    batch: u64,
    inputs: Vec<Port<'a>>,
    outputs: Vec<Port<'a>>,
    params: u64,
    buffers: u64,
    macs: u64,
    flops: u64,
    activation_elements: u64,
    activation_bytes: u64,
    weight_bytes: u64,
    layers: Vec<Layer<'a>>,
    weights: Vec<Weight<'a>>,
}

#[derive(Serialize)]
struct Port<'a> {
    name: &'a str,
    shape: &'a [usize],
}

#[derive(Serialize)]
struct Layer<'a> {
    path: &'a str,
    op: &'a str,
    detail: &'a str,
    outputs: [&'a [usize]; 1],
    params: u64,
    buffers: u64,
    macs: u64,
    flops: u64,
    activation_elements: u64,
}

#[derive(Serialize)]
struct Weight<'a> {
    name: &'a str,
    shape: &'a [usize],
    trainable: bool,
}

impl<'a> Arch<'a> {
    fn new(subject: &'a Subject) -> Arch<'a> {
        let report = &subject.report;
        let total = &report.total;
        let port = |port: &'a crate::analyse::Port| Port { name: &port.name, shape: &port.shape };
        let layer = |node: &'a crate::analyse::NodeCost| Layer {
            path: &node.path,
            op: node.op,
            detail: &node.detail,
            outputs: [&node.output],
            params: node.sums.params,
            buffers: node.sums.buffers,
            macs: node.sums.macs,
            flops: node.sums.flops,
            activation_elements: node.sums.activation_elements,
        };
        let weight = |weight: &'a crate::analyse::Weight| Weight {
            name: &weight.name,
            shape: &weight.shape,
            trainable: weight.trainable,
        };
        Arch {
            name: &report.arch,
            file: &subject.file,
            batch: report.batch,
            inputs: report.inputs.iter().map(port).collect(),
            outputs: report.outputs.iter().map(port).collect(),
            params: total.params,
            buffers: total.buffers,
            macs: total.macs,
            flops: total.flops,
            activation_elements: total.activation_elements,
            activation_bytes: total.activation_bytes(),
            weight_bytes: total.weight_bytes(),
            layers: report.nodes.iter().map(layer).collect(),
            weights: report.weights.iter().map(weight).collect(),
        }
    }
}
