//! Rules of names, found for networks that other libraries name in other ways: `tests/weights/names/make.py` lists those.

use std::collections::BTreeMap;

use archc::diagnostic::{Diagnostic, Diagnostics};
use archc::expand::{Program, Settings};
use archc::ir::Graph;
use archc::ops::WeightSpec;
use archc::source::SourceMap;
use archc::weights::{Fit, Names, Renamed, WeightSource};
use candle_core::{Device, Tensor};

/// Names and shapes without values.
#[derive(Clone)]
struct Listed(Vec<(String, Vec<usize>)>);

impl WeightSource for Listed {
    fn name(&self) -> &str {
        "listed"
    }

    fn shapes(&self) -> Option<BTreeMap<String, Vec<usize>>> {
        Some(self.0.iter().cloned().collect())
    }

    fn order(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    fn get(&self, _: &str, _: &WeightSpec, _: &Device) -> Result<Tensor, Diagnostic> {
        unreachable!("the fit reads no values")
    }
}

fn timm(model: &str) -> Listed {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/weights/names");
    let text = std::fs::read_to_string(root.join(format!("timm_{model}.txt"))).unwrap();
    let shape = |shape: &str| shape.split('x').filter_map(|dim| dim.parse().ok()).collect();
    let line = |line: &str| line.split_once(' ').map(|(name, dims)| (name.to_string(), shape(dims))).unwrap();
    Listed(text.lines().map(line).collect())
}

fn zoo(arch: &str) -> Graph {
    let mut sources = SourceMap::new();
    let target = sources.open_target(&format!("zoo:{arch}")).unwrap();
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(&mut sources, target.file, &mut diagnostics);
    program.expand(&mut sources, arch, &Settings::default(), &mut diagnostics).unwrap()
}

/// The weights of an architecture in order of execution.
fn needed(graph: &Graph) -> Vec<String> {
    let names =
        graph.nodes().flat_map(|(id, _)| graph.weights(id).into_iter().map(move |spec| (id, spec)).collect::<Vec<_>>());
    names.map(|(id, spec)| graph.weight_name(id, &spec)).collect()
}

/// The rules that are found, once they have been seen to give every weight its right name: both sides define their layers
/// in the order of execution.
fn rules(arch: &str, model: &str) -> Vec<(String, String)> {
    let graph = zoo(arch);
    let listed = timm(model);
    let mut sorted = listed.clone();
    sorted.0.sort();
    let mut found = Vec::new();
    for source in [&listed, &sorted] {
        let fit = Fit::of(&graph, source);
        let proposal = fit.names.unwrap();
        assert_eq!(proposal.matched, needed(&graph).len());
        let mut names = Names::default();
        for (from, to) in &proposal.rules {
            names.push(from, to).unwrap();
        }
        let renamed = Renamed::new(source.clone(), &names).unwrap();
        assert!(Fit::of(&graph, &renamed).error().is_none());
        let weights = listed.0.iter().filter(|(name, _)| !name.ends_with("num_batches_tracked"));
        let mapped: Vec<String> = weights.map(|(name, _)| names.map(name).unwrap()).collect();
        assert_eq!(mapped, needed(&graph), "{arch}");
        found = proposal.rules;
    }
    found
}

#[test]
fn timm_vgg_has_convolutions_for_linear_layers() {
    for (arch, model) in [("vgg16", "vgg16"), ("vgg16_bn", "vgg16_bn")] {
        let rules = rules(arch, model);
        let rules: Vec<(&str, &str)> = rules.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
        assert_eq!(
            rules,
            [
                ("pre_logits.fc1.{x}", "classifier.0.{x}"),
                ("pre_logits.fc2.{x}", "classifier.3.{x}"),
                ("head.fc.{x}", "classifier.6.{x}")
            ]
        );
    }
}

#[test]
fn timm_mobilenet_numbers_its_units_by_stage() {
    let rules = rules("mobilenet_v2", "mobilenetv2_100");
    assert!(rules.len() <= 105, "{} rules", rules.len());
    assert!(rules.contains(&("blocks.1.0.conv_dw.{x}".to_string(), "features.2.conv.1.0.{x}".to_string())));
}
