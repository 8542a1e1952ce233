//! `archc zoo`: the architectures built into archc.

use std::io::Write;

use super::console::{Console, Exit, Failure};
use crate::diagnostic::Diagnostics;
use crate::expand::Program;
use crate::source::{SourceMap, arch_names};

/// List the built-in architectures, or show the source of one
///
/// `zoo:NAME` means a built-in architecture wherever a FILE is wanted.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ZooArgs {
    /// An architecture or a family: print the text of its file
    name: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  archc zoo                            what there is
  archc zoo resnet50 > mine.arch       start from a file of the zoo
  archc stats zoo:resnet50             use one where a FILE is wanted";

/// Prints the list, or the text of one file.
///
/// # Errors
/// There is no such architecture, or standard output can't be written.
pub fn zoo(args: &ZooArgs, console: &mut Console) -> Result<Exit, Failure> {
    let mut sources = SourceMap::new();
    let Some(name) = &args.name else {
        return list(&mut sources, console);
    };
    match sources.open_target(&format!("zoo:{name}")) {
        Ok(target) => {
            console.out().write_all(sources.file(target.file).text.as_bytes())?;
            Ok(Exit::Fine)
        }
        Err(diagnostic) => Ok(console.report_one(diagnostic, &sources)),
    }
}

fn list(sources: &mut SourceMap, console: &mut Console) -> Result<Exit, Failure> {
    let width = SourceMap::zoo().flat_map(|(_, text)| arch_names(text)).map(str::len).max().unwrap_or_default();
    for (family, _) in SourceMap::zoo() {
        let Ok(target) = sources.open_target(&format!("zoo:{family}")) else {
            unreachable!("`{family}` is the name of a family");
        };
        let program = Program::load(sources, target.file, &mut Diagnostics::new());
        for arch in program.archs() {
            let line = arch.doc.lines().next().unwrap_or_default();
            writeln!(console.out(), "{:width$}  {family:16}  {line}", arch.name)?;
        }
    }
    Ok(Exit::Fine)
}
