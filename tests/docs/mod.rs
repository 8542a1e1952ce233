//! The code in the documentation: whole files (```` ```arch ````) are checked, fragments (```` ```arch part ````) parsed.

mod consoles;
mod pages;
mod pictures;

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

/// The output of every command that a page names in a comment stands below the comment.
#[test]
fn tables_are_what_the_program_prints() {
    let mut tested = 0;
    for path in markdown_files() {
        let mut page = std::fs::read_to_string(&path).unwrap();
        let mut from = 0;
        while let Some(start) = page[from..].find("<!-- archc ").map(|at| from + at) {
            let end = start + page[start..].find(" -->\n").expect("the comment ends");
            let command = page[start + "<!-- archc ".len()..end].to_string();
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_archc"))
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .args(command.split_whitespace())
                .output()
                .unwrap();
            let printed = String::from_utf8(output.stdout).unwrap();
            let table = printed.find("\n| ").map_or("", |at| &printed[at + 1..]);
            let place = end + " -->\n".len();
            let kept = page[place..].find("<!-- end -->").expect("the table ends");
            if page[place..place + kept].trim() != table.trim() {
                page.replace_range(place..place + kept, &format!("\n{}\n\n", table.trim()));
                if std::env::var_os("ARCHC_PICTURES").is_some_and(|value| value == "draw") {
                    std::fs::write(&path, &page).unwrap();
                }
                panic!("{} is out of date; run the tests with ARCHC_PICTURES=draw", path.display());
            }
            from = place;
            tested += 1;
        }
    }
    assert!(tested > 0, "no command was found");
}
