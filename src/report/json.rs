//! Costs as JSON; `docs/stats-json.md` describes it.

use serde::Serialize;

use super::figure::Row;
use super::{By, Subject, View, rows};
use crate::analyse::{Counting, Field, Summary, Sums, Tree};

/// The version of the JSON: a field that goes or changes its meaning raises it, a new one does not.
pub const FORMAT: u32 = 1;

/// One object on one line, without a line break. Columns are not chosen: there are all, latencies where the view has a
/// device, and `groups` where it goes by op or block.
pub fn json(subjects: &[Subject], view: &View) -> String {
    let document =
        Document { format: FORMAT, archs: subjects.iter().map(|subject| Arch::new(subject, view)).collect() };
    serde_json::to_string(&document).expect("strings and numbers can be written")
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
    #[serde(flatten)]
    figures: Figures<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<Group>>,
    layers: Vec<Layer<'a>>,
    weights: Vec<Weight<'a>>,
}

/// What a whole architecture costs.
#[derive(Serialize)]
pub(super) struct Figures<'a> {
    params: u64,
    buffers: u64,
    macs: u64,
    flops: u64,
    activation_elements: u64,
    activation_bytes: u64,
    weight_bytes: u64,
    layer_depth: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    convention: Option<Counted>,
    #[serde(flatten)]
    places: Places,
    #[serde(flatten)]
    load: Load,
    training: Training,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Device<'a>>,
}

impl<'a> Figures<'a> {
    pub fn new(summary: &Summary, seconds: Option<f64>, view: &'a View) -> Figures<'a> {
        let (total, device) = (&summary.total, view.device.as_ref());
        let training = summary.training(view.optimizer);
        Figures {
            params: total.params,
            buffers: total.buffers,
            macs: total.macs,
            flops: total.flops,
            activation_elements: total.activation_elements,
            activation_bytes: total.activation_bytes(),
            weight_bytes: total.weight_bytes(),
            layer_depth: summary.layers,
            convention: view
                .counting
                .map(|counting| Counted { name: counting.convention.name(), total: total.counted }),
            places: Places::new(summary.last_map),
            load: Load::new(&summary.load, total, seconds),
            training: Training {
                optimizer: training.optimizer.name(),
                weight_bytes: training.weights,
                gradient_bytes: training.gradients,
                optimizer_bytes: training.optimizer_state,
                saved_activation_bytes: training.saved_activations,
                total: training.total(),
            },
            device: device.map(|device| Device {
                name: &device.name,
                peak: device.peak,
                bandwidth: device.bandwidth,
                source: &device.source,
            }),
        }
    }
}

/// The total by another program's rules.
#[derive(Serialize)]
struct Counted {
    name: &'static str,
    total: u64,
}

/// Which pixels a place is computed from.
#[derive(Serialize)]
struct Places {
    receptive_field: Option<[Option<u64>; 2]>,
    stride: Option<[Option<f64>; 2]>,
    centre: Option<[Option<f64>; 2]>,
}

impl Places {
    fn new(field: Option<Field>) -> Places {
        Places {
            receptive_field: field.map(|field| field.size),
            stride: field.map(|field| field.stride),
            centre: field.map(|field| field.centre),
        }
    }
}

#[derive(Serialize)]
struct Load {
    peak_memory: u64,
    saved_memory: u64,
    bytes_moved: u64,
    intensity: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency: Option<f64>,
}

impl Load {
    fn new(load: &crate::analyse::Load, sums: &Sums, latency: Option<f64>) -> Load {
        Load {
            peak_memory: load.live,
            saved_memory: load.saved,
            bytes_moved: load.moved,
            intensity: super::ratio(sums.flops, load.moved),
            latency,
        }
    }
}

#[derive(Serialize)]
struct Training {
    optimizer: &'static str,
    weight_bytes: u64,
    gradient_bytes: u64,
    optimizer_bytes: u64,
    saved_activation_bytes: u64,
    total: u64,
}

#[derive(Serialize)]
struct Device<'a> {
    name: &'a str,
    peak: f64,
    bandwidth: f64,
    source: &'a str,
}

/// All nodes of an op, or below a path.
/// What adds up.
#[derive(Serialize)]
pub(super) struct Costs {
    params: u64,
    buffers: u64,
    macs: u64,
    flops: u64,
    activation_elements: u64,
    /// Where a convention is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    counted: Option<u64>,
}

impl Costs {
    pub fn new(sums: &Sums, counting: Option<Counting>) -> Costs {
        let Sums { params, buffers, macs, flops, activation_elements, counted } = *sums;
        let counted = counting.map(|_| counted);
        Costs { params, buffers, macs, flops, activation_elements, counted }
    }
}

#[derive(Serialize)]
struct Group {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    op: String,
    nodes: usize,
    #[serde(flatten)]
    costs: Costs,
    #[serde(flatten)]
    load: Load,
}

impl Group {
    fn new(path: Option<String>, row: &Row, view: &View) -> Group {
        Group {
            path,
            op: row.op.clone(),
            nodes: row.nodes,
            costs: Costs::new(&row.sums, view.counting),
            load: Load::new(&row.load, &row.sums, row.seconds),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Port<'a> {
    name: &'a str,
    shape: &'a [usize],
}

#[derive(Serialize)]
struct Layer<'a> {
    path: &'a str,
    op: &'a str,
    detail: &'a str,
    outputs: [&'a [usize]; 1],
    #[serde(flatten)]
    costs: Costs,
    #[serde(flatten)]
    places: Places,
    #[serde(flatten)]
    load: Load,
}

#[derive(Serialize)]
struct Weight<'a> {
    name: &'a str,
    shape: &'a [usize],
    trainable: bool,
}

impl<'a> Port<'a> {
    pub fn new(port: &'a crate::analyse::Port) -> Port<'a> {
        Port { name: &port.name, shape: &port.shape }
    }
}

impl<'a> Arch<'a> {
    fn new(subject: &'a Subject, view: &'a View) -> Arch<'a> {
        let report = &subject.report;
        let device = view.device.as_ref();
        let seconds =
            |node: &crate::analyse::NodeCost| device.map(|device| device.seconds(node.sums.flops, node.load.moved));
        let layer = |node: &'a crate::analyse::NodeCost| Layer {
            path: &node.path,
            op: node.op,
            detail: &node.detail,
            outputs: [&node.output],
            costs: Costs::new(&node.sums, view.counting),
            places: Places::new(node.field),
            load: Load::new(&node.load, &node.sums, seconds(node)),
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
            inputs: report.inputs.iter().map(Port::new).collect(),
            outputs: report.outputs.iter().map(Port::new).collect(),
            figures: Figures::new(&report.summary(), device.map(|device| report.seconds(device)), view),
            groups: groups(subject, view),
            layers: report.nodes.iter().map(layer).collect(),
            weights: report.weights.iter().map(weight).collect(),
        }
    }
}

fn groups(subject: &Subject, view: &View) -> Option<Vec<Group>> {
    let device = view.device.as_ref();
    match view.by? {
        By::Op => Some(rows::ops(&subject.report, device).iter().map(|(_, row)| Group::new(None, row, view)).collect()),
        By::Block => {
            let tree = Tree::new(&subject.report);
            let depth = view.depth.unwrap_or_else(|| tree.depth());
            let rows = rows::paths(&subject.report, &tree, depth, true, device);
            Some(rows.iter().map(|(entry, row)| Group::new(Some(entry.path.to_string()), row, view)).collect())
        }
        By::Layer | By::Arch => None,
    }
}
