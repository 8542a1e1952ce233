//! What has no kernel is computed by candle's ops inside the plan, mostly between steps that have one.

use std::collections::BTreeSet;

use archc::ir::Graph;
use archc::kernels::Level;
use archc::lower::Model;
use archc::ops::ALL;
use archc::plan::{Options, Plan, fallbacks};
use archc::weights::Hashed;
use candle_core::{Device, Tensor};

use super::{distance, flat, graph, images};

const WEIGHTS: Hashed = Hashed { norm_scale: 1.0 };

/// The nodes that candle's ops compute, and the body.
const CASES: &[(&str, &str)] = &[
    (
        "conv_transpose1",
        "input x[3, 7, 5]\nconv(20, 3) -> conv_transpose(9, 3, 2, pad = 1, output_pad = 1) -> conv(8, 3)",
    ),
    ("conv_transpose1", "input x[12, 7, 5]\nconv_transpose(6, [3, 2], groups = 3, dilation = 2, bias = false) -> relu"),
    ("ln1", "input x[3, 7, 5]\nconv(20, 3) -> layer_norm(axis = 1) -> conv(8, 3)"),
    ("ln1", "input x[5, 20]\nlayer_norm(affine = false) -> gelu"),
    ("gn1", "input x[3, 7, 5]\nconv(20, 3) -> group_norm(4) -> relu -> conv(8, 3)"),
    ("pixel_shuffle1", "input x[3, 7, 5]\nconv(20, 3) -> pixel_shuffle(2) -> conv(8, 3)"),
    ("upsample1", "input x[3, 7, 5]\nconv(20, 3) -> upsample([2, 3], mode = \"bilinear\") -> conv(8, 3)"),
    ("upsample1", "input x[20, 7, 5]\nupsample(mode = \"bilinear\", align_corners = true) -> max_pool(3, 2)"),
    ("permute1", "input x[3, 7, 5]\nconv(20, 3) -> permute([2, 3, 1]) -> conv(8, 3)"),
    ("transpose1", "input x[3, 7, 5]\nconv(20, 3) -> flatten(2) -> transpose(1, 2) -> relu"),
    ("fc1", "input x[5, 20]\nrelu -> linear(33) -> silu"),
    ("fc1", "input x[3, 7, 5]\nconv(20, 3) -> linear(9, axis = 1) -> conv(8, 3)"),
    ("fc1", "input x[3, 7, 5]\nconv(20, 3) -> linear(9, axis = -1, bias = false) -> conv(8, 3)"),
    ("max_pool1", "input x[3, 11, 9]\nconv(20, 3) -> max_pool(3, 2, pad = 1, dilation = 2) -> conv(8, 3)"),
    ("matmul1", "input x[5, 20]\nx -> silu -> other: tanh\nx -> reshape([20, 5]) -> y: relu\nother -> matmul(y)"),
    ("attention1", "input x[5, 20]\nresidual { attention(4) } -> relu"),
    ("embedding1", "input x[7]\nrelu -> embedding(3, 20) -> tanh"),
    ("softmax1", "input x[3, 7, 5]\nconv(20, 3) -> softmax(axis = -1) -> conv(8, 3)"),
    ("log_softmax1", "input x[5, 20]\nlog_softmax(axis = -1)"),
    ("mean1", "input x[3, 7, 5]\nconv(20, 3) -> mean(1, keep = true) -> conv(8, 3)"),
    ("mean1", "input x[5, 20]\nmean(1) -> linear(3)"),
    ("concat1", "input x[3, 7, 5]\na: conv(20, 3) -> relu -> concat(a, axis = 2) -> conv(8, 3)"),
    ("div1", "input x[3, 7, 5]\nsigmoid -> y: add(1)\nx -> div(y) -> conv(8, 3)"),
    ("div1", "input x[3, 7, 5]\nconv(20, 3) -> div(3) -> conv(8, 3)"),
    ("add1", "input x[3, 7, 5]\na: conv(20, 3) -> global_avg_pool -> b: relu\na -> add(b) -> conv(8, 3)"),
    ("sub1", "input x[3, 7, 5]\na: conv(20, 3) -> b: conv(1, 1)\na -> sub(b) -> conv(8, 3)"),
    ("mul1", "input x[3, 7, 5]\na: conv(20, 3) -> b: conv(1, 3)\na -> mul(b) -> conv(8, 3)"),
    ("maximum1", "input x[3, 7, 5]\nconv(20, 3) -> maximum(0.1) -> conv(8, 3)"),
    ("minimum1", "input x[3, 7, 5]\nconv(20, 3) -> minimum(0.5) -> conv(8, 3)"),
    ("slice1", "input x[5, 20]\nslice(axis = 1, start = 1, end = 3) -> relu"),
];

/// The bodies of whole networks, with all that falls back in them.
const NETWORKS: &[(&str, &str)] = &[(
    "transpose1 concat1 add1 ln1 attention1 ln2 fc1 fc2 slice1",
    "input x[3, 12, 8]
         token: param([1, 1, 20])
         position: param([1, 7, 20])
         x -> conv(20, 4, 4, pad = 0) -> flatten(2) -> transpose(1, 2) -> concat(token, axis = 1) -> add(position)
         residual { layer_norm -> attention(4) }
         residual { layer_norm -> linear(40) -> gelu -> linear(20) }
         slice(axis = 1, start = 0, end = 1) -> flatten -> linear(10) -> softmax",
)];

fn whole(graph: &Graph) -> Vec<Tensor> {
    let inputs = graph.graph_inputs().iter().map(|input| {
        let input = images(&[&[3], graph.node(*input).output.shape()].concat());
        match graph.nodes().any(|(_, node)| node.op.def().name == "embedding") {
            true => input.floor().unwrap(),
            false => input,
        }
    });
    inputs.collect()
}

#[test]
fn what_has_no_kernel_is_computed_by_candle() {
    let mut bad = String::new();
    for (expected, body) in CASES.iter().chain(NETWORKS) {
        let graph = graph(&format!("{body}\noutput result"));
        let inputs = whole(&graph);
        let result = graph.main_output().unwrap().node;
        let plain = Model::new(&graph, &WEIGHTS, &Device::Cpu).unwrap().run(&inputs).unwrap().pop().unwrap();
        for level in Level::available() {
            let plan = Plan::new(&graph, &[result], &WEIGHTS, Options { threads: 2, level, exact: false }).unwrap();
            let steps = plan.listing(3).unwrap().steps;
            let fallbacks: Vec<_> = steps.iter().filter(|step| step.fallback).map(|step| &*step.path).collect();
            if fallbacks.join(" ") != *expected {
                bad += &format!("{body}\ncandle computes {fallbacks:?} and not {expected} at {level:?}\n");
            }
            // The second run finds what the first left behind.
            for _ in 0..2 {
                let found = plan.run(&inputs).unwrap().remove(0);
                assert_eq!(found.dims(), plain.dims(), "{body}");
                let error = distance(&flat(&found), &flat(&plain));
                if error > 1e-5 || error.is_nan() {
                    bad += &format!("{body}\nrelative error {error:.1e} at {level:?}\n");
                }
            }
        }
    }
    assert!(bad.is_empty(), "{bad}");
}

#[test]
fn every_op_that_falls_back_in_its_example_is_tested() {
    let op =
        |node: &str| ALL.iter().find(|def| [def.name, def.short].contains(&node.trim_end_matches('1'))).unwrap().name;
    let tested: BTreeSet<&str> = CASES.iter().map(|(node, _)| op(node)).collect();
    let mut missing = BTreeSet::new();
    for def in ALL {
        let graph = graph(def.example);
        let result = graph.main_output().map_or(graph.nodes().last().unwrap().0, |output| output.node);
        for path in fallbacks(&graph, &[result], &WEIGHTS).unwrap() {
            let op = graph.nodes().find(|(_, node)| node.path == path).unwrap().1.op.def().name;
            missing.extend((!tested.contains(op)).then_some(op));
        }
    }
    assert_eq!(missing, BTreeSet::new());
}
