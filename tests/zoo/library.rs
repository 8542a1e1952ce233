//! The standard library's blocks, each applied once: what it makes of shapes, and what it stores.

use archc::analyse::{Report, analyse};
use archc::diagnostic::Diagnostics;
use archc::expand::{Program, Settings};
use archc::source::SourceMap;

/// Expands a body of an arch, `input image[16, 8, 8]` being written already, that uses a module's blocks.
#[track_caller]
fn expand(imports: &str, body: &str) -> Report {
    let text = format!("use std.{imports}\narch net {{\n  input image[16, 8, 8]\n  {body}\n}}\n");
    let mut sources = SourceMap::new();
    let file = sources.add("net.arch", &text);
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(&mut sources, file, &mut diagnostics);
    let graph = program.expand(&mut sources, "net", &Settings::default(), &mut diagnostics);
    assert!(diagnostics.is_empty(), "{}", super::shown(diagnostics, &sources));
    analyse(&graph.expect("there are no errors")).expect("costs fit")
}

/// The shape that comes out, the parameters, and the names of the nodes with weights.
#[track_caller]
fn check(imports: &str, body: &str, shape: &[usize], params: u64, names: &str) {
    let report = expand(imports, body);
    let last = report.nodes.last().expect("there are nodes");
    assert_eq!(last.output, shape);
    assert_eq!(report.total.params, params);
    let stored = report.nodes.iter().filter(|node| node.sums.params > 0).map(|node| &*node.path);
    assert_eq!(stored.collect::<Vec<_>>().join(" "), names);
}

#[test]
fn conv() {
    check("conv.{conv_bn}", "conv_bn(32, 3, 2)", &[32, 4, 4], 16 * 32 * 9 + 64, "conv_bn1.conv conv_bn1.bn");
    check(
        "conv.{conv_bn_relu}",
        "c: conv_bn_relu(32, [1, 7], groups = 2, norm = group_norm(4), act = silu)",
        &[32, 8, 8],
        8 * 32 * 7 + 64,
        "c.conv c.bn",
    );
    check(
        "conv.{separable_conv}",
        "separable_conv(24, 5, 2)",
        &[24, 4, 4],
        16 * 25 + 16 * 24,
        "separable_conv1.depthwise separable_conv1.pointwise",
    );
    check(
        "conv.{squeeze_excite}",
        "se: squeeze_excite(4)",
        &[16, 8, 8],
        2 * 16 * 4 + 4 + 16,
        "se.conv_reduce se.conv_expand",
    );
}

#[test]
fn residual() {
    let convs = |pairs: &[(u64, u64)]| pairs.iter().map(|(weights, channels)| weights + 2 * channels).sum::<u64>();
    check(
        "residual.{basic}",
        "u: basic(16)",
        &[16, 8, 8],
        convs(&[(16 * 16 * 9, 16), (16 * 16 * 9, 16)]),
        "u.conv1 u.bn1 u.conv2 u.bn2",
    );
    check(
        "residual.{basic}",
        "u: basic(32, 2)",
        &[32, 4, 4],
        convs(&[(16 * 32 * 9, 32), (32 * 32 * 9, 32), (16 * 32, 32)]),
        "u.conv1 u.bn1 u.conv2 u.bn2 u.downsample.0 u.downsample.1",
    );
    check(
        "residual.{basic, zero_pad}",
        "u: basic(33, 2, skip = zero_pad)",
        &[33, 4, 4],
        convs(&[(16 * 33 * 9, 33), (33 * 33 * 9, 33)]),
        "u.conv1 u.bn1 u.conv2 u.bn2",
    );
    check(
        "residual.{bottleneck}",
        "u: bottleneck(4)",
        &[16, 8, 8],
        convs(&[(16 * 4, 4), (4 * 4 * 9, 4), (4 * 16, 16)]),
        "u.conv1 u.bn1 u.conv2 u.bn2 u.conv3 u.bn3",
    );
    check(
        "residual.{preact_basic}",
        "u: preact_basic(32, 2)",
        &[32, 4, 4],
        2 * 16 + 16 * 32 * 9 + 2 * 32 + 32 * 32 * 9 + 16 * 32,
        "u.bn1 u.conv1 u.bn2 u.conv2 u.shortcut",
    );
    check(
        "residual.{preact_bottleneck}",
        "u: preact_bottleneck(4)",
        &[16, 8, 8],
        2 * 16 + 16 * 4 + 2 * 4 + 4 * 4 * 9 + 2 * 4 + 4 * 16,
        "u.bn1 u.conv1 u.bn2 u.conv2 u.bn3 u.conv3",
    );
}

#[test]
fn a_stride_in_the_1x1_makes_the_same_shape_for_fewer_macs() {
    let late = expand("residual.{bottleneck}", "bottleneck(4, 2)").total;
    let early = expand("residual.{bottleneck}", "bottleneck(4, 2, stride_in_1x1 = true)").total;
    assert_eq!(late.params, early.params);
    assert_eq!(late.macs - early.macs, 16 * 4 * (64 - 16));
}

#[test]
fn mobile() {
    check(
        "mobile.{fire}",
        "f: fire(4, 8)",
        &[16, 8, 8],
        (16 * 4 + 4) + (4 * 8 + 8) + (4 * 8 * 9 + 8),
        "f.squeeze f.expand1x1 f.expand3x3",
    );
    check(
        "mobile.{depthwise_separable}",
        "u: depthwise_separable(32, stride = 2)",
        &[32, 4, 4],
        16 * 9 + 32 + 16 * 32 + 64,
        "u.conv_dw u.bn1 u.conv_pw u.bn2",
    );
    check(
        "mobile.{inverted_residual}",
        "u: inverted_residual(16, expand = 2, squeeze = 0.25)",
        &[16, 8, 8],
        (16 * 32 + 64) + (32 * 9 + 64) + (32 * 4 + 4 + 4 * 32 + 32) + (32 * 16 + 32),
        "u.conv_pw u.bn1 u.conv_dw u.bn2 u.se.conv_reduce u.se.conv_expand u.conv_pwl u.bn3",
    );
}

#[test]
fn a_shortcut_is_there_only_where_shapes_allow_it() {
    let adds = |body: &str| {
        let report = expand("mobile.{inverted_residual}", body);
        report.nodes.iter().filter(|node| node.op == "add").count()
    };
    assert_eq!(adds("inverted_residual(16)"), 1);
    assert_eq!(adds("inverted_residual(24)"), 0);
    assert_eq!(adds("inverted_residual(16, stride = 2)"), 0);
}

#[test]
fn channels_are_rounded_to_multiples_but_never_far_down() {
    for (value, rounded) in
        [("32", 32), ("3", 8), ("11.9", 16), ("12", 16), ("17", 16), ("18", 24), ("19", 24), ("20", 24)]
    {
        let shape = [rounded, 8, 8];
        let report = expand("mobile.{make_divisible}", &format!("conv(make_divisible({value}), 1)"));
        assert_eq!(report.nodes[0].output, shape, "of {value}");
    }
}

#[test]
fn dense() {
    let layer = |channels: u64| 2 * channels + channels * 32 + 2 * 32 + 32 * 8 * 9;
    check(
        "dense.{dense_block}",
        "b: dense_block(2, growth = 8)",
        &[32, 8, 8],
        layer(16) + layer(24),
        "b.denselayer1.norm1 b.denselayer1.conv1 b.denselayer1.norm2 b.denselayer1.conv2 \
         b.denselayer2.norm1 b.denselayer2.conv1 b.denselayer2.norm2 b.denselayer2.conv2",
    );
    check("dense.{transition}", "t: transition", &[8, 4, 4], 2 * 16 + 16 * 8, "t.norm t.conv");
}

#[test]
fn inception() {
    let report = expand("inception.{inception}", "inception(4, 2, 8, 2, 4, 4)");
    assert_eq!(report.nodes.last().expect("there are nodes").output, [20, 8, 8]);
    let kernel = |set: &str| expand("inception.{inception}", &format!("inception(4, 2, 8, 2, 4, 4{set})")).total.params;
    assert_eq!(kernel("") - kernel(", kernel5 = 3"), 2 * 4 * (25 - 9));
}
