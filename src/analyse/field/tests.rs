use super::{Field, fields, image_size, last_map};
use crate::diagnostic::Diagnostics;
use crate::expand::{Program, Settings};
use crate::ir::Graph;
use crate::source::SourceMap;

fn graph(body: &str) -> Graph {
    let mut sources = SourceMap::new();
    let file = sources.add("net.arch", &format!("arch net() {{\n{body}\n}}\n"));
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(&mut sources, file, &mut diagnostics);
    let graph = program.expand(&mut sources, "net", &Settings::default(), &mut diagnostics);
    graph.unwrap_or_else(|| panic!("{:?}", diagnostics.into_sorted()))
}

/// Size, stride and centre of the last node along rows and columns.
fn last(body: &str) -> Field {
    fields(&graph(body)).pop().unwrap().unwrap()
}

fn pixels(field: Field) -> [u64; 2] {
    field.size.map(|size| size.expect("not the whole image"))
}

#[test]
fn windows_add_up() {
    let field = last("input image[3, 64, 64]\nconv(8, 3) -> conv(8, 3, 2) -> relu -> max_pool(3, 2, pad = 1)");
    // 3, then 2 * 1 more, then 2 * 2 more.
    assert_eq!((pixels(field), field.stride), ([9, 9], [Some(4.0), Some(4.0)]));
    assert_eq!(field.centre, [Some(0.0), Some(0.0)]);
    let field = last("input image[3, 64, 64]\nconv(8, [1, 5], dilation = 2) -> conv(8, 2, 2, pad = 0)");
    assert_eq!((pixels(field), field.centre), ([2, 10], [Some(0.5), Some(0.5)]));
}

#[test]
fn branches_are_united() {
    // The second branch reads 5 pixels around the 3 of the first.
    let field = last("input image[3, 32, 32]\nconcat { conv(4, 3); conv(4, 3) -> conv(4, 3); identity }");
    assert_eq!((pixels(field), field.centre), ([5, 5], [Some(0.0), Some(0.0)]));
    // Centres 0 and 2 apart: the union is longer than each, and its centre lies between.
    let field = last("input image[3, 32, 32]\nadd { conv(3, 3, pad = [2, 0, 1, 1]); conv(3, 3, pad = [0, 2, 1, 1]) }");
    assert_eq!((pixels(field), field.centre), ([5, 3], [Some(0.0), Some(0.0)]));
    // Strides 1 and 2 at one size: no stride, and what is furthest apart is the most.
    let field = last("input image[3, 8, 8]\nadd { conv(3, 1, 2); slice(2, 0, 4) -> slice(3, 0, 4) }");
    assert_eq!((pixels(field), field.stride, field.centre), ([4, 4], [None; 2], [None; 2]));
}

#[test]
fn enlarged_images_have_fractional_strides() {
    let field = last("input image[3, 8, 8]\nupsample(2) -> conv(4, 3)");
    // Three places of an image twice as large lie on two pixels.
    assert_eq!((pixels(field), field.stride), ([2, 2], [Some(0.5), Some(0.5)]));
    assert_eq!(field.centre, [Some(-0.25), Some(-0.25)]);
    let field = last("input image[3, 8, 8]\nconv(4, 3, 2) -> conv_transpose(4, 2, 2) -> add { identity; conv(4, 1) }");
    assert_eq!((pixels(field), field.stride), ([3, 3], [Some(1.0), Some(1.0)]));
    let field = last("input image[3, 9, 9]\nadaptive_avg_pool(4)");
    assert_eq!((pixels(field), field.stride), ([3, 3], [Some(2.25), Some(2.25)]));
    for mode in ["", ", align_corners = true"] {
        let field = last(&format!("input image[3, 8, 8]\nupsample(2, mode = \"bilinear\"{mode})"));
        assert_eq!(pixels(field), [2, 2], "{mode}");
    }
    let field = last("input image[4, 8, 8]\npixel_shuffle(2)");
    assert_eq!((pixels(field), field.stride), ([1, 1], [Some(0.5), Some(0.5)]));
}

#[test]
fn some_values_read_the_whole_image() {
    for end in ["global_avg_pool", "flatten", "mean([2, 3])", "flatten(2)"] {
        let field = last(&format!("input image[3, 8, 8]\nconv(4, 3) -> {end}"));
        assert_eq!((field.size, field.stride, field.is_map), ([None; 2], [None; 2], false), "{end}");
    }
    // A gate makes every place depend on all, and places stay places.
    let gated = "input image[3, 8, 8]\nconv(4, 3, 2) -> mul { identity; global_avg_pool -> conv(4, 1) -> sigmoid }";
    let field = last(gated);
    assert_eq!((field.size, field.stride, field.is_map), ([None; 2], [Some(2.0); 2], true));
    // One place that saw less stays what it was.
    let field = last("input image[3, 8, 8]\nconv(4, 7, pad = 0, stride = 7) -> flatten -> linear(3)");
    assert_eq!(field.size, [Some(7), Some(7)]);
    let field = last("input image[3, 8, 8]\nmean(3) -> relu");
    assert_eq!((field.size, field.stride), ([Some(1), None], [Some(1.0), None]));
    // Along rows.
    assert_eq!(last("input image[3, 8, 8]\nmean(3) -> linear(4)").size, [None, None]);
}

#[test]
fn axes_are_followed_when_they_move() {
    let field =
        last("input image[3, 16, 8]\nconv(4, [3, 5]) -> permute([2, 3, 1]) -> permute([3, 1, 2]) -> conv(2, 3)");
    assert_eq!(pixels(field), [5, 7]);
    let field = last("input image[4, 16, 16]\ntranspose(2, 3) -> conv(4, [3, 1]) -> subsample([1, 2])");
    assert_eq!((pixels(field), field.stride), ([1, 3], [Some(2.0), Some(1.0)]));
}

#[test]
fn what_reads_no_image_has_no_field() {
    assert_eq!(fields(&graph("input tokens[16, 8]\nlinear(4)")), [None, None]);
    assert_eq!(image_size(&graph("input tokens[16, 8]\nlinear(4)")), None);
}

#[test]
fn the_last_map_is_what_is_pooled() {
    let graph = graph("input image[3, 8, 8]\nm: conv(4, 3, 2)\nglobal_avg_pool -> flatten -> linear(2)");
    let node = last_map(&graph, &fields(&graph)).unwrap();
    assert_eq!(&*graph.node(node).path, "m");
}

#[test]
fn strides_without_end_are_the_whole_image() {
    let layers = "upsample(1000) -> max_pool(1001, 999) -> ".repeat(3);
    let field = last(&format!("input image[1, 2, 2]\n{layers}relu"));
    assert_eq!(field.size, [None, None]);
}
