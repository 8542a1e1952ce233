use std::process::Stdio;

use super::{archc, command};

#[test]
fn every_command_helps_with_examples() {
    let commands = [
        "check",
        "stats",
        "diff",
        "run",
        "bench",
        "plan",
        "embed",
        "eval",
        "gradcam",
        "graph",
        "plot",
        "report",
        "verify",
        "explain",
        "ops",
        "weights",
        "zoo",
        "completions",
    ];
    for name in commands {
        let run = archc(&[name, "--help"]);
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        assert!(run.out.contains("Examples:"), "{}", run.out);
        insta::assert_snapshot!(format!("help_{name}"), run.out);
    }
    insta::assert_snapshot!("help", archc(&["--help"]).out);
}

#[test]
fn no_arguments_show_the_help_as_an_error() {
    let run = archc(&[]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("Usage: archc"), "{}", run.err);
}

#[test]
fn bad_arguments_are_told() {
    let wrong: [&[&str]; 6] = [
        &["chek", "tiny.arch"],
        &["check"],
        &["check", "tiny.arch", "--frmat", "json"],
        &["check", "tiny.arch", "--deny", "errors"],
        &["stats", "tiny.arch", "--format", "xml"],
        &["--color", "blue", "zoo"],
    ];
    let shown: Vec<String> = wrong.iter().map(|args| archc(args).transcript()).collect();
    insta::assert_snapshot!("bad_arguments", shown.join("\n"));
}

#[test]
fn the_version_is_the_package_s() {
    assert_eq!(archc(&["--version"]).out, format!("archc {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn shells_get_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = archc(&["completions", shell]);
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        assert!(run.out.contains("stats") && run.out.contains("deny"), "{shell}");
    }
}

#[test]
fn a_reader_that_leaves_ends_the_program_quietly() {
    // More than a pipe holds, so that writing meets the closed end.
    for args in [["ops", "--format=md"], ["completions", "bash"], ["stats", "zoo:cifar_resnet1202"]] {
        let mut child = command(&args).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn a_closed_standard_error_is_no_reason_to_fail() {
    let mut child = command(&["check", "tiny.arch"]).spawn().unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_full_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command(&["ops"]).stdout(Stdio::from(full)).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.starts_with("error: can't write to standard output: "), "{err}");
}

#[test]
fn every_dependency_is_explained() {
    let manifest = include_str!("../../Cargo.toml").split("\n[").filter(|section| section.contains("dependencies]\n"));
    let mut used: Vec<&str> =
        manifest.flat_map(str::lines).filter_map(|line| line.split_once(" = ").map(|(name, _)| name)).collect();
    let rows = include_str!("../../docs/dependencies.md").lines().filter(|line| line.starts_with("| `"));
    let mut explained: Vec<&str> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap().split(','))
        .map(|name| name.trim().trim_matches('`'))
        .collect();
    used.sort_unstable();
    explained.sort_unstable();
    assert_eq!(used, explained, "docs/dependencies.md and Cargo.toml differ");
}
