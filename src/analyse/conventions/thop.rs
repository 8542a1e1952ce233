//! thop 0.1.1, the first result of `profile(model, inputs)`: hooks on modules, `vision/basic_hooks.py`.

use super::Texts;
use super::applied::Applied;
use crate::ir::TensorType;

pub(super) static TEXTS: Texts = Texts {
    name: "thop",
    source: "what `profile(...)` of thop 0.1.1.post2209072238 gives first",
    includes: &[
        "Convolutions and linear layers, without biases; a multiply-accumulate is one.",
        "Transposed convolutions: as much for each value of the result, wherever the stride leaves gaps.",
        "Batch and layer norms: 4 a value, 2 without a scale. `prelu`: 1. `softmax`: 3 a value, less 1 a row.",
        "Average pools: 1 for each value written; global and adaptive ones also 1 for each read. `upsample`: 1, 11 if bilinear.",
        "No functions, no other activations, no max pools, no group norms, no sums, no matrix products, no attention.",
    ],
};

pub(super) fn count(node: &Applied<'_>) -> u64 {
    match node.op {
        "conv" | "depthwise_conv" => node.values("weight").saturating_mul(node.output_places()),
        "conv_transpose" => transposed(node),
        "linear" => node.output().saturating_mul(node.last(0)),
        "batch_norm" | "layer_norm" => node.input().saturating_mul(if node.learns() { 4 } else { 2 }),
        "prelu" | "softmax" | "avg_pool" | "global_avg_pool" | "adaptive_avg_pool" | "upsample" if node.is_function => {
            0
        }
        "prelu" => node.input(),
        "softmax" => softmax(node),
        "avg_pool" => node.output(),
        "global_avg_pool" | "adaptive_avg_pool" => adaptive(node),
        "upsample" => node.output().saturating_mul(if node.is("mode", "bilinear") { 11 } else { 1 }),
        _ => 0,
    }
}

/// `count_adap_avgpool`: each result costs the mean size of its window and a quotient, in float64, cut to a whole number.
fn adaptive(node: &Applied<'_>) -> u64 {
    let sides = |tensor: &TensorType| tensor.shape().iter().skip(1).map(|size| *size as f64).collect::<Vec<_>>();
    let inputs = node.inputs.first().map(|input| sides(input)).unwrap_or_default();
    let window: f64 = inputs.iter().zip(sides(node.output)).map(|(input, output)| input / output).product();
    ((window + 1.0) * node.output() as f64) as u64
}

/// As if each result were read off a window of all the group's channels.
fn transposed(node: &Applied<'_>) -> u64 {
    let Some(weight) = node.weight("weight") else { return 0 };
    // `weight [channels, out / groups, height, width]`
    let [channels, out, ..] = weight.shape[..] else { return 0 };
    let groups = node.output.shape().first().map_or(1, |all| *all / out.max(1)).max(1);
    let window = weight.shape.iter().skip(2).fold(1u64, |product, size| product.saturating_mul(*size as u64));
    node.output().saturating_mul((channels / groups) as u64).saturating_mul(window)
}

/// Of each row of `n` values, `n` exponentials and quotients and `n - 1` sums.
fn softmax(node: &Applied<'_>) -> u64 {
    let shape = node.output.shape();
    let axis = node.number("axis").unwrap_or(1);
    let back = usize::try_from(axis.unsigned_abs()).unwrap_or(0);
    let size = match axis {
        1.. => shape.get(back - 1),
        _ => shape.len().checked_sub(back).and_then(|place| shape.get(place)),
    };
    let rows = node.input().checked_div(size.map_or(1, |size| *size as u64)).unwrap_or(0);
    node.input().saturating_mul(3).saturating_sub(rows)
}
