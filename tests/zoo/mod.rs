//! The zoo and the standard library: against the reference numbers, against Keras, and as reports.

use std::path::PathBuf;

use archc::analyse::{Report, analyse};
use archc::diagnostic::{self, Diagnostics, Style};
use archc::expand::{Program, Settings};
use archc::ir::Graph;
use archc::source::SourceMap;

mod conventions;
mod docs;
mod fields;
mod keras;
mod library;
mod parameters;
mod public;
pub mod reference;
mod reports;
mod sources;

/// Expands an architecture of the zoo.
pub fn expand(arch: &str) -> Graph {
    expand_in(&mut SourceMap::new(), arch)
}

fn expand_in(sources: &mut SourceMap, arch: &str) -> Graph {
    let target = sources.open_target(&format!("zoo:{arch}")).expect("the zoo has it");
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(sources, target.file, &mut diagnostics);
    let graph = program.expand(sources, arch, &Settings::default(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", shown(diagnostics, sources));
    graph.expect("there are no errors")
}

/// What an architecture of the zoo costs.
pub fn costs(arch: &str) -> Report {
    analyse(&expand(arch)).expect("costs fit")
}

/// Diagnostics as a person sees them.
fn shown(diagnostics: Diagnostics, sources: &SourceMap) -> String {
    diagnostics.into_sorted().iter().map(|found| diagnostic::render(found, sources, Style::PLAIN)).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The file names without ending in a folder of the project, sorted.
pub fn names_in(folder: &str, ending: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let mut names: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|found| found == ending))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Loads a file of the project from disk.
fn load(path: &str) -> (SourceMap, Program, Diagnostics) {
    let mut sources = SourceMap::new();
    let file = sources.open(&root().join(path).to_string_lossy()).expect("the file is there");
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(&mut sources, file, &mut diagnostics);
    (sources, program, diagnostics)
}
