//! What tests of diagnostics share.

use archc::diagnostic::{Code, Diagnostic, Diagnostics, Style, render};
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

/// Checks the page of `code`: its title, and that `diagnose` finds exactly this code in every ```` ```arch ```` block
/// under "Wrong", and nothing in those under "Right".
pub fn assert_page(code: Code, diagnose: impl Fn(&str) -> Vec<Diagnostic>) {
    let page = code.page();
    assert!(page.starts_with(&format!("# {code}: ")), "the title of {code}");
    let (wrong, right) = page
        .split_once("\n## Wrong\n")
        .and_then(|(_, examples)| examples.split_once("\n## Right\n"))
        .unwrap_or_else(|| panic!("{code} has no `## Wrong` and `## Right`"));
    for (examples, expected) in [(wrong, Some(code)), (right, None)] {
        let blocks = arch_blocks(examples);
        assert!(!blocks.is_empty(), "{code} lacks an example");
        for block in blocks {
            let found = diagnose(block);
            let fits = match expected {
                Some(code) => !found.is_empty() && found.iter().all(|diagnostic| diagnostic.code == code),
                None => found.is_empty(),
            };
            assert!(fits, "{code}, in\n{block}\n{found:#?}");
        }
    }
}

/// The texts of the blocks marked `arch`.
pub fn arch_blocks(markdown: &str) -> Vec<&str> {
    let starts = markdown.split("```arch\n").skip(1);
    starts.map(|block| block.split("```").next().unwrap_or(block)).collect()
}
