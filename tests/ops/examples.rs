//! The example of every op checks, and uses the op.

use archc::diagnostic::{Diagnostics, Style, render};
use archc::expand::{Program, Settings};
use archc::ops::{ALL, OpDef};
use archc::source::SourceMap;

/// What is wrong with an op's example, if anything.
fn complaint(def: &OpDef) -> Option<String> {
    let body: String = def.example.lines().map(|line| format!("  {line}\n")).collect();
    let mut sources = SourceMap::new();
    let file = sources.add("example.arch", &format!("arch example {{\n{body}}}\n"));
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(&mut sources, file, &mut diagnostics);
    let graph = program.expand(&mut sources, "example", &Settings::default(), &mut diagnostics);
    let reports: Vec<String> =
        diagnostics.into_sorted().iter().map(|found| render(found, &sources, Style::PLAIN)).collect();
    if !reports.is_empty() {
        return Some(format!("`{}`:\n{}", def.name, reports.join("\n")));
    }
    let Some(graph) = graph else { return Some(format!("`{}`: no graph", def.name)) };
    // `identity` stands for the flow and makes no node.
    let uses = def.name == "identity" || graph.nodes().any(|(_, node)| node.op.def().name == def.name);
    (!uses).then(|| format!("`{}` is not in its example", def.name))
}

#[test]
fn every_example_checks_and_uses_its_op() {
    let complaints: Vec<String> = ALL.iter().filter_map(|def| complaint(def)).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
