//! The files themselves: without findings, with documentation, and one name once.

use std::collections::BTreeMap;

use archc::diagnostic::Diagnostics;
use archc::expand::Settings;
use archc::source::{SourceMap, arch_names};
use archc::syntax::{ast, parse};

/// Checks a file as `archc check` does, warnings of built-in files included.
fn check(path: &str) {
    let (mut sources, program, mut diagnostics) = super::load(path);
    for arch in program.archs().iter().filter(|arch| arch.is_complete()) {
        program.expand(&mut sources, &arch.name, &Settings::default(), &mut diagnostics);
    }
    assert!(diagnostics.is_empty(), "{path}:\n{}", super::shown(diagnostics, &sources));
}

#[test]
fn families_have_no_findings() {
    for family in super::names_in("archs", "arch") {
        check(&format!("archs/{family}.arch"));
    }
}

#[test]
fn the_standard_library_has_no_findings() {
    for module in super::names_in("archs/std", "arch") {
        check(&format!("archs/std/{module}.arch"));
    }
}

#[test]
fn the_built_in_files_are_those_on_disk() {
    let families: Vec<&str> = SourceMap::zoo().map(|(family, _)| family).collect();
    assert_eq!(families, super::names_in("archs", "arch"));
    assert_eq!(SourceMap::std_modules().collect::<Vec<_>>(), super::names_in("archs/std", "arch"));
}

#[test]
fn an_architecture_has_one_name_in_the_whole_zoo() {
    let mut found: BTreeMap<&str, &str> = BTreeMap::new();
    for (family, text) in SourceMap::zoo() {
        for arch in arch_names(text) {
            let earlier = found.insert(arch, family);
            assert_eq!(earlier, None, "`{arch}` is also in {family}.arch");
        }
    }
}

#[test]
fn files_architectures_and_shared_blocks_are_documented() {
    let folders = [("archs", false), ("archs/std", true)];
    for (folder, shared) in folders {
        for name in super::names_in(folder, "arch") {
            let path = format!("{folder}/{name}.arch");
            let mut sources = SourceMap::new();
            let file = sources.add(&path, &super::read(&path));
            let tree = parse(&sources, file, &mut Diagnostics::new());
            assert!(!tree.docs.is_empty(), "{path} does not say what it is");
            for item in &tree.items {
                let name = match &item.kind {
                    ast::ItemKind::Arch(arch) => &arch.name,
                    ast::ItemKind::Block(block) if shared => &block.name,
                    ast::ItemKind::Edition
                    | ast::ItemKind::Use(_)
                    | ast::ItemKind::Const(_)
                    | ast::ItemKind::Fn(_)
                    | ast::ItemKind::Block(_)
                    | ast::ItemKind::Weights(_) => continue,
                };
                assert!(!item.docs.is_empty(), "{path}: `{}` has no documentation", name.name);
            }
        }
    }
}
