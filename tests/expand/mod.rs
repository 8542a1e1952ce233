//! What programs expand to, and what is said where they do not.

mod robust;

use std::fmt::Write;
use std::path::Path;

use archc::diagnostic::{Diagnostics, Style, render};
use archc::expand::{Program, Settings};
use archc::ir::Graph;
use archc::source::SourceMap;

/// Every node, its op, its shape and what it reads; then the outputs.
fn listing(graph: &Graph) -> String {
    let mut out = format!("arch {}\n", graph.name);
    for (id, node) in graph.nodes() {
        let op = node.op.def().name;
        let detail = node.op.detail();
        let op = if detail.is_empty() { op.to_string() } else { format!("{op} {detail}") };
        let inputs: Vec<&str> = graph.inputs(id).into_iter().map(|input| &*graph.node(input).path).collect();
        let reads = if inputs.is_empty() { String::new() } else { format!(" <- {}", inputs.join(", ")) };
        writeln!(out, "  {:<24} {op:<28} {}{reads}", node.path, node.output).unwrap();
    }
    for output in graph.outputs() {
        let side = if output.main { "" } else { " (side)" };
        writeln!(out, "  output {}{side} <- {}", output.name, graph.node(output.node).path).unwrap();
    }
    out
}

/// Loads and expands all of a file, as `archc check` does.
fn check(path: &Path) -> (Vec<Graph>, Diagnostics, SourceMap) {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let shown = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
    let file = sources.open(shown.to_str().unwrap()).unwrap();
    let program = Program::load(&mut sources, file, &mut diagnostics);
    let mut graphs = Vec::new();
    for arch in program.archs().iter().filter(|arch| arch.is_complete()) {
        graphs.extend(program.expand(&mut sources, &arch.name, &Settings::default(), &mut diagnostics));
    }
    (graphs, diagnostics, sources)
}

/// Takes the folders of this machine out of a report.
fn portable(report: &str) -> String {
    report.replace(env!("CARGO_MANIFEST_DIR"), "/archc")
}

fn snapshot(kind: &str, text: &str) {
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(kind, text) });
}

#[test]
fn programs_expand_as_the_language_says() {
    insta::glob!("../ok/expand", "*.arch", |path| {
        let (graphs, diagnostics, sources) = check(path);
        let reports: String =
            diagnostics.into_sorted().iter().map(|found| render(found, &sources, Style::PLAIN)).collect();
        assert!(reports.is_empty(), "{reports}");
        let source = std::fs::read_to_string(path).unwrap();
        let listings: Vec<String> = graphs.iter().map(listing).collect();
        snapshot("graph", &format!("{source}\n----- GRAPH\n{}", listings.join("\n")));
    });
}

#[test]
fn mistakes_are_reported() {
    insta::glob!("../errors/expand", "*.arch", |path| {
        let (_, diagnostics, sources) = check(path);
        assert!(!diagnostics.is_empty(), "no diagnostics");
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert_eq!(diagnostics.has_errors(), !name.starts_with("warn_"), "only files called `warn_...` have no errors");
        let reports: String =
            diagnostics.into_sorted().iter().map(|found| render(found, &sources, Style::PLAIN)).collect();
        let source = std::fs::read_to_string(path).unwrap();
        snapshot("error", &portable(&format!("----- SOURCE\n{source}\n----- REPORT\n{reports}")));
    });
}
