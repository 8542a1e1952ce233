//! The code in the documentation: whole files (```` ```arch ````) are checked, fragments (```` ```arch part ````) parsed.

use std::path::Path;

use archc::diagnostic::{Diagnostics, Style, render};
use archc::expand::{Program, Settings};
use archc::source::SourceMap;
use archc::syntax;

/// A fenced block: the words after the fence, its text, and the line it starts on.
struct Block {
    info: String,
    text: String,
    line: usize,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some(Block { info: info.to_string(), text: String::new(), line: index + 1 }),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// All that checking a whole file says.
fn check(name: &str, text: &str) -> String {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let file = sources.add(name, text);
    let program = Program::load(&mut sources, file, &mut diagnostics);
    for arch in program.archs().iter().filter(|arch| arch.is_complete()) {
        program.expand(&mut sources, &arch.name, &Settings::default(), &mut diagnostics);
    }
    reports(diagnostics, &sources)
}

/// All that parsing a fragment says: items, or lines of a body.
fn parse(name: &str, text: &str) -> String {
    let items = ["//!", "edition", "use ", "const ", "fn ", "block ", "arch ", "weights "];
    let text = match items.iter().any(|word| text.starts_with(word)) {
        true => text.to_string(),
        false => format!("arch fragment() {{\n{text}\n}}\n"),
    };
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let file = sources.add(name, &text);
    syntax::parse(&sources, file, &mut diagnostics);
    reports(diagnostics, &sources)
}

fn reports(diagnostics: Diagnostics, sources: &SourceMap) -> String {
    diagnostics.into_sorted().iter().map(|found| render(found, sources, Style::PLAIN)).collect()
}

fn markdown_files() -> Vec<std::path::PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = docs.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    pages.push(root.join("README.md"));
    pages.sort();
    pages
}

#[test]
fn code_in_pages_is_right() {
    let mut tested = 0;
    for path in markdown_files() {
        let page = std::fs::read_to_string(&path).unwrap();
        for block in blocks(&page) {
            let name = format!("{}:{}", path.file_name().unwrap().display(), block.line);
            let found = match block.info.as_str() {
                "arch" => check(&name, &block.text),
                "arch part" => parse(&name, &block.text),
                _ => continue,
            };
            assert!(found.is_empty(), "{name}\n{found}");
            tested += 1;
        }
    }
    assert!(tested >= 10, "only {tested} blocks were found");
}
