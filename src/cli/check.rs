//! `archc check`: all that is wrong with files.

use std::collections::BTreeSet;
use std::io::Write;

use super::console::{Console, Exit, Failure, Findings, counted};
use crate::diagnostic::{self, Diagnostics, MAX_SHOWN, Severity};
use crate::expand::{Program, Settings};
use crate::source::{SourceMap, Target};
use crate::weights::check_item;

/// Show all that is wrong with files
///
/// Every architecture that has a value for each of its parameters is expanded, so that shapes and what the file
/// promises (`expect`, `assert`) are checked. The exit code is 0 when there are no errors, 1 when there are, and 2
/// when a file can't be read.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// A `.arch` file, `-` for standard input, or `zoo:NAME`; with an architecture's name after a colon, only that one
    #[arg(required = true, value_name = "FILE[:ARCH]")]
    targets: Vec<String>,
    /// `human` draws each finding in its source; `json` prints one object a line
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Let warnings fail the check, too
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Human,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Deny {
    Warnings,
}

const EXAMPLES: &str = "\
Examples:
  archc check net.arch                       all findings of a file
  archc check archs/*.arch --deny warnings   for a build that must stay clean
  archc check net.arch:small                 one architecture of a file
  archc check - < net.arch                   standard input
  archc check net.arch --format json         one JSON object a finding: code, message, places, help
  archc explain E0401                        what a code means";

/// Checks the files, prints what was found to standard output and a summary to standard error.
///
/// # Errors
/// Standard output can't be written.
pub fn check(args: &CheckArgs, console: &mut Console) -> Result<Exit, Failure> {
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let mut checked = Checked::default();
    for argument in &args.targets {
        match sources.open_target(argument) {
            Ok(target) => found.add(check_target(&mut sources, &target, &mut checked)),
            Err(diagnostic) => found.add([diagnostic]),
        }
    }
    match args.format {
        Format::Human => {
            for (index, diagnostic) in found.list.iter().take(MAX_SHOWN).enumerate() {
                if index > 0 {
                    writeln!(console.out())?;
                }
                let report = diagnostic::render(diagnostic, &sources, console.style);
                console.out().write_all(report.as_bytes())?;
            }
        }
        Format::Json => {
            for diagnostic in &found.list {
                writeln!(console.out(), "{}", diagnostic::to_json(diagnostic, &sources))?;
            }
        }
    }
    if args.format == Format::Human
        && let Some(more) = found.more()
    {
        console.note(more);
    }
    console.note(summary(&found, &checked, args.targets.len()));
    let denied = args.deny == Some(Deny::Warnings) && found.count(Severity::Warning) > 0;
    Ok(found.exit().max(if denied { Exit::Findings } else { Exit::Fine }))
}

/// What has been expanded so far.
#[derive(Default)]
struct Checked {
    architectures: usize,
    /// Architectures without values for all of their parameters.
    left_out: BTreeSet<String>,
}

fn check_target(sources: &mut SourceMap, target: &Target, checked: &mut Checked) -> Vec<diagnostic::Diagnostic> {
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(sources, target.file, &mut diagnostics);
    for item in program.weights() {
        check_item(item, sources, &mut diagnostics);
    }
    let mut all = diagnostics.without_built_in_warnings(sources).into_sorted();
    if let Some(name) = &target.arch
        && let Err(diagnostic) = super::target::find(&program, sources, name)
    {
        all.push(diagnostic);
        return all;
    }
    for arch in program.archs() {
        match &target.arch {
            Some(name) if *name != *arch.name => continue,
            Some(_) => {}
            None if arch.is_complete() => {}
            None => {
                checked.left_out.insert(arch.name.to_string());
                continue;
            }
        }
        let mut diagnostics = Diagnostics::new();
        program.expand(sources, &arch.name, &Settings::default(), &mut diagnostics);
        all.extend(diagnostics.without_built_in_warnings(sources).into_sorted());
        checked.architectures += 1;
    }
    all
}

/// `3 errors, 1 warning in 2 files`
fn summary(found: &Findings, checked: &Checked, files: usize) -> String {
    let files = counted(files, "file");
    let counts: Vec<String> = [(Severity::Error, "error"), (Severity::Warning, "warning")]
        .into_iter()
        .map(|(severity, what)| (found.count(severity), what))
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| counted(count, what))
        .collect();
    if !counts.is_empty() {
        return format!("{} in {files}", counts.join(", "));
    }
    let mut line = format!("ok: {} in {files}", counted(checked.architectures, "architecture"));
    if !checked.left_out.is_empty() {
        let names = diagnostic::list(checked.left_out.iter().map(String::as_str));
        line.push_str(&format!("; {names} can be checked only through variants that set all parameters"));
    }
    line
}
