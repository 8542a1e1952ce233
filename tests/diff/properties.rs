//! What holds for the differences of any two architectures.

use archc::analyse::{Report, Sums};
use archc::diff::{Diff, Entry, Kind, diff};
use archc::ir::Graph;
use archc::source::{SourceMap, arch_names};
use proptest::prelude::*;

use super::graph;

fn compare(a: &(Graph, Report), b: &(Graph, Report)) -> Diff {
    diff((&a.0, &a.1), (&b.0, &b.1))
}

/// An entry as it is seen from the other side.
fn mirrored(entry: &Entry) -> Entry {
    let attributes = entry.attributes.iter().cloned().map(|mut attribute| {
        std::mem::swap(&mut attribute.before, &mut attribute.after);
        attribute
    });
    let mut attributes: Vec<_> = attributes.collect();
    attributes.sort_by_key(|attribute| attribute.name);
    Entry { before: entry.after.clone(), after: entry.before.clone(), attributes }
}

/// The entries in an order that does not depend on the side.
fn sorted(entries: impl Iterator<Item = Entry>) -> Vec<String> {
    let mut shown: Vec<String> = entries
        .map(|mut entry| {
            entry.attributes.sort_by_key(|attribute| attribute.name);
            format!("{entry:?}")
        })
        .collect();
    shown.sort_unstable();
    shown
}

fn assert_laws(a: &(Graph, Report), b: &(Graph, Report)) {
    assert!(compare(a, a).is_empty() && compare(b, b).is_empty());
    let (there, back) = (compare(a, b), compare(b, a));
    assert_eq!(sorted(there.entries.iter().map(mirrored)), sorted(back.entries.iter().cloned()));
    // What the changes cost is what the totals differ by.
    let figures =
        |sums: &Sums| [sums.params, sums.buffers, sums.macs, sums.flops, sums.activation_elements].map(i128::from);
    let mut after = figures(&there.before.sums);
    for entry in &there.entries {
        let (old, new) = entry.sums();
        for (figure, (old, new)) in after.iter_mut().zip(figures(&old).into_iter().zip(figures(&new))) {
            *figure += new - old;
        }
    }
    assert_eq!(after, figures(&there.after.sums));
    let count = |kind| there.entries.iter().filter(|entry| entry.kind() == kind).count();
    assert_eq!(there.after.nodes + count(Kind::Removed), there.before.nodes + count(Kind::Added));
    if there.is_empty() {
        assert_eq!((a.0.len(), a.1.total), (b.0.len(), b.1.total));
    }
}

#[test]
fn nothing_differs_from_itself() {
    for (_, text) in SourceMap::zoo() {
        for name in arch_names(text).filter(|name| *name != "cifar_resnet1202") {
            let mut sources = SourceMap::new();
            let mut diagnostics = archc::diagnostic::Diagnostics::new();
            let file = sources.add("zoo.arch", text);
            let program = archc::expand::Program::load(&mut sources, file, &mut diagnostics);
            let arch = program.archs().iter().find(|arch| &*arch.name == name).unwrap();
            if arch.is_complete() {
                let one = graph(text, Some(name));
                assert!(compare(&one, &one).is_empty(), "{name}");
            }
        }
    }
}

#[test]
fn the_laws_hold_for_unlike_networks() {
    let zoo = |family: &str, name: &str| {
        let (_, text) = SourceMap::zoo().find(|(other, _)| *other == family).unwrap();
        graph(text, Some(name))
    };
    let nets = [
        zoo("resnet", "resnet50"),
        zoo("googlenet", "googlenet"),
        zoo("mobilenet", "mobilenet_v2"),
        zoo("densenet", "densenet121"),
    ];
    for (index, a) in nets.iter().enumerate() {
        for b in &nets[index + 1..] {
            assert_laws(a, b);
        }
    }
}

#[test]
fn one_block_among_a_thousand_is_found() {
    let net = |special: usize| {
        let unit = "block unit(k) { residual { conv(4, k, bias = false) -> bn -> relu -> conv(4, k, bias = false) -> bn }; relu }";
        let body = format!("layer: repeat 600 as i {{ unit(if i == {special} then 5 else 3) }}");
        graph(&format!("{unit}\narch net {{ input image[4, 8, 8]; {body}; output y }}"), None)
    };
    let found = compare(&net(600), &net(317));
    let changed: Vec<&str> = found.entries.iter().map(|entry| &*entry.after.as_ref().unwrap().path).collect();
    assert_eq!(changed, ["layer.317.conv1", "layer.317.conv2"]);
}

/// A line of a body: what it does to the flow, and how it may be put.
fn line() -> impl Strategy<Value = String> {
    let conv =
        (1usize..4, prop_oneof![Just(1), Just(3)]).prop_map(|(width, kernel)| format!("conv({}, {kernel})", 4 * width));
    let op = prop_oneof![
        4 => conv,
        2 => Just("relu".to_string()),
        2 => Just("bn".to_string()),
        1 => Just("silu".to_string()),
        1 => Just("max_pool(3, 1, pad = 1)".to_string()),
        1 => Just("mul(0.5)".to_string()),
    ];
    let stage = proptest::collection::vec(op, 1..4).prop_map(|ops| ops.join(" -> "));
    (stage, 0..8usize).prop_map(|(stage, form)| match form {
        0 => format!("residual {{ {stage} -> conv(8, 1) }} shortcut {{ conv(8, 1) }}"),
        1 => format!("concat {{ identity; {stage} }}"),
        2 => format!("\"s{{n}}\": seq {{ {stage} }}"),
        3 => format!("unit({})", 4 * (stage.len() % 3 + 1)),
        _ => stage,
    })
}

fn program(lines: &[String]) -> String {
    let lines: Vec<String> =
        lines.iter().enumerate().map(|(index, line)| line.replace("{n}", &index.to_string())).collect();
    let body = lines.join("\n  ");
    let unit = "block unit(width) { conv(width, 3) -> bn -> relu }";
    format!("{unit}\narch net {{\n  input image[3, 8, 8]\n  {body}\n  output y\n}}\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_laws_hold_for_edited_programs(
        lines in proptest::collection::vec(line(), 1..12),
        edits in proptest::collection::vec((0usize..12, 0..3usize, line()), 0..4),
    ) {
        let mut edited = lines.clone();
        for (place, edit, line) in edits {
            let place = place % (edited.len() + 1);
            match edit {
                0 => edited.insert(place, line),
                1 if place < edited.len() && edited.len() > 1 => drop(edited.remove(place)),
                2 if place < edited.len() => edited[place] = line,
                _ => {}
            }
        }
        assert_laws(&graph(&program(&lines), None), &graph(&program(&edited), None));
    }
}
