//! `archc verify`: what it holds an architecture to, and how it says what differs.

use archc::diagnostic::{Code, Diagnostics};
use archc::expand::{Program, Settings};
use archc::ir::Graph;
use archc::source::SourceMap;
use archc::verify::{Comparison, Reference};
use archc::weights::Names;
use candle_core::Device;
use serde_json::{Value, json};

mod cli;

/// The example of docs/porting.md.
const NET: &str = include_str!("../../examples/porting/net.arch");
const REFERENCE: &str = include_str!("../../examples/porting/reference.json");

fn expand(text: &str) -> Graph {
    let mut sources = SourceMap::new();
    let file = sources.add("net.arch", text);
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(&mut sources, file, &mut diagnostics);
    let graph = program.expand(&mut sources, "net", &Settings::default(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{:#?}", diagnostics.into_sorted());
    graph.unwrap()
}

/// The example against its reference with something changed.
fn against(change: impl Fn(&mut Value)) -> Comparison {
    let mut reference: Value = serde_json::from_str(REFERENCE).unwrap();
    change(&mut reference);
    let reference = Reference::parse(reference.to_string().as_bytes(), "reference.json").unwrap();
    Comparison::of(&expand(NET), &reference, &Device::Cpu).unwrap()
}

/// The example with some text replaced, against its reference.
fn with(from: &str, to: &str) -> Comparison {
    assert!(NET.contains(from));
    let reference = Reference::parse(REFERENCE.as_bytes(), "reference.json").unwrap();
    Comparison::of(&expand(&NET.replace(from, to)), &reference, &Device::Cpu).unwrap()
}

fn row<'a>(reference: &'a mut Value, path: &str) -> &'a mut Value {
    let rows = reference["layers"].as_array_mut().unwrap();
    rows.iter_mut().find(|row| row["path"] == path).unwrap()
}

fn differing(comparison: &Comparison) -> Vec<&str> {
    assert!(!comparison.agrees());
    comparison.layers.differing.iter().map(|layer| &*layer.path).collect()
}

#[test]
fn the_example_agrees() {
    let comparison = against(|_| {});
    assert!(comparison.agrees());
    assert_eq!(comparison.layers.compared, 21);
}

#[test]
fn every_count_is_compared() {
    for name in ["params", "buffers", "macs"] {
        let comparison = against(|reference| reference[name] = json!(1));
        assert!(!comparison.agrees(), "{name}");
        assert!(comparison.layers.differing.is_empty());
    }
}

#[test]
fn names_and_shapes_of_weights_are_compared() {
    let comparison = against(|reference| {
        let state = reference["state"].as_object_mut().unwrap();
        state.remove("head.bias");
        state["head.weight"] = json!([10, 33]);
        state.insert("tail.bias".to_string(), json!([]));
    });
    assert!(!comparison.agrees());
    let weights = comparison.weights;
    assert_eq!(weights.unexpected, [("head.bias".to_string(), vec![10])]);
    assert_eq!(weights.missing, [("tail.bias".to_string(), vec![])]);
    assert_eq!(weights.reshaped[0].1.expected, [10, 33]);
}

/// As timm's VGG, whose classifier is a row of convolutions.
#[test]
fn a_linear_layer_may_be_a_convolution_there() {
    let comparison = against(|reference| {
        reference["state"]["head.weight"] = json!([10, 32, 1, 1]);
        row(reference, "head")["output"] = json!([10, 1, 1]);
    });
    assert!(comparison.agrees(), "{:?} {:?}", comparison.weights, comparison.layers.differing);
}

#[test]
fn every_figure_of_a_layer_is_compared() {
    let changes = [
        ("output", json!([16, 32, 31])),
        ("params", json!(0)),
        ("macs", json!(1)),
        ("mean", json!(5.0)),
        ("std", json!(0.01)),
    ];
    for (field, value) in changes {
        let comparison = against(|reference| row(reference, "units.0.depthwise")[field] = value.clone());
        assert_eq!(differing(&comparison), ["units.0.depthwise"], "{field}");
    }
    let comparison = against(|reference| row(reference, "units.0.depthwise")["mean"] = json!(null));
    assert!(comparison.agrees(), "values that the reference lacks are not compared");
}

#[test]
fn the_result_is_compared() {
    let scaled = |reference: &mut Value, factor: f64| {
        for logit in reference["logits"].as_array_mut().unwrap() {
            *logit = json!(logit.as_f64().unwrap() * factor);
        }
    };
    assert!(against(|reference| scaled(reference, 1.0009)).agrees());
    assert!(!against(|reference| scaled(reference, 1.0011)).agrees());
    assert!(!against(|reference| reference["argmax"] = json!(0)).agrees());
    let comparison = against(|reference| {
        reference["logits"].as_array_mut().unwrap().push(json!(0.0));
    });
    assert_eq!(comparison.logits.unwrap().error, None);
}

#[test]
fn the_first_difference_is_where_the_networks_part() {
    let comparison = with("silu -> gate: gate", "relu -> gate: gate");
    let first = &comparison.layers.differing[0];
    assert_eq!((&*first.path, first.after.as_deref()), ("units.0.gate.reduce", Some("units.0.norm1")));
    assert_eq!(differing(&with("batch_norm(eps = 1e-3)", "batch_norm(eps = 2e-2)"))[0], "stem.1");
    assert_eq!(differing(&with("conv(16, 3, 2", "conv(16, 3, 2, pad = [0, 1, 0, 1]"))[0], "stem.0");
}

#[test]
fn other_inputs_are_not_computed() {
    let comparison = with("image[3, 64, 64]", "image[3, 32, 32]");
    assert!(!comparison.agrees() && comparison.logits.is_none());
    assert_eq!(comparison.inputs.found, [[3, 32, 32]]);
}

/// As timm's `BatchNormAct2d`: a module that owns a norm's weights and holds an activation, whose result is the
/// activation's.
#[test]
fn a_module_may_take_in_what_follows_its_weights() {
    let activation = |reference: &Value| {
        let rows = reference["layers"].as_array().unwrap();
        rows.iter().find(|row| row["path"] == "stem.2").unwrap().clone()
    };
    let comparison = against(|reference| {
        let (mean, std) = (activation(reference)["mean"].clone(), activation(reference)["std"].clone());
        let norm = row(reference, "stem.1");
        (norm["leaf"], norm["mean"], norm["std"]) = (json!(false), mean, std);
    });
    assert!(comparison.agrees(), "{:#?}", comparison.layers.differing);
    // A further one's result is not its own.
    let comparison = against(|reference| {
        let wrong = row(reference, "units.0.norm1")["mean"].clone();
        row(reference, "stem.1")["mean"] = wrong;
    });
    assert_eq!(differing(&comparison), ["stem.1"]);
}

#[test]
fn a_module_that_runs_twice_differs_from_a_node() {
    let comparison = against(|reference| {
        let twice = row(reference, "head").clone();
        reference["layers"].as_array_mut().unwrap().push(twice);
    });
    assert_eq!(differing(&comparison), ["head"]);
    assert_eq!(comparison.layers.differing[0].runs, 2);
}

/// As a transformer's encoder, which owns the positions' embedding beside all its layers.
#[test]
fn a_module_that_only_holds_others_is_compared_by_its_weights_alone() {
    let arch = "arch net { input image[2, 2, 2]; fc: conv(2, 1); add { identity; enc: { shift: param([2, 1, 1]) } } ; output y }";
    let layer = |path: &str, leaf: bool| json!({"path": path, "leaf": leaf, "output": [7], "params": 1, "macs": 1, "mean": 0.0, "std": 1.0});
    let mut reference = json!({
        "input": [2, 2, 2], "params": 8, "buffers": 0, "macs": 16, "logits": [0.0], "argmax": 0,
        "state": {"fc.weight": [2, 2, 1, 1], "fc.bias": [2], "enc.shift": [2, 1, 1]},
        "layers": [layer("enc", false)],
    });
    let compare = |reference: &Value| {
        let reference = Reference::parse(reference.to_string().as_bytes(), "reference.json").unwrap();
        Comparison::of(&expand(arch), &reference, &Device::Cpu).unwrap()
    };
    let comparison = compare(&reference);
    assert!(comparison.weights.agree(), "{:?}", comparison.weights);
    assert_eq!(comparison.layers.compared, 0);
    reference["layers"][0]["leaf"] = json!(true);
    assert_eq!(differing(&compare(&reference)), ["enc"]);
}

#[test]
fn a_reference_may_have_other_names() {
    let other = REFERENCE.replace("\"head.", "\"classifier.").replace("\"head\"", "\"classifier\"");
    let reference = Reference::parse(other.as_bytes(), "reference.json").unwrap();
    assert!(!Comparison::of(&expand(NET), &reference, &Device::Cpu).unwrap().agrees());

    let mut names = Names::default();
    names.push("classifier.{x}", "head.{x}").unwrap();
    let renamed = reference.clone().renamed(&names).unwrap();
    let comparison = Comparison::of(&expand(NET), &renamed, &Device::Cpu).unwrap();
    assert!(comparison.weights.agree());
    // The file was made with the weights of the name `head`: values are computed from the reference's own names.
    assert_eq!(differing(&comparison), ["head"]);

    names.push("{x}.weight", "w").unwrap();
    let error = reference.renamed(&names).unwrap_err();
    assert!(error.message.contains("would both become `w`"), "{}", error.message);
}

#[test]
fn what_is_wrong_with_a_reference_is_told() {
    let reason = |text: &str| {
        let error = Reference::parse(text.as_bytes(), "net.json").unwrap_err();
        assert_eq!(error.code, Code::BAD_REFERENCE);
        error.message.strip_prefix("can't compare with the reference `net.json`: ").unwrap().to_string()
    };
    let changed = |field: &str, value: Value| {
        let mut reference: Value = serde_json::from_str(REFERENCE).unwrap();
        match value {
            Value::Null => drop(reference.as_object_mut().unwrap().remove(field)),
            value => reference[field] = value,
        }
        reason(&reference.to_string())
    };
    assert_eq!(reason(" \n"), "it is empty");
    assert!(
        reason("{\"input\":\n [3, oops").starts_with("expected value at line 2 column 6, after `{\"input\":\\n [3, o`")
    );
    assert!(reason("[1]").starts_with("invalid type: integer `1`, expected"), "{}", reason("[1]"));
    assert!(changed("state", Value::Null).starts_with("missing field `state`"));
    assert!(changed("params", json!(-1)).starts_with("invalid value: integer `-1`, expected u64"));
    assert!(changed("logits", json!(["1"])).contains("invalid type: string \"1\", expected f64"));
    assert!(changed("layers", json!([{"path": "head"}])).starts_with("missing field `leaf`"));
    assert_eq!(changed("argmax", json!(10)), "`argmax` is 10, and there are 10 `logits`");
    let cut_off = reason(&REFERENCE[..REFERENCE.len() / 2]);
    assert!(cut_off.starts_with("EOF while parsing"), "{cut_off}");
    assert!(
        reason(&"[".repeat(100_000)).contains("recursion limit")
            || reason(&"[".repeat(100_000)).contains("invalid type")
    );
}
