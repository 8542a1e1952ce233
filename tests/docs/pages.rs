//! The pages of all codes: what stands under "Wrong" gives the code, and what stands under "Right" gives nothing.
//!
//! Blocks marked `arch` are checked as files; blocks marked `sh` are run in a folder with a photo and weights.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use archc::diagnostic::Code;

use super::blocks;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `archc check -` on a text.
fn check(text: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_archc"))
        .args(["check", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// The lines, in a shell that knows `archc`, in a folder of their own.
fn run(lines: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(root().join("examples/images/coffee.png"), folder.path().join("photo.png")).unwrap();
    let weights = "squeezenet1_1.safetensors";
    std::fs::copy(root().join("archs/weights").join(weights), folder.path().join(weights)).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_archc")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    Command::new("sh")
        .args(["-c", lines])
        .current_dir(folder.path())
        .env("PATH", path)
        .env("ARCHC_CACHE", folder.path().join("cache"))
        .output()
        .unwrap()
}

/// Everything that a command said, and whether it was content.
fn said(output: &Output) -> (String, bool) {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    (text, output.status.success())
}

fn assert_examples(code: Code) {
    let page = code.page();
    assert!(page.starts_with(&format!("# {code}: ")), "the title of {code}");
    let (wrong, right) = page
        .split_once("\n## Wrong\n")
        .and_then(|(_, examples)| examples.split_once("\n## Right\n"))
        .unwrap_or_else(|| panic!("{code} has no `## Wrong` and `## Right`"));
    for (examples, is_wrong) in [(wrong, true), (right, false)] {
        let mut tested = 0;
        for block in blocks(examples) {
            let output = match block.info.as_str() {
                "arch" => check(&block.text),
                "sh" if cfg!(unix) => run(&block.text),
                _ => continue,
            };
            let (text, content) = said(&output);
            let named = text.lines().any(|line| line.trim() == code.as_str());
            assert_eq!(named, is_wrong, "{code}, in\n{}\n{text}", block.text);
            assert!(is_wrong || content, "{code}: the right example fails\n{text}");
            tested += 1;
        }
        assert!(tested > 0 || cfg!(not(unix)), "{code} lacks an example");
    }
}

#[test]
fn examples_of_every_code_are_true() {
    for (code, _) in Code::ALL {
        assert_examples(*code);
    }
}
