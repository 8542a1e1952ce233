//! The program itself: what it prints where, and how it ends.

mod check;
mod diff;
mod graph;
mod ops;
mod plan;
mod plot;
mod report;
mod stats;
mod usage;
mod weights;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// A finished run of archc.
pub(super) struct Run {
    pub args: String,
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    /// The command, exit code and both outputs, as a person would see them.
    fn transcript(&self) -> String {
        let Run { args, code, out, err } = self;
        format!("$ archc {args}\n--- standard output\n{out}--- standard error\n{err}--- exit code {code}\n")
    }
}

/// archc in `tests/cli/`, with no terminal.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli")).args(args);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    // Nothing that a developer has fetched.
    command.env("ARCHC_CACHE", "no/such/cache");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn finish(command: &mut Command, args: &[&str], input: &str) -> Run {
    let mut child = command.spawn().unwrap();
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    Run { args: args.join(" "), code, out: text(output.stdout), err: text(output.stderr) }
}

pub(super) fn archc(args: &[&str]) -> Run {
    finish(&mut command(args), args, "")
}

/// archc with text on its standard input.
pub(super) fn archc_reading(args: &[&str], input: &str) -> Run {
    finish(command(args).stdin(Stdio::piped()), args, input)
}
