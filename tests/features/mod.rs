//! Features of nodes and heat maps, against PyTorch.

mod cli;

use archc::diagnostic::Diagnostics;
use archc::expand::{Program, Settings};
use archc::gradcam::last_map;
use archc::image::{Orientation, read};
use archc::ir::Graph;
use archc::lower::Model;
use archc::source::SourceMap;
use archc::weights::Hashed;
use candle_core::{Device, Tensor};

use crate::run::{classifier, floats, relative_error, root};

fn fixture() -> Vec<serde_json::Value> {
    let text = std::fs::read(root().join("tests/features/squeezenet1_1.json")).unwrap();
    serde_json::from_slice::<serde_json::Value>(&text).unwrap().as_array().unwrap().clone()
}

fn graph(arch: &str) -> Graph {
    graph_for(arch, None)
}

fn graph_for(arch: &str, input: Option<Vec<usize>>) -> Graph {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let target = sources.open_target(&format!("zoo:{arch}")).unwrap();
    let program = Program::load(&mut sources, target.file, &mut diagnostics);
    let settings = Settings { input, ..Settings::default() };
    program.expand(&mut sources, arch, &settings, &mut diagnostics).unwrap()
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Those of all values that a fixture has: the largest ones.
fn largest(values: &[f32], expected: &serde_json::Value) -> impl Iterator<Item = f32> {
    expected["at"].as_array().unwrap().iter().map(|at| values[at.as_u64().unwrap() as usize])
}

/// The photo of a case as the network sees it.
fn input(classifier: &archc::classify::Classifier, case: &serde_json::Value) -> Tensor {
    let name = case["image"].as_str().unwrap();
    let photo = read(&root().join("examples/images").join(name), Orientation::Ignored).unwrap();
    classifier.input().prepare(&photo, name).unwrap()
}

#[test]
fn features_are_those_of_pytorch() {
    let (classifier, graph) = (classifier("squeezenet1_1"), graph("squeezenet1_1"));
    for case in fixture() {
        let input = input(&classifier, &case);
        for expected in case["features"].as_array().unwrap() {
            let node = graph.at(expected["node"].as_str().unwrap()).unwrap();
            let found = classifier.model().unwrap().result(std::slice::from_ref(&input), node).unwrap();
            let shape: Vec<u64> = found.dims()[1..].iter().map(|dim| *dim as u64).collect();
            assert_eq!(serde_json::json!(shape), expected["shape"]);
            let values = flat(&found);
            let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len() as f64;
            let square = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>();
            for (name, value) in [("mean", mean), ("std", (square / values.len() as f64).sqrt())] {
                let wanted = expected[name].as_f64().unwrap();
                assert!((value - wanted).abs() < 1e-4 * wanted.abs(), "{} {name}", expected["node"]);
            }
            let error = relative_error(largest(&values, expected), &floats(&expected["values"]));
            assert!(error < 1e-4, "{} {}: {error}", case["image"], expected["node"]);
        }
    }
}

#[test]
fn heat_maps_are_those_of_pytorch() {
    let (classifier, graph) = (classifier("squeezenet1_1"), graph("squeezenet1_1"));
    for case in fixture() {
        let input = input(&classifier, &case);
        for expected in case["cams"].as_array().unwrap() {
            let at = graph.at(expected["node"].as_str().unwrap()).unwrap();
            let map = classifier.heat_map(&input, at, expected["class"].as_u64().unwrap() as usize).unwrap();
            let rows = expected["map"].as_array().unwrap();
            assert_eq!((map.height, map.width), (rows.len(), rows[0].as_array().unwrap().len()));
            let wanted: Vec<f32> = rows.iter().flat_map(floats).collect();
            let error = relative_error(map.values.iter().copied(), &wanted);
            assert!(error < 1e-3, "{} {} {}: {error}", case["image"], expected["node"], expected["class"]);
        }
    }
}

#[test]
fn the_last_map_of_each_family_is_found() {
    let cases = [
        ("squeezenet1_1", "classifier.2"),
        ("resnet50", "layer4.2.relu3"),
        ("vgg16", "features.29"),
        ("mobilenet_v2", "features.18.2"),
        ("densenet121", "features.relu2"),
        ("googlenet", "inception5b.concat1"),
    ];
    for (arch, path) in cases {
        let graph = graph(arch);
        let node = last_map(&graph, graph.main_output().unwrap().node).unwrap();
        assert_eq!(&*graph.node(node).path, path, "{arch}");
    }
}

/// From the logits of each back to its first convolution, through ops of every kind and 1001 layers.
#[test]
fn gradients_come_back_through_whole_architectures() {
    let cases = [("mobilenet_v2", 32), ("googlenet", 32), ("preact_resnet1001", 4)];
    for (arch, size) in cases {
        let graph = graph_for(arch, Some(vec![3, size, size]));
        let model = Model::new(&graph, &Hashed { norm_scale: 0.25 }, &Device::Cpu).unwrap();
        let logits = graph.main_output().unwrap().node;
        let (first, _) = graph.nodes().find(|(_, node)| node.op.def().name == "conv").unwrap();
        let input = Tensor::rand(-1f32, 1.0, (1, 3, size, size), &Device::Cpu).unwrap();
        let score = |logits: &Tensor| logits.flatten_all()?.get(0);
        let found = model.gradient(&[input], first, logits, score).unwrap_or_else(|error| panic!("{arch}: {error}"));
        assert_eq!(found.gradient.dims(), found.value.dims(), "{arch}");
        let sum: f32 = found.gradient.abs().unwrap().sum_all().unwrap().to_scalar().unwrap();
        assert!(sum.is_finite() && sum > 0.0, "{arch}: {sum}");
    }
}
