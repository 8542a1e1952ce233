//! `archc diff`: what differs between architectures.

use std::io::Write;

use super::console::{Console, Exit, Failure, Findings};
use super::convention::ConventionArgs;
use super::network::{Stop, errors};
use super::settings::SettingsArgs;
use super::target;
use crate::analyse::{Counting, Report, Sums, analyse_batch};
use crate::diagnostic::{self, Code, Diagnostic, Diagnostics, Severity};
use crate::diff::diff as compare;
use crate::expand::{Program, Settings};
use crate::ir::Graph;
use crate::report::diff::{Compared, Look, json, tables};
use crate::source::SourceMap;

/// Show what differs between two architectures, or two versions of a file
///
/// Nodes are aligned by structure, not by lines or names: what was added, removed or changed is told with its cost, apart
/// from what follows of it in shapes alone, and from renames. Without architectures' names, those of equal names are
/// compared. The exit code is 0 when there is no difference, 1 when there is, and 2 when the files can't be compared.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct DiffArgs {
    /// The version before: a `.arch` file, `-` for standard input, or `zoo:NAME`; of its architectures, the one after the
    /// colon
    #[arg(value_name = "A[:ARCH]")]
    before: String,
    /// The version after, likewise
    #[arg(value_name = "B[:ARCH]")]
    after: String,
    #[command(flatten)]
    settings: SettingsArgs,
    /// The number of images that MACs, FLOPs and activations are for
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,
    #[command(flatten)]
    convention: ConventionArgs,
    /// Show all rows, and path by path what follows from the changes
    #[arg(long)]
    all: bool,
    /// `table` is for people, `md` for documents; `json` has every node
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Md,
    Json,
}

const EXAMPLES: &str = "\
Examples:
  archc diff old.arch new.arch                        all architectures of equal names
  archc diff zoo:resnet50 zoo:resnext50_32x4d         two of the zoo
  archc diff net.arch:small net.arch:large --all      two of a file, every row
  git show main:net.arch | archc diff - net.arch      what a branch changed
  git difftool -y -x 'archc diff' main -- net.arch    the same, for any number of files
  archc diff old.arch new.arch --format md            for a pull request
  archc diff old.arch new.arch --convention fvcore    as another program counts, too
  archc diff old.arch new.arch --format json | jq '.archs[].changes[] | select(.kind == \"added\")'

docs/diff.md tells how nodes are aligned, describes the JSON, and has recipes for git and CI.";

/// Prints the differences to standard output, and what is wrong with the files to standard error.
///
/// # Errors
/// Standard output can't be written.
pub fn diff(args: &DiffArgs, console: &mut Console) -> Result<Exit, Failure> {
    if args.before == "-" && args.after == "-" {
        return Err(Failure::usage("both sides are standard input").help("give one of them as a file"));
    }
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let compared = match load(args, &mut sources, &mut found) {
        Ok((before, after)) => pair(before, after, args.convention.counting()),
        Err(stop) => {
            stop.report(found, console, &sources);
            return Ok(Exit::Usage);
        }
    };
    let look = |markdown| Look {
        markdown,
        colour: console.style.colour && !markdown,
        all: args.all,
        width: console.table_width(),
    };
    let text = match args.format {
        Format::Table => tables(&compared, look(false)),
        Format::Md => tables(&compared, look(true)),
        Format::Json => json(&compared) + "\n",
    };
    console.out().write_all(text.as_bytes())?;
    Ok(if compared.is_same() { Exit::Fine } else { Exit::Findings })
}

/// A file and the architectures of it that take part.
struct Side {
    file: String,
    archs: Vec<Arch>,
}

struct Arch {
    graph: Graph,
    report: Report,
}

impl Arch {
    fn name(&self) -> &str {
        &self.report.arch
    }

    fn alone(self) -> (String, Sums) {
        (self.report.arch.to_string(), self.report.total)
    }
}

/// Both sides.
fn load(args: &DiffArgs, sources: &mut SourceMap, found: &mut Findings) -> Result<(Side, Side), Stop> {
    let settings = args.settings.settings();
    let open = |argument: &str, sources: &mut SourceMap, found: &mut Findings| {
        let target = sources.open_target(argument)?;
        let mut diagnostics = Diagnostics::new();
        let program = Program::load(sources, target.file, &mut diagnostics);
        found.add(errors(diagnostics));
        Ok::<_, Stop>((program, target.arch))
    };
    let (before, name_before) = open(&args.before, sources, found)?;
    let (after, name_after) = open(&args.after, sources, found)?;
    if found.count(Severity::Error) > 0 {
        return Err(Stop::Said);
    }
    let names_before = names(&before, &after, name_before.as_deref(), name_after.as_deref(), &settings, sources)?;
    let names_after = names(&after, &before, name_after.as_deref(), name_before.as_deref(), &settings, sources)?;
    if names_before.is_empty() && names_after.is_empty() {
        return Err(target::none(&after, sources).into());
    }
    let mut side = |program: &Program, names: &[String]| Side {
        file: sources.file(program.root()).name.clone(),
        archs: names.iter().filter_map(|name| expand(args, program, name, &settings, sources, found)).collect(),
    };
    let sides = (side(&before, &names_before), side(&after, &names_after));
    if found.count(Severity::Error) > 0 {
        return Err(Stop::Said);
    }
    Ok(sides)
}

/// The architectures of a file that take part: the one that is named, or the one that the other side names, or all that
/// have a value for each parameter.
fn names(
    program: &Program,
    other: &Program,
    name: Option<&str>,
    other_name: Option<&str>,
    settings: &Settings,
    sources: &SourceMap,
) -> Result<Vec<String>, Diagnostic> {
    if let Some(name) = name {
        return Ok(vec![target::find(program, sources, name)?.name.to_string()]);
    }
    let names: Vec<String> = target::complete(program, settings).map(|arch| arch.name.to_string()).collect();
    match (other_name, names.as_slice()) {
        (None, _) => Ok(names),
        (Some(wanted), names) if names.iter().any(|name| name == wanted) => Ok(vec![wanted.to_string()]),
        (Some(_), [only]) => Ok(vec![only.clone()]),
        (Some(_), []) => Err(target::none(program, sources)),
        (Some(wanted), names) => {
            let (file, other) = (&sources.file(program.root()).name, &sources.file(other.root()).name);
            let message = format!("{file} has no architecture `{wanted}` to compare with that of {other}");
            let list = diagnostic::list(names.iter().map(String::as_str));
            Err(Diagnostic::error(Code::NO_ARCH, message)
                .help(format!("say which, as in `{file}:NAME`; it has {list}")))
        }
    }
}

/// One architecture and its costs; nothing where something is wrong with it, which is added to the findings.
fn expand(
    args: &DiffArgs,
    program: &Program,
    name: &str,
    settings: &Settings,
    sources: &mut SourceMap,
    found: &mut Findings,
) -> Option<Arch> {
    let mut diagnostics = Diagnostics::new();
    let graph = program.expand(sources, name, settings, &mut diagnostics);
    found.add(errors(diagnostics));
    match analyse_batch(graph.as_ref()?, args.batch, args.convention.counting()) {
        Ok(report) => Some(Arch { graph: graph?, report }),
        Err(diagnostic) => {
            found.add([diagnostic]);
            None
        }
    }
}

/// Compares the architectures of equal names; two that are alone, whatever they are called.
fn pair(before: Side, after: Side, counting: Option<Counting>) -> Compared {
    let one_each = before.archs.len() == 1 && after.archs.len() == 1;
    let mut left: Vec<Option<Arch>> = before.archs.into_iter().map(Some).collect();
    let mut compared = Compared {
        before: before.file,
        after: after.file,
        counting,
        added: Vec::new(),
        removed: Vec::new(),
        archs: Vec::new(),
    };
    for arch in after.archs {
        let same =
            |other: &&mut Option<Arch>| other.as_ref().is_some_and(|other| one_each || other.name() == arch.name());
        match left.iter_mut().find(same).and_then(Option::take) {
            Some(old) => compared.archs.push(compare((&old.graph, &old.report), (&arch.graph, &arch.report))),
            None => compared.added.push(arch.alone()),
        }
    }
    compared.removed = left.into_iter().flatten().map(Arch::alone).collect();
    compared
}
