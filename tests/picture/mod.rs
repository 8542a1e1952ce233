//! Pictures of graphs: nothing overlaps, and everything is inside its frame.

mod browser;
mod page;
mod report;

use archc::analyse::analyse;
use archc::diagnostic::Diagnostics;
use archc::expand::{Program, Settings};
use archc::ir::Graph;
use archc::picture::layout::{Placed, Shown, place, turn};
use archc::picture::outline::Outline;
use archc::picture::words;
use archc::source::SourceMap;

fn graph_of(text: &str) -> Graph {
    let mut sources = SourceMap::new();
    let file = sources.add("net.arch", text);
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(&mut sources, file, &mut diagnostics);
    let graph = program.expand(&mut sources, "net", &Settings::default(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{:?}", diagnostics.into_sorted());
    graph.unwrap()
}

/// Checks that no link turns through a shape that is written in the same frame.
fn assert_shapes_are_clear(placed: &Placed, graph: &Graph, what: &str) {
    let turns: Vec<[(f64, f64); 2]> = placed
        .wires
        .iter()
        .filter(|wire| !wire.around)
        .flat_map(|wire| wire.points.windows(2).map(|pair| [pair[0], pair[1]]))
        .filter(|[from, to]| (from.0 - to.0).abs() > 0.01)
        .collect();
    for wire in &placed.wires {
        let Some((x, y)) = wire.label else { continue };
        let text = words::shape(graph, wire.tensor);
        let (right, top) = (x + words::label_width(&text), y - 7.0);
        for [from, to] in &turns {
            if from.1 > y || to.1 < top || from.0.min(to.0) > right || from.0.max(to.0) < x {
                continue;
            }
            let [leave, arrive] = turn(*from, *to);
            for step in 0..=200 {
                let t = f64::from(step) / 200.0;
                let at = |a: f64, b: f64, c: f64, d: f64| {
                    let s = 1.0 - t;
                    s.powi(3) * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t.powi(3) * d
                };
                let (over, down) = (at(from.0, leave.0, arrive.0, to.0), at(from.1, leave.1, arrive.1, to.1));
                let inside = over > x && over < right && down > top && down < y;
                assert!(!inside, "{what}: a link crosses {text} of {:?}", graph.node(wire.tensor).path);
            }
        }
    }
    placed.spots.iter().for_each(|spot| assert_shapes_are_clear(&spot.placed, graph, what));
}

/// Checks what is in a part, and counts the boxes.
fn assert_in_place(placed: &Placed, what: &str) -> usize {
    let mut boxes = usize::from(!placed.open);
    for (index, spot) in placed.spots.iter().enumerate() {
        let (right, bottom) = (spot.x + spot.placed.width, spot.y + spot.placed.height);
        assert!(spot.x >= 0.0 && spot.y >= 0.0, "{what}: {:?} leaves its frame", spot.placed.words);
        assert!(right <= placed.width && bottom <= placed.height, "{what}: {:?} leaves its frame", spot.placed.words);
        for other in &placed.spots[index + 1..] {
            let apart = right <= other.x
                || other.x + other.placed.width <= spot.x
                || bottom <= other.y
                || other.y + other.placed.height <= spot.y;
            assert!(apart, "{what}: {:?} and {:?} overlap", spot.placed.words, other.placed.words);
        }
        boxes += assert_in_place(&spot.placed, what);
    }
    boxes
}

fn assert_drawn_well(graph: &Graph) {
    let report = analyse(graph).unwrap();
    let outline = Outline::new(graph, &report);
    for depth in 0..=outline.depth() {
        for unfold in [false, true] {
            let boxes = outline.drawn(depth, unfold);
            if boxes <= 600 {
                let what = format!("{} at depth {depth}", graph.name);
                let placed = place(&outline, Shown { depth, unfold });
                assert_eq!(assert_in_place(&placed, &what), boxes, "{what}");
                assert_shapes_are_clear(&placed, graph, &what);
            }
        }
    }
}

#[test]
fn every_architecture_of_the_zoo_is_drawn_without_overlaps() {
    for (family, text) in SourceMap::zoo() {
        for name in archc::source::arch_names(text) {
            let mut sources = SourceMap::new();
            let target = sources.open_target(&format!("zoo:{name}")).unwrap();
            let mut diagnostics = Diagnostics::new();
            let program = Program::load(&mut sources, target.file, &mut diagnostics);
            // Some need arguments.
            if let Some(graph) = program.expand(&mut sources, name, &Settings::default(), &mut diagnostics) {
                assert!(!graph.is_empty(), "{family}");
                assert_drawn_well(&graph);
            }
        }
    }
}

#[test]
fn scopes_that_are_left_and_entered_again_get_no_frame() {
    let graph = graph_of(
        "arch net { input x[4, 8, 8]\n \"m.0\": conv(4, 1) -> add(x) -> \"n.0\": conv(4, 1) -> add(x) -> \"m.1\": conv(4, 1)\n \
         output y }",
    );
    let report = analyse(&graph).unwrap();
    let outline = Outline::new(&graph, &report);
    assert_eq!(outline.depth(), 0);
    assert_drawn_well(&graph);
}

#[test]
fn many_long_links_and_wide_rows_are_drawn() {
    let branches: String = (0..60).map(|index| format!("  conv({}, 3) -> relu\n", index % 7 + 1)).collect();
    assert_drawn_well(&graph_of(&format!("arch net {{\n input x[4, 8, 8]\n concat {{\n{branches} }}\n output y\n}}")));
    let layers: String = (0..70).map(|index| format!(" c{index}: conv(4, 1)\n")).collect();
    let names: Vec<String> = (0..69).map(|index| format!("c{index}")).collect();
    let text = format!("arch net {{\n input x[4, 8, 8]\n{layers} add({})\n output y\n}}", names.join(", "));
    assert_drawn_well(&graph_of(&text));
}

#[test]
fn long_networks_without_blocks_end() {
    let text =
        "arch net { input x[4, 8, 8]\n repeat 30_000 { conv(4, 1) -> add(x) -> conv(3, 1) -> conv(4, 1) }\n output y }";
    let graph = graph_of(text);
    let report = analyse(&graph).unwrap();
    let outline = Outline::new(&graph, &report);
    assert!(outline.drawn(9, false) > 100_000);
}
