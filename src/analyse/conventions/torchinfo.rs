//! torchinfo 1.8.0, "Total mult-adds" of `summary(model, (1, ...))`: `LayerInfo.calculate_macs`.

use super::Texts;
use super::applied::Applied;

pub(super) static TEXTS: Texts = Texts {
    name: "torchinfo",
    source: "the \"Total mult-adds\" of torchinfo 1.8.0",
    includes: &[
        "Of modules with parameters and no modules inside; a multiply-accumulate is one.",
        "Convolutions: weights and biases, at every place of the result.",
        "All others: each weight and bias once an image, also where a linear layer runs at many places.",
        "No matrix products, no attention, no ops without parameters.",
    ],
};

pub(super) fn count(node: &Applied<'_>) -> u64 {
    let learned = node.values("weight").saturating_add(node.values("bias"));
    match node.op {
        "conv" | "depthwise_conv" | "conv_transpose" => learned.saturating_mul(node.output_places()),
        _ => learned.saturating_mul(node.first()),
    }
}
