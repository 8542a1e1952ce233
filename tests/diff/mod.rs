//! What differs between architectures: each folder holds two versions of a file.

mod git;
mod properties;

use std::path::Path;
use std::process::{Command, Output};

use archc::analyse::{Report, analyse};
use archc::diagnostic::Diagnostics;
use archc::expand::{Program, Settings};
use archc::ir::Graph;
use archc::source::SourceMap;

/// archc in a folder, with no terminal and no colours asked for.
fn archc(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
    command.current_dir(folder).args(args);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    command.output().unwrap()
}

fn printed(output: &Output) -> String {
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The JSON with a line for each change.
fn lines(json: &str) -> String {
    let document: serde_json::Value = serde_json::from_str(json).unwrap();
    let mut text = String::new();
    for (name, value) in document.as_object().unwrap().iter().filter(|(name, _)| *name != "archs") {
        text.push_str(&format!("{name}: {value}\n"));
    }
    for arch in document["archs"].as_array().unwrap() {
        for side in ["before", "after", "same", "outputs"] {
            text.push_str(&format!("{side}: {}\n", arch[side]));
        }
        for change in arch["changes"].as_array().unwrap() {
            text.push_str(&format!("  {change}\n"));
        }
    }
    text
}

#[test]
fn differences_are_told_in_every_format() {
    insta::glob!("*/a.arch", |path| {
        let folder = path.parent().unwrap();
        let run = |more: &[&str]| archc(folder, &[&["diff", "a.arch", "b.arch"], more].concat());
        let text = run(&[]);
        let parts = [
            format!("{}exit code {}", printed(&text), text.status.code().unwrap()),
            printed(&run(&["--all"])),
            printed(&run(&["--format", "md"])),
            lines(&printed(&run(&["--format", "json"]))),
        ];
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!("diff", parts.join("\n=====\n\n"));
        });
    });
}

/// The only architecture of a text, or the one called `name`, with its costs.
fn graph(text: &str, name: Option<&str>) -> (Graph, Report) {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let file = sources.add("net.arch", text);
    let program = Program::load(&mut sources, file, &mut diagnostics);
    let name = name.map_or_else(|| program.archs()[0].name.to_string(), str::to_string);
    let graph = program.expand(&mut sources, &name, &Settings::default(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{text}\n{diagnostics:?}");
    let graph = graph.unwrap();
    let report = analyse(&graph).unwrap();
    (graph, report)
}
