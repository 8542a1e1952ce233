//! The shape of every architecture, as a report that a change shows up in.

use std::fmt::Write;

use archc::analyse::{Report, Tree};
use archc::source::{SourceMap, arch_names};

/// About as many lines as a report may have; deeper paths are summed up.
const LINES: usize = 100;

#[test]
fn every_architecture() {
    for (family, text) in SourceMap::zoo() {
        let (_, program, _) = super::load(&format!("archs/{family}.arch"));
        let mut report = String::new();
        for arch in arch_names(text) {
            let known = program.archs().iter().find(|known| *known.name == *arch).expect("it is declared");
            if known.is_complete() {
                describe(&super::costs(arch), &mut report);
            }
        }
        insta::assert_snapshot!(family, report);
    }
}

fn describe(report: &Report, out: &mut String) {
    let tree = Tree::new(report);
    let depth = (1..=tree.depth()).rev().find(|depth| tree.count(*depth) <= LINES).unwrap_or(1);
    let total = &report.total;
    let inputs: Vec<String> = report.inputs.iter().map(|input| format!("{} {:?}", input.name, input.shape)).collect();
    let outputs: Vec<String> =
        report.outputs.iter().map(|output| format!("{} {:?}", output.name, output.shape)).collect();
    writeln!(out, "{}: {} -> {}", report.arch, inputs.join(", "), outputs.join(", ")).unwrap();
    writeln!(
        out,
        "params {}, buffers {}, macs {}, flops {}, activations {}, depth {depth} of {}",
        total.params,
        total.buffers,
        total.macs,
        total.flops,
        total.activation_elements,
        tree.depth()
    )
    .unwrap();
    for entry in tree.walk(depth) {
        let node = &report.nodes[entry.last];
        let what = match (entry.nodes.as_slice(), &entry.block) {
            ([only], _) if entry.children.is_empty() => {
                format!("{} {}", report.nodes[*only].op, report.nodes[*only].detail)
            }
            (_, Some(block)) => block.to_string(),
            (_, None) => String::new(),
        };
        let (params, macs) = (entry.sums.params, entry.sums.macs);
        let indent = "  ".repeat(entry.depth);
        let name = format!("{} {}", entry.name, what.trim());
        writeln!(out, "{indent}{} {:?} {params} {macs}", name.trim_end(), node.output).unwrap();
    }
    out.push('\n');
}
