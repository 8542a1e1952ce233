//! `archc stats`: what architectures cost.

mod sweep;

use std::io::Write;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::console::{Console, Exit, Failure, Findings};
use super::convention::ConventionArgs;
use super::network::errors;
use super::target;
use crate::analyse::{Device, Optimizer, analyse_batch};
use crate::diagnostic::Diagnostics;
use crate::expand::Program;
use crate::report::{self, Columns, Refused, Subject, Table, View};
use crate::source::{SourceMap, Target};
use crate::sweep::Axis;

/// Count what architectures cost: parameters, MACs, FLOPs, activations, memory, receptive fields
///
/// One architecture is shown as the tree of its blocks. Several, or all those of a file where none is named, are
/// compared, a row each, with ratios to the first.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct StatsArgs {
    /// A `.arch` file, `-` for standard input, or `zoo:NAME`; with an architecture's name after a colon, only that one
    #[arg(required = true, value_name = "FILE[:ARCH]")]
    targets: Vec<String>,
    /// How many parts of the paths to show; without it, as many as fit a screen
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    depth: Option<u32>,
    #[command(flatten)]
    settings: super::settings::SettingsArgs,
    /// Count every combination of the values of parameters, named sizes or `input`: lists, and ranges with both ends
    /// included, as in alpha=0.25,0.5,1 or input=128..224:32
    #[arg(long, value_name = "NAME=VALUES", conflicts_with_all = ["by", "depth"])]
    sweep: Vec<Axis>,
    /// The number of images that MACs, FLOPs, activations and memory are for
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    batch: u64,
    /// What a row stands for; without it, a tree of one architecture, and a row each of several
    #[arg(long, value_enum, value_name = "WHAT")]
    by: Option<By>,
    /// The columns to show, by name, with commas between them; with `+` in front, besides the usual ones.
    /// `all` is all that there are
    #[arg(long, value_name = "NAMES")]
    columns: Option<String>,
    #[command(flatten)]
    convention: ConventionArgs,
    /// A device to estimate latencies for
    #[arg(long, value_name = "NAME", value_parser = known_device(), conflicts_with = "device_spec")]
    device: Option<Device>,
    /// A device by what it can do at best, in float32: operations and bytes a second, as in peak=19.5T,bandwidth=1555G
    #[arg(long, value_name = "SPEC", value_parser = Device::parse)]
    device_spec: Option<Device>,
    /// The optimiser that training memory is for
    #[arg(long, value_enum, value_name = "NAME", default_value_t = OptimizerArg::Adam)]
    optimizer: OptimizerArg,
    /// `table` is for people, `md` for documents; `json` and `csv` have exact numbers
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
    Md,
}

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum By {
    /// All nodes of an op
    Op,
    /// The nodes below a path
    Block,
    /// One node
    Layer,
    /// The whole architecture
    Arch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum OptimizerArg {
    Sgd,
    Momentum,
    Adam,
}

fn known_device() -> impl TypedValueParser<Value = Device> {
    let named = |name: String| Device::named(&name).unwrap_or_else(|| unreachable!("only known names are let through"));
    PossibleValuesParser::new(Device::names()).map(named)
}

const EXAMPLES: &str = "\
Examples:
  archc stats zoo:resnet50                            the tree of its blocks
  archc stats zoo:resnet50 --depth 1                  only the top of the tree
  archc stats zoo:resnet50 --by op                    all convolutions together, all norms, ...
  archc stats zoo:resnet50 --columns output,receptive_field,stride,centre
  archc stats zoo:vgg16 zoo:resnet50 --columns +peak_memory,training_memory
  archc stats zoo:resnet50 --by layer --columns intensity,latency --device a100
  archc stats zoo:vgg16 zoo:resnet50 --device-spec peak=100G,bandwidth=20G
  archc stats zoo:resnet50 --convention ptflops        the total of another program, to the unit
  archc stats zoo:mobilenet_v1 --sweep alpha=0.25,0.5,0.75,1.0 --sweep input=128..224:32
  archc stats archs/resnet.arch                       all architectures of a file, compared
  archc stats zoo:vgg16 zoo:resnet50 zoo:mobilenet_v2
  archc stats zoo:resnet50 --input 3x320x320 --batch 8
  archc stats net.arch:small --set classes=10 --set width=0.5
  archc stats zoo:resnet50 --format json | jq '.archs[0].params'
  archc stats zoo:resnet50 --format csv > layers.csv";

/// Prints the costs to standard output, and what is wrong with the files to standard error.
///
/// # Errors
/// Standard output can't be written.
pub fn stats(args: &StatsArgs, console: &mut Console) -> Result<Exit, Failure> {
    if !args.sweep.is_empty() {
        return sweep::print(args, console);
    }
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let mut subjects = Vec::new();
    for argument in &args.targets {
        match sources.open_target(argument) {
            Ok(target) => count(args, &target, &mut sources, &mut found, &mut subjects),
            Err(diagnostic) => found.add([diagnostic]),
        }
    }
    let exit = console.report(&found, &sources);
    if exit != Exit::Fine {
        return Ok(exit);
    }
    let view = args.view();
    let table = |exact| report::table(&subjects, &view, exact);
    write(args.format, console, table, || report::json(&subjects, &view))
}

/// Writes a table, made for people or exact, or JSON.
fn write(
    format: Format,
    console: &mut Console,
    table: impl Fn(bool) -> Result<Table, Refused>,
    json: impl Fn() -> String,
) -> Result<Exit, Failure> {
    let made = |exact| table(exact).map_err(|refused| Failure::usage(refused.message).help(refused.help));
    let text = match format {
        Format::Table => made(false)?.text(console.table_width()),
        Format::Md => made(false)?.markdown(),
        Format::Csv => made(true)?.csv(),
        Format::Json => json() + "\n",
    };
    console.out().write_all(text.as_bytes())?;
    Ok(Exit::Fine)
}

impl StatsArgs {
    fn view(&self) -> View {
        View {
            depth: self.depth.map(|depth| depth as usize),
            by: self.by.map(|by| match by {
                By::Op => report::By::Op,
                By::Block => report::By::Block,
                By::Layer => report::By::Layer,
                By::Arch => report::By::Arch,
            }),
            columns: self.columns.as_deref().map(Columns::parse).unwrap_or_default(),
            counting: self.convention.counting(),
            device: self.device.clone().or_else(|| self.device_spec.clone()),
            optimizer: match self.optimizer {
                OptimizerArg::Sgd => Optimizer::Sgd,
                OptimizerArg::Momentum => Optimizer::Momentum,
                OptimizerArg::Adam => Optimizer::Adam,
            },
        }
    }
}

/// Adds the costs of what a target names, or what is wrong with it.
fn count(
    args: &StatsArgs,
    target: &Target,
    sources: &mut SourceMap,
    found: &mut Findings,
    subjects: &mut Vec<Subject>,
) {
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(sources, target.file, &mut diagnostics);
    let broken = diagnostics.has_errors();
    found.add(errors(diagnostics));
    let settings = args.settings.settings();
    let archs = match target::several(&program, sources, target.arch.as_deref(), &settings) {
        Ok(archs) => archs,
        // A file that could not be read well has said so.
        Err(_) if broken => return,
        Err(diagnostic) => return found.add([diagnostic]),
    };
    for arch in archs {
        let mut diagnostics = Diagnostics::new();
        let graph = program.expand(sources, &arch.name, &settings, &mut diagnostics);
        found.add(errors(diagnostics));
        match graph.map(|graph| analyse_batch(&graph, args.batch, args.convention.counting())) {
            Some(Ok(report)) => subjects.push(Subject { file: sources.file(target.file).name.clone(), report }),
            Some(Err(diagnostic)) => found.add([diagnostic]),
            // The expansion has said why.
            None => {}
        }
    }
}
