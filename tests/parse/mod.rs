//! The syntax: files that parse, mistakes and their reports.

// The tests read the corpus folders themselves.
#![allow(clippy::disallowed_methods)]

use archc::diagnostic::{Diagnostics, Style, render};
use archc::source::SourceMap;

fn parse_report(name: &str, text: &str) -> String {
    let mut sources = SourceMap::new();
    let file = sources.add(name, text);
    let mut diagnostics = Diagnostics::new();
    archc::syntax::parse(&sources, file, &mut diagnostics);
    diagnostics.into_sorted().iter().map(|d| render(d, &sources, Style::PLAIN)).collect()
}

#[test]
fn good_files_parse() {
    insta::glob!("..", "ok/syntax/*.arch", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let report = parse_report("x.arch", &text);
        assert!(report.is_empty(), "{}:\n{report}", path.display());
    });
}
