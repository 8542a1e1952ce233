//! Every op's result and gradients against PyTorch's, from `tests/reference/ops.json`, which `make_ops.py` writes.

use std::collections::BTreeSet;

use archc::ir::TensorType;
use archc::ops::{ALL, Operand, Operands, Raw};
use candle_core::{DType, Device, Tensor, Var};
use serde_json::Value;

/// How far a result may be off: this share of its size and of the mean size of all.
const TOLERANCE: f64 = 1e-5;

/// The same in float16, whose precision is 2^-11.
const HALF_TOLERANCE: f64 = 0.02;

fn cases() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/ops.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Numbers in [-1, 1) that follow from a name, as `value` in `make_ops.py` has them.
fn value(name: &str, elements: usize) -> Vec<f64> {
    let hash = name
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
    let at = |index: u64| {
        let mut z = hash.wrapping_add((index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 40) as f64 / f64::from(1 << 24) * 2.0 - 1.0
    };
    (0..elements as u64).map(at).collect()
}

fn tensor(values: impl IntoIterator<Item = f64>, shape: &[usize], device: &Device) -> Tensor {
    let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
    Tensor::from_vec(values, shape, device).unwrap()
}

fn flat(tensor: &Tensor) -> Vec<f64> {
    tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f64::from).collect()
}

fn raw(value: &Value) -> Raw {
    match value {
        Value::Bool(value) => Raw::Bool(*value),
        Value::Number(number) => number.as_i64().map_or_else(|| Raw::Float(number.as_f64().unwrap()), Raw::Int),
        Value::String(text) => Raw::Str(text.clone()),
        Value::Array(items) => Raw::List(items.iter().map(raw).collect()),
        Value::Null | Value::Object(_) => panic!("no argument: {value}"),
    }
}

fn shape(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|size| size.as_u64().unwrap() as usize).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn hold(what: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    let mean = want.iter().map(|value| value.abs()).sum::<f64>() / want.len() as f64;
    for (index, (got, want)) in got.iter().zip(want).enumerate() {
        let off = (got - want).abs();
        assert!(
            off <= tolerance * (want.abs() + mean) + f64::from(f32::MIN_POSITIVE),
            "{what}: at {index} {got}, and PyTorch has {want}"
        );
    }
}

fn check(case: &Value, device: &Device) {
    let name = case["op"].as_str().unwrap();
    let what = format!("{name} {} on {}", case["args"], case["inputs"]);
    let given: Vec<(&str, Raw)> =
        case["args"].as_object().unwrap().iter().map(|(name, value)| (name.as_str(), raw(value))).collect();
    let shapes: Vec<Vec<usize>> = case["inputs"].as_array().unwrap().iter().map(shape).collect();
    let batched = |index: usize| case.get("batched").is_none_or(|batched| batched[index].as_bool().unwrap());
    let operands = match case.get("operands") {
        Some(operands) => operands
            .as_array()
            .unwrap()
            .iter()
            .map(|operand| operand.as_f64().map_or(Operand::Tensor, Operand::Number))
            .collect(),
        None => vec![Operand::Tensor],
    };
    let op = super::make_with(name, &given, operands).unwrap_or_else(|error| panic!("{what}: {error:?}"));

    // Shapes
    let types: Vec<TensorType> = shapes
        .iter()
        .enumerate()
        .map(|(index, shape)| match batched(index) {
            true => TensorType::new(&shape[1..]),
            false => TensorType::unbatched(shape.as_slice()),
        })
        .collect();
    let types: Vec<&TensorType> = types.iter().collect();
    let output = op.infer(&types).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let want = shape(&case["shape"]);
    assert!(output.batched(), "{what}");
    assert_eq!(output.shape(), &want[1..], "{what}");

    // Weights
    let specs = op.weights(&types);
    let no_weights = Vec::new();
    let named = case.get("weights").map_or(&no_weights, |weights| weights.as_array().unwrap());
    let want_weights: Vec<(&str, Vec<usize>)> =
        named.iter().map(|weight| (weight["name"].as_str().unwrap(), shape(&weight["shape"]))).collect();
    let got_weights: Vec<(&str, Vec<usize>)> = specs.iter().map(|spec| (spec.name, spec.shape.clone())).collect();
    assert_eq!(got_weights, want_weights, "{what}");
    let weights: Vec<Var> = specs
        .iter()
        .map(|spec| {
            let values = value(spec.name, spec.elements() as usize);
            assert_eq!(spec.trainable, !spec.name.starts_with("running_"), "{what}");
            let values =
                values.into_iter().map(|value| if spec.name == "running_var" { value * 0.5 + 1.0 } else { value });
            Var::from_tensor(&tensor(values, &spec.shape, device)).unwrap()
        })
        .collect();

    // Values
    let scale = case["scale"].as_f64().unwrap();
    let indices = case.get("indices").and_then(Value::as_f64);
    let inputs: Vec<Var> = shapes
        .iter()
        .enumerate()
        .map(|(index, shape)| {
            let values = value(&format!("input{index}"), shape.iter().product()).into_iter();
            let values = values.map(|value| match indices {
                Some(count) => ((value + 1.0) / 2.0 * count).floor(),
                None => value * scale,
            });
            Var::from_tensor(&tensor(values, shape, device)).unwrap()
        })
        .collect();
    let tensors = |vars: &[Var]| vars.iter().map(|var| var.as_tensor().clone()).collect::<Vec<_>>();
    let result = op.forward(&tensors(&inputs), &tensors(&weights)).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(result.dims(), want, "{what}");
    hold(&what, &flat(&result), &numbers(&case["result"]), TOLERANCE);

    // In float16
    let halves = |vars: &[Var]| -> Vec<Tensor> { vars.iter().map(|var| var.to_dtype(DType::F16).unwrap()).collect() };
    let half = op.forward(&halves(&inputs), &halves(&weights)).unwrap_or_else(|error| panic!("f16 {what}: {error}"));
    assert_eq!(half.dtype(), DType::F16, "{what}");
    hold(&format!("f16 {what}"), &flat(&half.to_dtype(DType::F32).unwrap()), &numbers(&case["result"]), HALF_TOLERANCE);

    // Gradients. candle's own of `gelu` has constants of six digits.
    let tolerance = TOLERANCE * 5.0;
    let loss = (&result * tensor(value("grad", result.elem_count()), &want, device)).unwrap().sum_all().unwrap();
    let gradients = loss.backward().unwrap_or_else(|error| panic!("{what}: {error}"));
    if let Some(want) = case.get("gradient") {
        let got = gradients.get(inputs[0].as_tensor()).unwrap_or_else(|| panic!("{what}: no gradient"));
        hold(&format!("gradient of {what}"), &flat(got), &numbers(want), tolerance);
    }
    let mut want = numbers(&case["weight_gradients"]).into_iter();
    for (spec, weight) in specs.iter().zip(&weights).filter(|(spec, _)| spec.trainable) {
        let got =
            flat(gradients.get(weight.as_tensor()).unwrap_or_else(|| panic!("{what}: no gradient of {}", spec.name)));
        let probe = value(&format!("probe/{}", spec.name), got.len());
        let sum = got.iter().zip(&probe).map(|(got, probe)| got * probe).sum::<f64>();
        let want = want.next().unwrap();
        let size = got.iter().map(|got| got.abs()).sum::<f64>().max(want.abs());
        assert!(
            (sum - want).abs() <= tolerance * size,
            "gradient of {} of {what}: {sum}, and PyTorch has {want}",
            spec.name
        );
    }
}

#[test]
fn results_and_gradients_are_those_of_pytorch() {
    check_all(&Device::Cpu);
}

/// Every case, on a device.
pub fn check_all(device: &Device) {
    let mut failures = Vec::new();
    for case in cases() {
        if let Err(panic) = std::panic::catch_unwind(|| check(&case, device)) {
            let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            failures.push(message);
        }
    }
    assert!(failures.is_empty(), "{} cases fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_op_has_a_case() {
    let covered: BTreeSet<String> = cases().iter().map(|case| case["op"].as_str().unwrap().to_string()).collect();
    let takes_tensors = |operands| !matches!(operands, Operands::Source | Operands::Input);
    let missing: Vec<&str> = ALL
        .iter()
        .filter(|def| takes_tensors(def.operands) && !covered.contains(def.name))
        .map(|def| def.name)
        .collect();
    assert!(missing.is_empty(), "no case of {missing:?}");
}
