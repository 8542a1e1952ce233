//! Random small networks: the planned path computes what the plain path computes, at every level of instructions, on one
//! to three threads.

use std::fmt::Write as _;

use archc::ir::{Graph, NodeId, Origin, Output};
use archc::kernels::Level;
use archc::lower::Model;
use archc::ops::{Args, Operand, Raw, find, source};
use archc::plan::{Options, Plan};
use archc::source::{SourceMap, Span};
use archc::weights::{Hashed, hash_values};
use candle_core::{Device, Tensor};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// A stage on the result of an earlier one, which is found `back` from the last; left out where it does not fit there.
#[derive(Clone, Debug)]
struct Stage {
    kind: Kind,
    back: usize,
}

#[derive(Clone, Debug)]
enum Kind {
    Conv {
        out: usize,
        groups: usize,
        bias: bool,
        window: Window,
    },
    /// A convolution that keeps the shape.
    Same {
        kernel: usize,
    },
    Depthwise(Window),
    Pool {
        max: bool,
        ceil: bool,
        count_pads: bool,
        window: Window,
    },
    /// An op without arguments.
    Plain(&'static str),
    /// Two tensors: the flow, and one `which` of those that fit.
    Merge {
        op: &'static str,
        which: usize,
    },
    /// Squeeze and excite.
    Gate {
        reduced: usize,
    },
    Number {
        op: &'static str,
        tenths: i64,
    },
    Pad {
        sides: [usize; 4],
        channels: [usize; 2],
    },
    Slice {
        axis: usize,
        start: usize,
    },
    Shuffle {
        groups: usize,
    },
    /// The mean of all pixels, or all of them, and a linear layer.
    Head {
        mean: bool,
        out: usize,
    },
}

#[derive(Clone, Debug)]
struct Window {
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    /// Above, below, left and right.
    pads: [usize; 4],
}

#[derive(Clone, Debug)]
struct Net {
    input: [usize; 3],
    batch: usize,
    threads: usize,
    stages: Vec<Stage>,
    /// A result besides the last.
    side: Option<usize>,
}

const PLAIN: [&str; 21] = [
    "bn",
    "relu",
    "relu6",
    "silu",
    "sigmoid",
    "tanh",
    "hard_swish",
    "hard_sigmoid",
    "leaky_relu",
    "gelu",
    "elu",
    "lrn",
    "prelu",
    "softmax",
    "upsample",
    "global_avg_pool",
    "global_max_pool",
    "flatten",
    "dropout",
    "bn",
    "relu",
];

fn window() -> impl Strategy<Value = Window> {
    let sizes = || [1..6usize, 1..6];
    let small = || [1..4usize, 1..4];
    (sizes(), small(), [1..3usize, 1..3], [0..3usize, 0..3, 0..3, 0..3])
        .prop_map(|(kernel, stride, dilation, pads)| Window { kernel, stride, dilation, pads })
}

fn kind() -> impl Strategy<Value = Kind> {
    let merges = prop::sample::select(vec!["add", "add", "concat", "mul", "sub", "maximum", "minimum"]);
    prop_oneof![
        4 => (1..50usize, 1..6usize, any::<bool>(), window())
            .prop_map(|(out, groups, bias, window)| Kind::Conv { out, groups, bias, window }),
        4 => (0..3usize).prop_map(|half| Kind::Same { kernel: 2 * half + 1 }),
        2 => window().prop_map(Kind::Depthwise),
        3 => (any::<bool>(), any::<bool>(), any::<bool>(), window())
            .prop_map(|(max, ceil, count_pads, window)| Kind::Pool { max, ceil, count_pads, window }),
        8 => prop::sample::select(PLAIN.to_vec()).prop_map(Kind::Plain),
        5 => (merges, any::<usize>()).prop_map(|(op, which)| Kind::Merge { op, which }),
        1 => (1..9usize).prop_map(|reduced| Kind::Gate { reduced }),
        1 => (prop::sample::select(vec!["add", "mul", "sub"]), -20..20i64)
            .prop_map(|(op, tenths)| Kind::Number { op, tenths }),
        1 => ([0..3usize, 0..3, 0..3, 0..3], [0..9usize, 0..3])
            .prop_map(|(sides, channels)| Kind::Pad { sides, channels }),
        1 => (1..4usize, 0..5usize).prop_map(|(axis, start)| Kind::Slice { axis, start }),
        1 => (1..6usize).prop_map(|groups| Kind::Shuffle { groups }),
        1 => (any::<bool>(), 1..40usize).prop_map(|(mean, out)| Kind::Head { mean, out }),
    ]
}

fn net() -> impl Strategy<Value = Net> {
    let stage = (kind(), prop_oneof![4 => Just(0usize), 1 => 0..4usize]).prop_map(|(kind, back)| Stage { kind, back });
    let stages = prop::collection::vec(stage, 1..9);
    ([1..40usize, 1..20, 1..20], 1..4usize, 1..4usize, stages, prop::option::of(0..8usize))
        .prop_map(|(input, batch, threads, stages, side)| Net { input, batch, threads, stages, side })
}

fn ints(values: &[usize]) -> Raw {
    Raw::List(values.iter().map(|value| Raw::Int(*value as i64)).collect())
}

fn int(value: usize) -> Raw {
    Raw::Int(value as i64)
}

struct Builder {
    graph: Graph,
    origin: Origin,
}

impl Builder {
    /// A node, or nothing where the op does not take these arguments or operands.
    fn add(&mut self, op: &str, given: &[(&'static str, Raw)], operands: &[NodeId]) -> Option<NodeId> {
        let def = find(op).unwrap();
        let args = Args::bind(def.params, given, vec![Operand::Tensor; operands.len()]).ok()?;
        self.make(op, &args, operands)
    }

    fn number(&mut self, op: &str, number: f64, operand: NodeId) -> Option<NodeId> {
        let args = Args::bind(find(op).unwrap().params, &[], vec![Operand::Tensor, Operand::Number(number)]).ok()?;
        self.make(op, &args, &[operand])
    }

    fn make(&mut self, op: &str, args: &Args, operands: &[NodeId]) -> Option<NodeId> {
        let path = format!("{op}{}", self.graph.len());
        let made = (find(op).unwrap().make)(args).ok()?;
        let types: Vec<_> = operands.iter().map(|operand| &self.graph.node(*operand).output).collect();
        // Nothing that would take long.
        let size = made.infer(&types).ok()?.elements();
        if size > 40_000 {
            return None;
        }
        self.graph.add(made, operands, path.into(), self.origin.clone()).ok()
    }

    fn shape(&self, node: NodeId) -> &[usize] {
        self.graph.node(node).output.shape()
    }

    fn stage(&mut self, kind: &Kind, flow: NodeId, made: &[NodeId]) -> Option<NodeId> {
        let channels = self.shape(flow)[0];
        let conv = |out: usize, kernel: usize| [("out", int(out)), ("kernel", int(kernel))];
        match kind {
            Kind::Conv { out, groups, bias, window } => {
                let groups = (1..=*groups).rev().find(|groups| channels.is_multiple_of(*groups)).unwrap_or(1);
                let own = [
                    ("out", int(out.next_multiple_of(groups))),
                    ("groups", int(groups)),
                    ("bias", Raw::Bool(*bias)),
                    ("dilation", ints(&window.dilation)),
                ];
                self.add("conv", &[&own[..], &window.arguments()].concat(), &[flow])
            }
            Kind::Same { kernel } => self.add("conv", &conv(channels, *kernel), &[flow]),
            Kind::Depthwise(window) => {
                let own = [("dilation", ints(&window.dilation))];
                self.add("depthwise_conv", &[&own[..], &window.arguments()].concat(), &[flow])
            }
            Kind::Pool { max: true, ceil, window, .. } => {
                let own = [("ceil_mode", Raw::Bool(*ceil))];
                self.add("max_pool", &[&own[..], &window.arguments()].concat(), &[flow])
            }
            Kind::Pool { max: false, ceil, count_pads, window } => {
                let own = [("ceil_mode", Raw::Bool(*ceil)), ("count_include_pad", Raw::Bool(*count_pads))];
                self.add("avg_pool", &[&own[..], &window.arguments()].concat(), &[flow])
            }
            Kind::Plain(op) => self.add(op, &[], &[flow]),
            Kind::Merge { op, which } => {
                let others = (0..made.len()).map(|index| made[(index + which) % made.len()]);
                let pixels = |node: NodeId| self.shape(node).get(1..).map(<[usize]>::to_vec);
                let fits = |other: &NodeId| match *op {
                    "concat" => pixels(*other) == pixels(flow),
                    _ => self.shape(*other) == self.shape(flow),
                };
                let other = others.into_iter().find(fits)?;
                self.add(op, &[], &[flow, other])
            }
            Kind::Gate { reduced } => {
                let mean = self.add("global_avg_pool", &[], &[flow])?;
                let squeezed = self.add("conv", &conv(*reduced, 1), &[mean])?;
                let active = self.add("silu", &[], &[squeezed])?;
                let wide = self.add("conv", &conv(channels, 1), &[active])?;
                let gate = self.add("sigmoid", &[], &[wide])?;
                self.add("mul", &[], &[gate, flow])
            }
            Kind::Number { op, tenths } => self.number(op, *tenths as f64 / 10.0, flow),
            Kind::Pad { sides, channels } => {
                self.add("pad", &[("size", ints(sides)), ("channels", ints(channels))], &[flow])
            }
            Kind::Slice { axis, start } => self.add("slice", &[("axis", int(*axis)), ("start", int(*start))], &[flow]),
            Kind::Shuffle { groups } => self.add("channel_shuffle", &[("groups", int(*groups))], &[flow]),
            Kind::Head { mean, out } => {
                let image = if *mean { self.add("global_avg_pool", &[], &[flow])? } else { flow };
                let vector = self.add("flatten", &[], &[image])?;
                self.add("linear", &[("out", int(*out))], &[vector])
            }
        }
    }
}

impl Window {
    fn arguments(&self) -> Vec<(&'static str, Raw)> {
        vec![("kernel", ints(&self.kernel)), ("stride", ints(&self.stride)), ("pad", ints(&self.pads))]
    }
}

impl Net {
    fn graph(&self) -> Graph {
        let file = SourceMap::new().add("test", "test");
        let origin = Origin { span: Span::new(file, 0, 4), call: None };
        let mut build = Builder { graph: Graph::new("random".into()), origin: origin.clone() };
        let input = build.graph.add(source::input(&self.input), &[], "input".into(), origin).unwrap();
        let mut made = vec![input];
        for stage in &self.stages {
            let flow = made[made.len().saturating_sub(1 + stage.back)];
            made.extend(build.stage(&stage.kind, flow, &made));
        }
        let side = self.side.and_then(|side| made.get(side)).copied();
        let results = side.into_iter().map(|node| ("side", node, false));
        for (name, node, main) in results.chain([("main", made[made.len() - 1], true)]) {
            build.graph.add_output(Output { name: name.into(), node, main });
        }
        build.graph
    }

    /// What differs between the planned and the plain path; nothing where they agree.
    fn difference(&self) -> Option<String> {
        let graph = self.graph();
        let source = Hashed { norm_scale: 1.0 };
        let shape = [&[self.batch], &self.input[..]].concat();
        let values: Vec<f32> = hash_values("input", shape.iter().product()).map(|value| 2.0 * value).collect();
        let input = [Tensor::from_vec(values, shape, &Device::Cpu).unwrap()];
        let expected = Model::new(&graph, &source, &Device::Cpu).unwrap().run(&input).unwrap();
        let results: Vec<NodeId> = graph.outputs().iter().map(|output| output.node).collect();
        for level in Level::available() {
            let plan =
                Plan::new(&graph, &results, &source, Options { threads: self.threads, level, exact: self.batch == 1 })
                    .unwrap();
            for run in 1..=2 {
                for ((found, expected), output) in plan.run(&input).unwrap().iter().zip(&expected).zip(graph.outputs())
                {
                    if let Some(difference) = unequal(found, expected) {
                        let name = &output.name;
                        let steps = plan.listing(self.batch).unwrap();
                        return Some(format!(
                            "{name}, {level:?}, run {run}: {difference}\n{}\n{steps:#?}",
                            written(&graph)
                        ));
                    }
                }
            }
        }
        None
    }
}

/// A graph as lines that a person can write down again.
fn written(graph: &Graph) -> String {
    let mut text = String::new();
    for (id, node) in graph.nodes() {
        let operands: Vec<&str> = graph.inputs(id).iter().map(|input| &*graph.node(*input).path).collect();
        writeln!(text, "{} {} ({}) -> {}", node.path, node.op.detail(), operands.join(", "), node.output).unwrap();
    }
    text
}

/// The first value that is further off than 1e-4 of the largest, or than 1e-6 where all are small: they may be what is left
/// when values near 1 are subtracted.
fn unequal(found: &Tensor, expected: &Tensor) -> Option<String> {
    let flat = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    if found.dims() != expected.dims() {
        return Some(format!("the shape is {:?} instead of {:?}", found.dims(), expected.dims()));
    }
    let (found, expected) = (flat(found), flat(expected));
    let largest = expected.iter().fold(1e-2f32, |largest, value| largest.max(value.abs()));
    let pairs = found.iter().zip(&expected).enumerate();
    let close = |a: f32, b: f32| (a - b).abs() <= 1e-4 * largest || a == b || (a.is_nan() && b.is_nan());
    let mut apart = pairs.filter(|(_, (a, b))| !close(**a, **b));
    let (index, (a, b)) = apart.next()?;
    Some(format!("{a} instead of {b} at {index}, and {} more of {}", apart.count(), found.len()))
}

#[test]
fn random_networks_agree_with_the_plain_path() {
    let mut runner = TestRunner::new(Config { cases: 400, max_shrink_iters: 2000, ..Config::default() });
    let checked = runner.run(&net(), |net| match net.difference() {
        None => Ok(()),
        Some(difference) => Err(TestCaseError::fail(difference)),
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
}

#[test]
fn a_difference_is_found_and_told() {
    let tensor = |values: [f32; 3]| Tensor::new(&values, &Device::Cpu).unwrap();
    let expected = tensor([1.0, 100.0, -3.0]);
    assert_eq!(unequal(&tensor([1.005, 100.0, -3.0]), &expected), None);
    let difference = unequal(&tensor([1.0, 100.1, -3.5]), &expected);
    assert_eq!(difference.as_deref(), Some("100.1 instead of 100 at 1, and 1 more of 3"));
}
