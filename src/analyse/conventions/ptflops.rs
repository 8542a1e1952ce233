//! ptflops 0.7.5, the first result of `get_model_complexity_info`: hooks on modules and patched functions with
//! `backend="pytorch"` (`pytorch_ops.py`), what PyTorch dispatches with `backend="aten"` (`aten_ops.py`).

use super::Texts;
use super::applied::Applied;

pub(super) static TEXTS: Texts = Texts {
    name: "ptflops",
    source: "what `get_model_complexity_info(..., backend=\"pytorch\")` of ptflops 0.7.5 gives first",
    includes: &[
        "Convolutions, linear layers and attention, with biases, and matrix products; a multiply-accumulate is one.",
        "Batch and group norms: 2 a value, 1 without a scale. Layer norms, `relu6`, `silu`, `softmax`: 1.",
        "`relu`, `elu`, `gelu`, `prelu`, pools (of what they read), `upsample` (of what it writes): 2 as a module, 1 as a function.",
        "`leaky_relu`: 1 as a module. `lrn`: 4, and 1 for each it pads. No other activations, no sums.",
    ],
};

pub(super) static ATEN: Texts = Texts {
    name: "ptflops-aten",
    source: "what `get_model_complexity_info(..., backend=\"aten\")` of ptflops 0.7.5 gives first",
    includes: &[
        "Convolutions, linear layers and the projections of attention, with biases, and matrix products; a multiply-accumulate is one.",
        "Nothing else.",
    ],
};

pub(super) fn count(node: &Applied<'_>) -> u64 {
    // A module's hook counts, and the function that it calls.
    let calls = if node.is_function { 1 } else { 2 };
    match node.op {
        "conv" | "depthwise_conv" | "conv_transpose" | "linear" => count_aten(node),
        "matmul" => node.input().saturating_mul(node.last(1)),
        "batch_norm" | "group_norm" => node.input().saturating_mul(if node.learns() { 2 } else { 1 }),
        "layer_norm" | "relu6" | "silu" | "softmax" => node.input(),
        "relu" | "elu" | "gelu" | "prelu" => node.input().saturating_mul(calls),
        "leaky_relu" => node.input().saturating_mul(calls - 1),
        "max_pool" | "avg_pool" | "adaptive_avg_pool" | "global_avg_pool" | "global_max_pool" => {
            node.input().saturating_mul(calls)
        }
        "upsample" => node.output().saturating_mul(calls),
        "lrn" => local_response_norm(node),
        "attention" => attention(node),
        _ => 0,
    }
}

/// `F.local_response_norm` squares, pools over channels that are padded, multiplies and adds.
fn local_response_norm(node: &Applied<'_>) -> u64 {
    let size = node.number("size").map_or(5, i64::unsigned_abs);
    let padding = node.input_places().saturating_mul(size.saturating_sub(1));
    node.input().saturating_mul(4).saturating_add(padding)
}

/// `multihead_attention_counter_hook`: scaled queries, projections and biases, and each head's products and softmax.
fn attention(node: &Applied<'_>) -> u64 {
    let (width, values) = (node.last(0), node.input());
    let heads = node.number("heads").map_or(1, i64::unsigned_abs);
    let tokens = values.checked_div(width).unwrap_or(0);
    let length = node.output.shape().first().map_or(1, |length| *length as u64);
    let pairs = tokens.saturating_mul(length);
    let each = width.checked_div(heads).unwrap_or(0).saturating_mul(2).saturating_add(1);
    let heads = pairs.saturating_mul(each).saturating_mul(heads);
    count_aten(node).saturating_add(values).saturating_add(heads)
}

pub(super) fn count_aten(node: &Applied<'_>) -> u64 {
    let bias = if node.weight("bias").is_some() { node.output() } else { 0 };
    match node.op {
        "conv" | "depthwise_conv" => node.values("weight").saturating_mul(node.output_places()).saturating_add(bias),
        "conv_transpose" => node.values("weight").saturating_mul(node.input_places()).saturating_add(bias),
        "linear" => node.output().saturating_mul(node.last(0)).saturating_add(bias),
        "matmul" => node.output().saturating_mul(node.last(0)),
        "attention" => node.input().saturating_mul(node.last(0).saturating_add(1)).saturating_mul(4),
        _ => 0,
    }
}
