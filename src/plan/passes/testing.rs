//! What the tests of the passes share: a body of an architecture is planned, and computes what the plain path computes.

use candle_core::{Device, Tensor};

use super::optimise;
use crate::diagnostic::Diagnostics;
use crate::expand::{Program, Settings};
use crate::ir::Graph;
use crate::kernels::Level;
use crate::lower::Model;
use crate::plan::draft::Draft;
use crate::plan::sketch::{Sketch, ValueId};
use crate::plan::{Options, Plan};
use crate::source::SourceMap;
use crate::weights::{Hashed, hash_values};

const WEIGHTS: Hashed = Hashed { norm_scale: 1.0 };

fn graph(body: &str) -> Graph {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let file = sources.add("net.arch", &format!("arch net {{\n{body}\noutput result\n}}"));
    let program = Program::load(&mut sources, file, &mut diagnostics);
    let graph = program.expand(&mut sources, "net", &Settings::default(), &mut diagnostics);
    graph.filter(|_| !diagnostics.has_errors()).unwrap_or_else(|| panic!("{body}\n{diagnostics:?}"))
}

/// The sketch of all outputs, or of the main one only.
fn sketched<T>(body: &str, only_main: bool, read: impl FnOnce(&Sketch<'_>) -> T) -> T {
    let graph = graph(body);
    let outputs = graph.outputs().iter().filter(|output| output.main || !only_main);
    let results: Vec<_> = outputs.map(|output| output.node).collect();
    let mut sketch = Sketch::new(&graph, &results, &WEIGHTS);
    optimise(&mut sketch).unwrap();
    read(&sketch)
}

/// The steps of a body, for one thread.
pub fn drafted(body: &str) -> Draft {
    let graph = graph(body);
    let results: Vec<_> = graph.outputs().iter().map(|output| output.node).collect();
    let options = Options { threads: 1, level: Level::Scalar, exact: true };
    Draft::new(&graph, &results, &WEIGHTS, options, None).unwrap().0
}

/// The stages that are left, each as its path and those of the nodes that were joined to it; results are held against
/// the plain path's.
pub fn steps(body: &str) -> Vec<String> {
    agrees(&graph(body));
    sketched(body, false, lines)
}

/// The stages that the main output alone needs.
pub fn main_steps(body: &str) -> Vec<String> {
    sketched(body, true, lines)
}

fn lines(sketch: &Sketch<'_>) -> Vec<String> {
    let line = |stage: &crate::plan::sketch::Stage| {
        let own = sketch.graph.node(stage.node).path.to_string();
        stage.joined.iter().fold(own, |line, joined| format!("{line} + {}", joined.path))
    };
    sketch.stages().map(line).collect()
}

/// The nodes that no stage computes for the main output, and why.
pub fn removed(body: &str) -> Vec<String> {
    sketched(body, true, |sketch| {
        let mut lines: Vec<(ValueId, String)> = Vec::new();
        for (joined, why) in &sketch.removed {
            let node = sketch.graph.nodes().find(|(_, node)| node.path == joined.path).unwrap().0;
            lines.push((ValueId(node.index()), format!("{}: {why}", joined.path)));
        }
        lines.sort();
        lines.into_iter().map(|(_, line)| line).collect()
    })
}

/// The nodes that candle's ops compute.
pub fn fallbacks(body: &str) -> Vec<String> {
    let graph = graph(body);
    agrees(&graph);
    let results: Vec<_> = graph.outputs().iter().map(|output| output.node).collect();
    crate::plan::fallbacks(&graph, &results, &WEIGHTS).unwrap().iter().map(ToString::to_string).collect()
}

/// How many floats lie between the pixels of each input.
pub fn pixels(body: &str) -> Vec<usize> {
    sketched(body, false, |sketch| sketch.inputs.iter().map(|input| sketch.values[input.0].pixel).collect())
}

/// The tensors that lie in another, by the path of the last node that they are of.
pub fn inside(body: &str) -> Vec<String> {
    sketched(body, false, |sketch| {
        let path = |value: ValueId| sketch.graph.node(crate::ir::NodeId::new(value.0)).path.to_string();
        let lines = sketch.values.iter().enumerate().filter_map(|(value, known)| {
            known.inside.map(|(whole, block)| format!("{} at block {block} of {}", path(ValueId(value)), path(whole)))
        });
        lines.collect()
    })
}

/// Holds a plan against the plain path, for two images, at every level of this machine.
pub fn agrees(graph: &Graph) {
    let inputs: Vec<Tensor> = graph
        .graph_inputs()
        .iter()
        .map(|input| {
            let shape = [&[2], graph.node(*input).output.shape()].concat();
            let values: Vec<f32> = hash_values("input", shape.iter().product()).map(|value| 2.0 * value).collect();
            Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
        })
        .collect();
    let results: Vec<_> = graph.outputs().iter().map(|output| output.node).collect();
    let expected = Model::new(graph, &WEIGHTS, &Device::Cpu).unwrap().run(&inputs).unwrap();
    for level in Level::available() {
        let plan = Plan::new(graph, &results, &WEIGHTS, Options { threads: 2, level, exact: false }).unwrap();
        // The second run finds what the first left behind; the others compute image by image in places.
        for turn in 0..4 {
            if turn == 2 {
                plan.cut_to_pieces(2);
            }
            for (found, expected) in plan.run(&inputs).unwrap().iter().zip(&expected) {
                assert_eq!(found.dims(), expected.dims());
                let flat = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
                for (found, expected) in flat(found).into_iter().zip(flat(expected)) {
                    let close = (found - expected).abs() <= 1e-4 * (1.0 + expected.abs());
                    assert!(close, "{found} and {expected} at {level:?}\n{:#?}", plan.listing(2));
                }
            }
        }
    }
}
