use std::sync::Arc;

use super::{METRICS, Report, Sums, Tree, analyse, analyse_batch};
use crate::ir::{Call, Graph, NodeId, Origin, Output, TensorType};
use crate::ops::{Cost, Init, Op, OpDef, OpError, Operands, WeightSpec, source};
use crate::source::{SourceMap, Span};

/// An op that costs what it is told to.
#[derive(Debug)]
struct Fake {
    params: usize,
    buffers: usize,
    cost: Cost,
    batched: bool,
}

static FAKE: OpDef = OpDef {
    name: "fake",
    short: "fake",
    operands: Operands::Flow,
    params: &[],
    summary: "",
    details: "",
    example: "",
    make: |_| unreachable!("tests make it themselves"),
};

impl Op for Fake {
    fn def(&self) -> &'static OpDef {
        &FAKE
    }

    fn infer(&self, inputs: &[&TensorType]) -> Result<TensorType, OpError> {
        let shape = inputs[0].shape();
        Ok(if self.batched { TensorType::new(shape) } else { TensorType::unbatched(shape) })
    }

    fn weights(&self, _: &[&TensorType]) -> Vec<WeightSpec> {
        let mut weights = Vec::new();
        if self.params > 0 {
            weights.push(WeightSpec::new("weight", [self.params], Init::Zeros));
        }
        if self.buffers > 0 {
            weights.push(WeightSpec::buffer("running_mean", [self.buffers], Init::Zeros));
        }
        weights
    }

    fn cost(&self, _: &[&TensorType], _: &TensorType) -> Cost {
        self.cost
    }

    fn forward(
        &self,
        inputs: &[candle_core::Tensor],
        _: &[candle_core::Tensor],
    ) -> candle_core::Result<candle_core::Tensor> {
        Ok(inputs[0].clone())
    }
}

/// A chain of ops over an input of 2 x 3 elements.
struct Chain {
    graph: Graph,
    last: NodeId,
    span: Span,
}

impl Chain {
    fn new() -> Chain {
        let mut sources = SourceMap::new();
        let span = Span::new(sources.add("net.arch", "relu"), 0, 4);
        let mut graph = Graph::new(Arc::from("net"));
        let origin = Origin { span, call: None };
        let last = graph.add(source::input(&[2, 3]), &[], Arc::from("image"), origin).unwrap();
        Chain { graph, last, span }
    }

    fn then(self, path: &str, params: usize, buffers: usize, cost: Cost) -> Chain {
        self.push(path, Fake { params, buffers, cost, batched: true }, None)
    }

    fn push(mut self, path: &str, op: Fake, call: Option<Arc<Call>>) -> Chain {
        let origin = Origin { span: self.span, call };
        self.last = self.graph.add(Arc::new(op), &[self.last], Arc::from(path), origin).unwrap();
        self
    }

    fn finish(mut self) -> Graph {
        self.graph.add_output(Output { name: Arc::from("logits"), node: self.last, main: true });
        self.graph
    }
}

fn two_layers() -> Graph {
    Chain::new()
        .then("layer1.0.conv1", 10, 0, Cost::macs(100, 6))
        .then("layer1.0.bn1", 4, 4, Cost::each(6, 2))
        .then("layer1.1.conv1", 10, 0, Cost::macs(100, 6))
        .then("fc", 7, 0, Cost::macs(12, 0))
        .finish()
}

#[test]
fn totals_are_the_sums_of_the_nodes() {
    let report = analyse(&two_layers()).unwrap();
    assert_eq!(
        report.total,
        Sums { params: 31, buffers: 4, macs: 212, flops: 424 + 12 + 12, activation_elements: 24, counted: 0 }
    );
    assert_eq!(report.total.weight_bytes(), 35 * 4);
    assert_eq!(report.inputs[0].shape, [2, 3]);
    assert_eq!(&*report.outputs[0].name, "logits");
    let names: Vec<&str> = report.weights.iter().map(|weight| weight.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "layer1.0.conv1.weight",
            "layer1.0.bn1.weight",
            "layer1.0.bn1.running_mean",
            "layer1.1.conv1.weight",
            "fc.weight"
        ]
    );
    assert_eq!(report.weights.iter().filter(|weight| !weight.trainable).count(), 1);
}

#[test]
fn every_metric_has_a_value() {
    let report = analyse(&two_layers()).unwrap();
    assert!(METRICS.iter().all(|name| report.metric(name).is_some()));
    assert_eq!(report.metric("params"), Some(31));
    assert_eq!(report.metric("speed"), None);
}

#[test]
fn a_batch_scales_work_but_not_weights() {
    let one = analyse(&two_layers()).unwrap().total;
    let eight = analyse_batch(&two_layers(), 8, None).unwrap().total;
    assert_eq!((eight.params, eight.buffers), (one.params, one.buffers));
    assert_eq!(
        (eight.macs, eight.flops, eight.activation_elements),
        (8 * one.macs, 8 * one.flops, 8 * one.activation_elements)
    );
}

#[test]
fn what_has_no_batch_is_computed_once() {
    let op = Fake { params: 0, buffers: 0, cost: Cost::macs(5, 0), batched: false };
    let graph = Chain::new().push("scale", op, None).finish();
    assert_eq!(analyse_batch(&graph, 8, None).unwrap().total.macs, 5);
}

#[test]
fn a_learned_tensor_is_no_activation() {
    let Chain { mut graph, span, .. } = Chain::new();
    let args = crate::ops::Args::bind(
        source::PARAM.params,
        &[("shape", crate::ops::Raw::List(vec![crate::ops::Raw::Int(5)]))],
        Vec::new(),
    );
    let op = (source::PARAM.make)(&args.unwrap()).unwrap();
    graph.add(op, &[], Arc::from("token"), Origin { span, call: None }).unwrap();
    let total = analyse_batch(&graph, 8, None).unwrap().total;
    assert_eq!((total.params, total.activation_elements), (5, 0));
}

#[test]
fn the_tree_sums_by_path_in_order_of_appearance() {
    let report = analyse(&two_layers()).unwrap();
    let tree = Tree::new(&report);
    let rows: Vec<(&str, u64)> = tree.walk(2).into_iter().map(|entry| (&*entry.path, entry.sums.params)).collect();
    assert_eq!(rows, [("layer1", 24), ("layer1.0", 14), ("layer1.1", 10), ("fc", 7)]);
    assert_eq!((tree.count(1), tree.count(2), tree.depth()), (2, 4, 3));
    let layer1 = tree.entry(tree.roots()[0]);
    assert_eq!((&*layer1.name, layer1.last, layer1.nodes.len()), ("layer1", 2, 0));
}

#[test]
fn the_tree_knows_which_block_opened_a_path() {
    let chain = Chain::new();
    let outer = Call { span: chain.span, block: Arc::from("stage"), path: Arc::from("layer1"), parent: None };
    let inner = Call {
        span: chain.span,
        block: Arc::from("unit"),
        path: Arc::from("layer1.a.b"),
        parent: Some(Arc::new(outer)),
    };
    let op = Fake { params: 1, buffers: 0, cost: Cost::FREE, batched: true };
    let report = analyse(&chain.push("layer1.a.b.conv1", op, Some(Arc::new(inner))).finish()).unwrap();
    let tree = Tree::new(&report);
    let blocks: Vec<Option<&str>> = tree.walk(4).into_iter().map(|entry| entry.block.as_deref()).collect();
    assert_eq!(blocks, [Some("stage"), None, Some("unit"), None]);
}

#[test]
fn a_count_that_does_not_fit_is_an_error() {
    let failure = |graph: &Graph, batch: u64| -> String { analyse_batch(graph, batch, None).unwrap_err().message };
    let saturated = Chain::new().then("conv1", 0, 0, Cost::macs(u64::MAX, 0)).finish();
    assert_eq!(failure(&saturated, 1), "the multiply-accumulates of `net` don't fit 64 bits");
    let half = Cost::flops(u64::MAX / 2 + 1);
    let sum = Chain::new().then("a", 0, 0, half).then("b", 0, 0, half).finish();
    assert_eq!(failure(&sum, 1), "the floating-point operations of `net` don't fit 64 bits");
    assert_eq!(failure(&two_layers(), u64::MAX / 2), "the multiply-accumulates of `net` don't fit 64 bits");
    let bytes = Chain::new().then("a", usize::MAX / 2, 0, Cost::FREE).finish();
    assert_eq!(failure(&bytes, 1), "the weight bytes of `net` don't fit 64 bits");
}

#[test]
fn reports_are_reproducible() {
    let show = |report: Report| format!("{:?}", Tree::new(&report));
    assert_eq!(show(analyse(&two_layers()).unwrap()), show(analyse(&two_layers()).unwrap()));
}
