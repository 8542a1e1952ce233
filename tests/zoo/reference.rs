//! Every architecture that has reference numbers, held to all of them: counts, weights, every layer, and what it
//! computes for weights and an input that are computed from names alone.

use std::collections::BTreeMap;
use std::fmt::Debug;

use archc::source::SourceMap;
use archc::verify::{Comparison, Reference};
use candle_core::Device;
use serde_json::Value;

macro_rules! matches_reference {
    ($($arch:ident)*) => {
        $(#[test] fn $arch() { compare(stringify!($arch)); })*

        #[test]
        fn all_reference_files_are_compared() {
            let mut compared = vec![$(stringify!($arch)),*];
            compared.sort_unstable();
            assert_eq!(compared, super::names_in("tests/reference/models", "json"));
        }
    };
}

matches_reference! {
    alexnet alexnet_paper
    vgg11 vgg16 vgg16_bn vgg19
    resnet18 resnet34 resnet50 resnet101 resnet152 wide_resnet50_2 resnext50_32x4d
    cifar_resnet110 cifar_resnet1202 preact_resnet164 preact_resnet1001
    googlenet googlenet_paper inception_v2 inception_v3 inception_v4 inception_resnet_v1 inception_resnet_v2
    xception mobilenet_v1 mobilenet_v2 squeezenet1_0 squeezenet1_1 densenet121 efficientnet_b0 efficientnet_lite0
}

/// The Keras file has shapes and outputs, and a separable convolution's two parts in one layer.
#[test]
fn mini_xception() {
    let wanted: Value = serde_json::from_str(&super::read("tests/reference/mini_xception.json")).expect("it is JSON");
    let found = super::costs("mini_xception");
    let mut differences = Vec::new();
    let found_state = found.weights.iter().map(|weight| (weight.name.clone(), numbers(&weight.shape))).collect();
    differ("weight", &state(&wanted), &found_state, &mut differences);
    for layer in wanted["layers"].as_array().expect("an array") {
        let path = layer["path"].as_str().expect("a string");
        let here = found.nodes.iter().rfind(|node| node.path.split('.').next() == Some(path));
        let output = here.map(|node| numbers(&node.output));
        if output != Some(shape(&layer["output"])) {
            differences.push(format!("{path}: {} in the reference, {output:?} here", layer["output"]));
        }
    }
    assert!(differences.is_empty(), "differences from the reference:\n  {}", differences.join("\n  "));
}

/// The reference file of an architecture.
pub fn reference(arch: &str) -> Reference {
    let path = format!("tests/reference/models/{arch}.json");
    Reference::parse(super::read(&path).as_bytes(), &path).expect("it is a reference")
}

/// Compares an architecture of the zoo with its reference file.
pub fn compare_on(arch: &str, device: &Device) {
    let reference = reference(arch);
    let mut sources = SourceMap::new();
    let graph = super::expand_in(&mut sources, arch);
    let comparison = Comparison::of(&graph, &reference, device).expect("it can be computed");
    assert!(comparison.agrees(), "{}", comparison.to_text(&sources, None));
    assert!(comparison.layers.compared > 0 && comparison.logits.is_some());
}

fn compare(arch: &str) {
    compare_on(arch, &Device::Cpu);
}

/// Says how two tables differ.
fn differ<T: Debug + PartialEq>(
    what: &str,
    wanted: &BTreeMap<String, T>,
    found: &BTreeMap<String, T>,
    out: &mut Vec<String>,
) {
    for (name, wanted) in wanted {
        match found.get(name) {
            None => out.push(format!("{what} {name}: only in the reference, {wanted:?}")),
            Some(found) if found != wanted => {
                out.push(format!("{what} {name}: {wanted:?} in the reference, {found:?} here"));
            }
            Some(_) => {}
        }
    }
    for (name, found) in found.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
        out.push(format!("{what} {name}: only here, {found:?}"));
    }
}

fn state(reference: &Value) -> BTreeMap<String, Vec<u64>> {
    let state = reference["state"].as_object().expect("an object");
    state.iter().map(|(name, value)| (name.clone(), shape(value))).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a whole number")
}

fn shape(value: &Value) -> Vec<u64> {
    value.as_array().expect("an array").iter().map(number).collect()
}

fn numbers(shape: &[usize]) -> Vec<u64> {
    shape.iter().map(|dim| *dim as u64).collect()
}
