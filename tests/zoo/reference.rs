//! Every architecture that has reference numbers, held to all of them but the logits.

use std::collections::BTreeMap;
use std::fmt::Debug;

use archc::analyse::Report;
use serde_json::Value;

/// What a module with weights of its own costs, or the node at its path.
#[derive(Debug, PartialEq, Eq)]
struct Layer {
    output: Vec<u64>,
    params: u64,
    macs: u64,
}

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
pub fn reference(arch: &str) -> Value {
    serde_json::from_str(&super::read(&format!("tests/reference/models/{arch}.json"))).expect("it is JSON")
}

fn compare(arch: &str) {
    let wanted = reference(arch);
    let found = super::costs(arch);
    let mut differences = Vec::new();

    let wanted_state = state(&wanted);
    let found_state = found.weights.iter().map(|weight| (weight.name.clone(), numbers(&weight.shape))).collect();
    differ("weight", &wanted_state, &found_state, &mut differences);

    let wanted_layers = layers(&wanted, &wanted_state);
    differ("layer", &wanted_layers, &own_layers(&found), &mut differences);

    for name in ["params", "buffers", "macs"] {
        let (wanted, found) = (number(&wanted[name]), found.metric(name).expect("a metric"));
        if wanted != found {
            differences.push(format!("{name}: {wanted} in the reference, {found} here"));
        }
    }
    let input: Vec<Vec<u64>> = found.inputs.iter().map(|input| numbers(&input.shape)).collect();
    if input != [shape(&wanted["input"])] {
        differences.push(format!("input: {} in the reference, {input:?} here", wanted["input"]));
    }

    let count = differences.len();
    differences.truncate(12);
    assert!(count == 0, "{arch} has {count} differences from the reference:\n  {}", differences.join("\n  "));
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

/// The reference's modules that have weights of their own, rather than in modules inside them.
fn layers(reference: &Value, state: &BTreeMap<String, Vec<u64>>) -> BTreeMap<String, Layer> {
    let mut layers = BTreeMap::new();
    for row in reference["layers"].as_array().expect("an array") {
        let path = row["path"].as_str().expect("a string");
        let owns = |name: &String| name.strip_prefix(path).is_some_and(|rest| rest[1..].find('.').is_none());
        if state.range(format!("{path}.")..format!("{path}/")).any(|(name, _)| owns(name)) {
            let layer =
                Layer { output: shape(&row["output"]), params: number(&row["params"]), macs: number(&row["macs"]) };
            layers.insert(path.to_string(), layer);
        }
    }
    layers
}

/// The nodes that have weights.
fn own_layers(report: &Report) -> BTreeMap<String, Layer> {
    let with_weights = report.nodes.iter().filter(|node| node.sums.params + node.sums.buffers > 0);
    with_weights
        .map(|node| {
            let layer = Layer { output: numbers(&node.output), params: node.sums.params, macs: node.sums.macs };
            (node.path.to_string(), layer)
        })
        .collect()
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
