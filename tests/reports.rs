//! What tests of diagnostics share.

use archc::diagnostic::{Diagnostic, Diagnostics, Style, render};
use archc::source::SourceMap;

/// All that parsing `text` says, sorted.
pub fn parse_errors(name: &str, text: &str) -> (Vec<Diagnostic>, SourceMap) {
    let mut sources = SourceMap::new();
    let file = sources.add(name, text);
    let mut diagnostics = Diagnostics::new();
    archc::syntax::parse(&sources, file, &mut diagnostics);
    (diagnostics.into_sorted(), sources)
}

/// The reports of `diagnostics`, one below the other, as a terminal without colours shows them.
pub fn report(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    diagnostics.iter().map(|diagnostic| render(diagnostic, sources, Style::PLAIN)).collect()
}
