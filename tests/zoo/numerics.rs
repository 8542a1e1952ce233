//! What architectures compute, against PyTorch, for weights and an input that are computed from names alone.

use std::collections::BTreeMap;

use archc::lower::Model;
use archc::weights::{Hashed, hash_values};
use candle_core::{Device, Tensor};
use serde_json::Value;

use super::reference::reference;

/// The largest difference allowed, relative to the logits' norm or to a layer's deviation.
const TOLERANCE: f64 = 1e-3;

macro_rules! computes_as_pytorch {
    ($($arch:ident)*) => { $(#[test] fn $arch() { compare(stringify!($arch)); })* };
}

computes_as_pytorch! {
    alexnet alexnet_paper
    vgg11 vgg16 vgg16_bn vgg19
    resnet18 resnet34 resnet50 resnet101 resnet152 wide_resnet50_2 resnext50_32x4d
    cifar_resnet110 cifar_resnet1202 preact_resnet164 preact_resnet1001
    googlenet googlenet_paper inception_v2 inception_v3 inception_v4 inception_resnet_v1 inception_resnet_v2
    xception mobilenet_v1 mobilenet_v2 squeezenet1_0 squeezenet1_1 densenet121 efficientnet_b0 efficientnet_lite0
}

fn compare(arch: &str) {
    let wanted = reference(arch);
    let graph = super::expand(arch);
    let norm_scale = wanted["norm_scale"].as_f64().expect("a number") as f32;
    let model = Model::new(&graph, &Hashed { norm_scale }, &Device::Cpu).expect("all weights fit");

    let shape: Vec<usize> =
        wanted["input"].as_array().expect("an array").iter().map(|dim| dim.as_u64().unwrap() as usize).collect();
    let values: Vec<f32> = hash_values("input", shape.iter().product()).map(|u| 2.0 * u).collect();
    let input = Tensor::from_vec(values, [&[1], shape.as_slice()].concat(), &Device::Cpu).unwrap();

    let layers = statistics(&wanted);
    let mut differences = Vec::new();
    let outputs = model
        .observe(&[input], |node, result| {
            let path = &*graph.node(node).path;
            if let Some((mean, deviation)) = layers.get(path) {
                let (own_mean, own_deviation) = moments(result)?;
                let allowed = TOLERANCE * deviation;
                if (own_mean - mean).abs() > allowed || (own_deviation - deviation).abs() > allowed {
                    differences.push(format!(
                        "{path}: mean {mean}, deviation {deviation} in the reference, {own_mean} and {own_deviation} here"
                    ));
                }
            }
            Ok(())
        })
        .unwrap();
    differences.truncate(5);
    assert!(differences.is_empty(), "the first layers of {arch} that differ:\n  {}", differences.join("\n  "));

    let logits: Vec<f64> =
        wanted["logits"].as_array().expect("an array").iter().map(|value| value.as_f64().unwrap()).collect();
    let own: Vec<f32> = outputs[0].flatten_all().unwrap().to_vec1().unwrap();
    assert_eq!(own.len(), logits.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let error = norm(&mut own.iter().zip(&logits).map(|(own, wanted)| f64::from(*own) - wanted));
    let relative = error / norm(&mut logits.iter().copied());
    assert!(relative <= TOLERANCE, "{arch}: relative error {relative:e} of the logits");
    let argmax = (0..own.len()).max_by(|a, b| own[*a].total_cmp(&own[*b]));
    assert_eq!(argmax.map(|class| class as u64), wanted["argmax"].as_u64(), "the likeliest class of {arch}");
}

/// Mean and deviation of the result of every layer that has weights and nothing but its op inside: timm's norms, which
/// activate as well, are left out.
fn statistics(reference: &Value) -> BTreeMap<&str, (f64, f64)> {
    let rows = reference["layers"].as_array().expect("an array").iter();
    rows.filter(|row| row["leaf"] == true && row["params"] != 0)
        .map(|row| {
            let number = |name: &str| row[name].as_f64().expect("a number");
            (row["path"].as_str().expect("a string"), (number("mean"), number("std")))
        })
        .collect()
}

/// Mean and deviation (n - 1) of a tensor's values.
fn moments(tensor: &Tensor) -> candle_core::Result<(f64, f64)> {
    let values = tensor.flatten_all()?.to_dtype(candle_core::DType::F64)?;
    let count = values.elem_count() as f64;
    let mean = values.mean_all()?.to_scalar::<f64>()?;
    let squares = values.affine(1.0, -mean)?.sqr()?.sum_all()?.to_scalar::<f64>()?;
    Ok((mean, (squares / (count - 1.0)).sqrt()))
}
