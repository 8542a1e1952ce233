//! What random networks are made of.

use archc::ir::{Graph, NodeId, Origin, Output};
use archc::ops::{Args, Operand, Raw, find, source};
use archc::source::{SourceMap, Span};
use proptest::prelude::*;

/// A stage on the result of an earlier one, which is found `back` from the last; left out where it does not fit there.
#[derive(Clone, Debug)]
struct Stage {
    kind: Kind,
    back: usize,
    after: After,
}

/// What may come directly behind a stage, and join it.
#[derive(Clone, Debug)]
struct After {
    norm: bool,
    /// The sum with one of the earlier results that fit, if there is one.
    add: Option<usize>,
    activation: Option<&'static str>,
}

#[derive(Clone, Debug)]
enum Kind {
    Conv {
        out: usize,
        groups: usize,
        bias: bool,
        window: Window,
    },
    /// A convolution that keeps height and width, and all channels where no other number is given.
    Same {
        out: Option<usize>,
        kernel: [usize; 2],
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
    /// The values in their order in another shape.
    Reshape,
    Permute,
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
pub struct Net {
    pub input: [usize; 3],
    pub batch: usize,
    pub threads: usize,
    pub exact: bool,
    stages: Vec<Stage>,
    /// A result besides the last.
    side: Option<usize>,
}

const PLAIN: [&str; 19] = [
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
];

/// What networks are mostly made of, or anything.
fn window() -> impl Strategy<Value = Window> {
    let usual =
        (prop::sample::select(vec![1usize, 1, 2, 2, 3]), 1..3usize, prop_oneof![5 => Just(1usize), 1 => Just(2)])
            .prop_map(|(half, stride, dilation)| Window {
                kernel: [2 * half + 1; 2],
                stride: [stride; 2],
                dilation: [dilation; 2],
                pads: [half * dilation; 4],
            });
    let sizes = || [1..6usize, 1..6];
    let small = || [1..4usize, 1..4];
    let any = (sizes(), small(), [1..3usize, 1..3], [0..3usize, 0..3, 0..3, 0..3])
        .prop_map(|(kernel, stride, dilation, pads)| Window { kernel, stride, dilation, pads });
    prop_oneof![usual, any]
}

fn kind() -> impl Strategy<Value = Kind> {
    let merges = prop::sample::select(vec!["add", "add", "concat", "mul", "sub", "maximum", "minimum"]);
    prop_oneof![
        4 => (1..50usize, 1..6usize, any::<bool>(), window())
            .prop_map(|(out, groups, bias, window)| Kind::Conv { out, groups, bias, window }),
        6 => (prop::option::of(8..49usize), prop::sample::select(vec![1, 3, 3, 5]))
            .prop_map(|(out, kernel)| Kind::Same { out, kernel: [kernel; 2] }),
        6 => window().prop_map(Kind::Depthwise),
        3 => (any::<bool>(), any::<bool>(), any::<bool>(), window())
            .prop_map(|(max, ceil, count_pads, window)| Kind::Pool { max, ceil, count_pads, window }),
        11 => prop::sample::select(PLAIN.to_vec()).prop_map(Kind::Plain),
        5 => (merges, any::<usize>()).prop_map(|(op, which)| Kind::Merge { op, which }),
        1 => (1..9usize).prop_map(|reduced| Kind::Gate { reduced }),
        1 => (prop::sample::select(vec!["add", "mul", "sub"]), -20..20i64)
            .prop_map(|(op, tenths)| Kind::Number { op, tenths }),
        1 => ([0..3usize, 0..3, 0..3, 0..3], [0..9usize, 0..3])
            .prop_map(|(sides, channels)| Kind::Pad { sides, channels }),
        1 => (1..4usize, 0..5usize).prop_map(|(axis, start)| Kind::Slice { axis, start }),
        1 => Just(Kind::Reshape),
        1 => Just(Kind::Permute),
        1 => (1..6usize).prop_map(|groups| Kind::Shuffle { groups }),
        1 => (any::<bool>(), 1..40usize).prop_map(|(mean, out)| Kind::Head { mean, out }),
    ]
}

fn stage(kind: impl Strategy<Value = Kind>) -> impl Strategy<Value = Stage> {
    let activation = prop::sample::select(vec!["relu", "relu", "relu6", "silu", "leaky_relu"]);
    let add = prop::option::weighted(0.3, 0..4usize);
    let after = (prop::bool::weighted(0.2), add, prop::option::weighted(0.3, activation))
        .prop_map(|(norm, add, activation)| After { norm, add, activation });
    (kind, prop_oneof![4 => Just(0usize), 1 => 0..4usize], after).prop_map(|(kind, back, after)| Stage {
        kind,
        back,
        after,
    })
}

/// Networks of anything, and some mostly of convolutions with so many pixels and channels that Winograd's pays.
pub fn net() -> impl Strategy<Value = Net> {
    let channels = prop_oneof![4 => 1..40usize, 1 => 1..5usize];
    let any = ((channels, 1..20usize, 1..20usize), prop::collection::vec(stage(kind()), 1..10));
    let kernels = prop::sample::select(vec![[3, 3], [3, 3], [5, 5], [1, 7], [7, 1], [1, 3], [3, 1]]);
    let same = (prop::option::of(8..40usize), kernels).prop_map(|(out, kernel)| Kind::Same { out, kernel });
    let kinds = prop_oneof![6 => same, 1 => kind()];
    let large = ((8..50usize, 12..26usize, 12..26usize), prop::collection::vec(stage(kinds), 1..6));
    let rest = (1..4usize, 1..4usize, prop::bool::weighted(0.2), prop::option::of(0..8usize));
    (prop_oneof![3 => any, 1 => large], rest).prop_map(
        |(((channels, height, width), stages), (batch, threads, exact, side))| Net {
            input: [channels, height, width],
            batch,
            threads,
            exact,
            stages,
            side,
        },
    )
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

    /// The last of what comes behind a node.
    fn after(&mut self, after: &After, mut node: NodeId, made: &[NodeId]) -> NodeId {
        if after.norm {
            node = self.add("bn", &[], &[node]).unwrap_or(node);
        }
        if let Some(which) = after.add {
            let fits: Vec<NodeId> =
                made.iter().copied().filter(|other| self.shape(*other) == self.shape(node)).collect();
            let other = fits.get(which % fits.len().max(1));
            node = other.and_then(|other| self.add("add", &[], &[node, *other])).unwrap_or(node);
        }
        match after.activation {
            Some(op) => self.add(op, &[], &[node]).unwrap_or(node),
            None => node,
        }
    }

    fn stage(&mut self, kind: &Kind, flow: NodeId, made: &[NodeId]) -> Option<NodeId> {
        let channels = self.shape(flow)[0];
        let conv = |out: usize, kernel: [usize; 2]| [("out", int(out)), ("kernel", ints(&kernel))];
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
            Kind::Same { out, kernel } => self.add("conv", &conv(out.unwrap_or(channels), *kernel), &[flow]),
            Kind::Depthwise(window) => {
                let own = [("dilation", ints(&window.dilation))];
                self.add("depthwise_conv", &[&own[..], &window.arguments()].concat(), &[flow])
            }
            Kind::Pool { max: true, ceil, window, .. } => {
                let own = [("ceil_mode", Raw::Bool(*ceil)), ("dilation", ints(&window.dilation))];
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
                let squeezed = self.add("conv", &conv(*reduced, [1, 1]), &[mean])?;
                let active = self.add("silu", &[], &[squeezed])?;
                let wide = self.add("conv", &conv(channels, [1, 1]), &[active])?;
                let gate = self.add("sigmoid", &[], &[wide])?;
                self.add("mul", &[], &[gate, flow])
            }
            Kind::Number { op, tenths } => self.number(op, *tenths as f64 / 10.0, flow),
            Kind::Pad { sides, channels } => {
                self.add("pad", &[("size", ints(sides)), ("channels", ints(channels))], &[flow])
            }
            Kind::Slice { axis, start } => self.add("slice", &[("axis", int(*axis)), ("start", int(*start))], &[flow]),
            Kind::Reshape => {
                let [channels, height, width] = *self.shape(flow) else { return None };
                self.add("reshape", &[("shape", ints(&[height, width, channels]))], &[flow])
            }
            Kind::Permute => self.add("permute", &[("axes", ints(&[2, 3, 1]))], &[flow]),
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
    pub fn graph(&self) -> Graph {
        let file = SourceMap::new().add("test", "test");
        let origin = Origin { span: Span::new(file, 0, 4), call: None };
        let mut build = Builder { graph: Graph::new("random".into()), origin: origin.clone() };
        let input = build.graph.add(source::input(&self.input), &[], "input".into(), origin).unwrap();
        let mut made = vec![input];
        for stage in &self.stages {
            let flow = made[made.len().saturating_sub(1 + stage.back)];
            if let Some(node) = build.stage(&stage.kind, flow, &made) {
                made.push(build.after(&stage.after, node, &made));
            }
        }
        let side = self.side.and_then(|side| made.get(side)).copied();
        let results = side.into_iter().map(|node| ("side", node, false));
        for (name, node, main) in results.chain([("main", made[made.len() - 1], true)]) {
            build.graph.add_output(Output { name: name.into(), node, main });
        }
        build.graph
    }
}
