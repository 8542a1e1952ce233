//! The planned path computes what PyTorch computes, on every architecture with a reference.

mod custom;
mod fallback;
mod packed;
mod random;
mod sizes;

use std::path::Path;

use archc::diagnostic::Diagnostics;
use archc::expand::{Program, Settings};
use archc::ir::Graph;
use archc::kernels::Level;
use archc::plan::{Options, Plan, fallbacks};
use archc::source::SourceMap;
use archc::weights::{Hashed, hash_values};
use candle_core::{Device, Tensor};

fn expand(arch: &str, settings: &Settings) -> Graph {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let target = sources.open_target(&format!("zoo:{arch}")).unwrap();
    let program = Program::load(&mut sources, target.file, &mut diagnostics);
    program.expand(&mut sources, arch, settings, &mut diagnostics).unwrap()
}

/// An architecture of one body.
fn graph(body: &str) -> Graph {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let file = sources.add("net.arch", &format!("arch net {{\n{body}\n}}"));
    let program = Program::load(&mut sources, file, &mut diagnostics);
    let graph = program.expand(&mut sources, "net", &Settings::default(), &mut diagnostics);
    graph.filter(|_| !diagnostics.has_errors()).unwrap_or_else(|| panic!("{body}\n{diagnostics:?}"))
}

/// Values between -2 and 2.
fn images(shape: &[usize]) -> Tensor {
    let values: Vec<f32> = hash_values("input", shape.iter().product()).map(|value| 2.0 * value).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    flat(tensor).into_iter().map(f32::to_bits).collect()
}

/// The relative L2 error of what was found.
fn distance(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let square = |x: f64| x * x;
    let pairs = found.iter().zip(expected).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let (error, length) = pairs.fold((0.0, 0.0), |(error, length), (a, b)| (error + square(a - b), length + square(b)));
    (error / length).sqrt()
}

fn reference(arch: &str) -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/models").join(format!("{arch}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/models");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str().unwrap().strip_suffix(".json").map(str::to_string))
        .collect();
    names.sort();
    names
}

/// Relative L2 error of the logits, and whether the largest is the same.
fn compare(arch: &str, options: Options) -> (f64, bool, usize) {
    let graph = expand(arch, &Settings::default());
    let reference = reference(arch);
    let source = Hashed { norm_scale: reference["norm_scale"].as_f64().unwrap() as f32 };
    let output = graph.main_output().unwrap().node;
    let plan = Plan::new(&graph, &[output], &source, options).unwrap();
    let shape = graph.node(graph.graph_inputs()[0]).output.shape();
    let logits = flat(&plan.run(&[images(&[&[1], shape].concat())]).unwrap()[0]);
    let expected = reference["logits"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32);
    let error = distance(&logits, &expected.collect::<Vec<_>>());
    let largest = (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b])).unwrap();
    (
        error,
        largest as u64 == reference["argmax"].as_u64().unwrap(),
        plan.listing(1).unwrap().steps.iter().filter(|step| step.fallback).count(),
    )
}

#[test]
fn every_reference_agrees() {
    let mut bad = String::new();
    for arch in names() {
        let (error, same, fallbacks) = compare(&arch, Options::default());
        println!("{arch:<24} {error:.2e} {same} {fallbacks} fallbacks");
        if error > 1e-3 || !same || error.is_nan() {
            bad += &format!("{arch}: relative error {error:.2e}, same argmax: {same}\n");
        }
    }
    assert!(bad.is_empty(), "{bad}");
}

#[test]
fn bands_of_rows_agree_with_the_reference() {
    for arch in ["mobilenet_v1", "resnet50", "xception"] {
        let options = Options { threads: 1, ..Options::default() };
        let graph = expand(arch, &Settings::default());
        let output = graph.main_output().unwrap().node;
        let plan = Plan::new(&graph, &[output], &Hashed { norm_scale: 1.0 }, options).unwrap();
        assert!(plan.listing(1).unwrap().steps.iter().filter(|step| step.rows > 0).count() >= 2, "{arch} has bands");
        let (error, same, _) = compare(arch, options);
        assert!(error < 1e-5 && same, "{arch}: {error:.2e}");
    }
}

#[test]
fn every_level_of_instructions_and_number_of_threads_agrees() {
    for level in Level::available() {
        for (threads, arch) in [(1, "squeezenet1_1"), (2, "mobilenet_v2"), (3, "cifar_resnet110")] {
            let (error, same, _) = compare(arch, Options { threads, level, exact: false });
            assert!(error < 1e-3 && same, "{arch} at {level:?} with {threads} threads: {error:.2e}");
        }
    }
}

#[test]
fn every_architecture_of_the_zoo_has_kernels_for_all_it_does() {
    let mut sources = SourceMap::new();
    let (mut bad, mut count) = (String::new(), 0);
    for (family, _) in SourceMap::zoo() {
        let target = sources.open_target(&format!("zoo:{family}")).unwrap();
        let program = Program::load(&mut sources, target.file, &mut Diagnostics::new());
        for arch in program.archs().iter().filter(|arch| arch.is_complete()) {
            let mut diagnostics = Diagnostics::new();
            let graph = program.expand(&mut sources, &arch.name, &Settings::default(), &mut diagnostics).unwrap();
            let results: Vec<_> = graph.outputs().iter().map(|output| output.node).collect();
            let fallbacks = fallbacks(&graph, &results, &Hashed { norm_scale: 1.0 }).unwrap();
            if !fallbacks.is_empty() {
                bad += &format!("{}: {}\n", arch.name, fallbacks.join(", "));
            }
            count += 1;
        }
    }
    assert!(count > 40, "{count} architectures");
    assert!(bad.is_empty(), "candle's ops compute these nodes:\n{bad}");
}
