//! The syntax: files that parse, what the tree keeps of them, mistakes and their reports.

mod any_text;
mod tree;

use std::path::PathBuf;

use crate::reports::{parse_errors, report};

/// Every file below `folder` of the project that ends in `.arch`, with its text, sorted.
fn arch_files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "arch") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files.sort();
    files
}

/// The files that parse: the zoo, and one file for each part of the syntax.
fn good_files() -> Vec<(PathBuf, String)> {
    [arch_files("archs"), arch_files("tests/ok/syntax")].concat()
}

fn assert_parses(name: &str, text: &str) {
    let (errors, sources) = parse_errors(name, text);
    assert!(errors.is_empty(), "{name}:\n{}", report(&errors, &sources));
}

#[test]
fn good_files_parse() {
    for (path, text) in good_files() {
        assert_parses(&path.to_string_lossy(), &text);
    }
}

#[test]
fn line_ends_blanks_and_a_byte_order_mark_do_not_matter() {
    for (path, text) in good_files() {
        let name = path.to_string_lossy();
        assert_parses(&name, &text.replace('\n', "\r\n"));
        assert_parses(&name, &text.replace('\n', "\r"));
        assert_parses(&name, &text.replace("  ", "\t"));
        assert_parses(&name, &format!("\u{FEFF}{text}"));
        assert_parses(&name, text.trim_end());
    }
}

/// Each file is one mistake; its snapshot shows the text and what is said of it.
#[test]
fn mistakes_are_explained() {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::glob!("..", "errors/parse/*.arch", |path| {
            let text = std::fs::read_to_string(path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy();
            let (errors, sources) = parse_errors(&name, &text);
            assert!(!errors.is_empty(), "{name} has no errors");
            insta::assert_snapshot!(format!("SOURCE\n{text}\nREPORT\n{}", report(&errors, &sources)));
        });
    });
}

/// Where lines end does not change what is said, only the places.
#[test]
fn mistakes_are_the_same_with_other_line_ends() {
    for (path, text) in arch_files("tests/errors/parse") {
        let says = |text: &str| -> Vec<_> {
            let (errors, _) = parse_errors("x.arch", text);
            errors.into_iter().map(|error| (error.code, error.message, error.help)).collect()
        };
        assert_eq!(says(&text), says(&text.replace('\n', "\r\n")), "{}", path.display());
    }
}
