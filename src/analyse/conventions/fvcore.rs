//! fvcore 0.1.5, `FlopCountAnalysis(model, inputs).total()`: handles for the ops of a trace, `jit_handles.py`.

use super::Texts;
use super::applied::Applied;

pub(super) static TEXTS: Texts = Texts {
    name: "fvcore",
    source: "`FlopCountAnalysis(...).total()` of fvcore 0.1.5.post20221221",
    includes: &[
        "Convolutions, linear layers and matrix products, without biases; a multiply-accumulate is one. Of attention the projections.",
        "Batch norms: 2 a value, 1 without a scale. Layer and group norms: 5, 4 without a scale.",
        "Global and adaptive average pools: 1 for each value read. `upsample`: 1 for each written, 4 if bilinear.",
        "No activations, no other pools, no sums.",
    ],
};

pub(super) fn count(node: &Applied<'_>) -> u64 {
    let affine = u64::from(node.weight("weight").is_some());
    match node.op {
        "conv" | "depthwise_conv" => node.values("weight").saturating_mul(node.output_places()),
        "conv_transpose" => node.values("weight").saturating_mul(node.input_places()),
        "linear" => node.output().saturating_mul(node.last(0)),
        "matmul" => node.input().saturating_mul(node.last(1)),
        "attention" => node.input().saturating_mul(node.last(0)).saturating_mul(4),
        "batch_norm" => node.input().saturating_mul(1 + affine),
        "layer_norm" | "group_norm" => node.input().saturating_mul(4 + affine),
        "global_avg_pool" | "adaptive_avg_pool" => node.input(),
        "upsample" => node.output().saturating_mul(if node.is("mode", "bilinear") { 4 } else { 1 }),
        _ => 0,
    }
}
