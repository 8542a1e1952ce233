//! Random small networks: the planned path computes what the plain path computes, at every level of instructions, on one
//! to three threads.

mod net;
mod reach;

use std::cell::RefCell;
use std::fmt::Write as _;

use archc::ir::{Graph, NodeId};
use archc::kernels::Level;
use archc::lower::Model;
use archc::plan::{Options, Plan};
use archc::weights::Hashed;
use candle_core::{Device, Tensor};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::{flat, images};
use net::Net;
use reach::Reached;

impl Net {
    /// What differs between the planned and the plain path; nothing where they agree. `reached` is told what was planned.
    fn difference(&self, reached: &mut Reached) -> Option<String> {
        let graph = self.graph();
        let source = Hashed { norm_scale: 1.0 };
        let input = [images(&[&[self.batch], &self.input[..]].concat())];
        let expected = Model::new(&graph, &source, &Device::Cpu).unwrap().run(&input).unwrap();
        let results: Vec<NodeId> = graph.outputs().iter().map(|output| output.node).collect();
        for level in Level::available() {
            let options = Options { threads: self.threads, level, exact: self.exact };
            let plan = Plan::new(&graph, &results, &source, options).unwrap();
            let listing = plan.listing(self.batch).unwrap();
            reached.add(level, &graph, &listing);
            for run in 1..=2 {
                let found = plan.run(&input).unwrap();
                for ((found, expected), output) in found.iter().zip(&expected).zip(graph.outputs()) {
                    if let Some(difference) = unequal(found, expected) {
                        let (name, graph) = (&output.name, written(&graph));
                        return Some(format!("{name}, {level:?}, run {run}: {difference}\n{graph}\n{listing:#?}"));
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

/// The first value that is further off than 1e-4 of the largest, or than 1e-5 where all are small: they may be what is left
/// when values near 1 are subtracted.
fn unequal(found: &Tensor, expected: &Tensor) -> Option<String> {
    if found.dims() != expected.dims() {
        return Some(format!("the shape is {:?} instead of {:?}", found.dims(), expected.dims()));
    }
    let (found, expected) = (flat(found), flat(expected));
    let largest = expected.iter().fold(1e-1f32, |largest, value| largest.max(value.abs()));
    let pairs = found.iter().zip(&expected).enumerate();
    let close = |a: f32, b: f32| (a - b).abs() <= 1e-4 * largest || a == b || (a.is_nan() && b.is_nan());
    let mut apart = pairs.filter(|(_, (a, b))| !close(**a, **b));
    let (index, (a, b)) = apart.next()?;
    Some(format!("{a} instead of {b} at {index}, and {} more of {}", apart.count(), found.len()))
}

#[test]
fn random_networks_of_all_kernels_agree_with_the_plain_path() {
    let mut runner = TestRunner::new(Config { cases: 500, max_shrink_iters: 2000, ..Config::default() });
    let reached = RefCell::new(Reached::default());
    let checked = runner.run(&net::net(), |net| match net.difference(&mut reached.borrow_mut()) {
        None => Ok(()),
        Some(difference) => Err(TestCaseError::fail(difference)),
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
    let missing = reached.into_inner().missing();
    assert!(missing.is_empty(), "no network has\n{}", missing.join("\n"));
}

#[test]
fn a_difference_is_found_and_told() {
    let tensor = |values: [f32; 3]| Tensor::new(&values, &Device::Cpu).unwrap();
    let expected = tensor([1.0, 100.0, -3.0]);
    assert_eq!(unequal(&tensor([1.005, 100.0, -3.0]), &expected), None);
    let difference = unequal(&tensor([1.0, 100.1, -3.5]), &expected);
    assert_eq!(difference.as_deref(), Some("100.1 instead of 100 at 1, and 1 more of 3"));
}
