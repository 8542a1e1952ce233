//! The command line: one file a subcommand, [`console`] for what they print to, [`target`] for what they are given.
//!
//! Data goes to standard output, everything else to standard error. The exit code is 0 when all is well, 1 when the
//! files have findings, and 2 when the command can't be carried out.

#![allow(clippy::disallowed_methods, reason = "commands read and write what the user names")]

pub mod accuracy;
pub mod at;
pub mod bench;
pub mod check;
pub mod completions;
pub mod console;
pub mod convention;
pub mod curves;
pub mod diff;
pub mod drawn;
pub mod embed;
pub mod eval;
pub mod explain;
pub mod figure;
pub mod gradcam;
pub mod graph;
pub mod images;
pub mod network;
pub mod opened;
pub mod ops;
pub mod pass;
pub mod plan;
pub mod plot;
pub mod progress;
pub mod report;
pub mod run;
pub mod settings;
pub mod stats;
pub mod survey;
pub mod swept;
pub mod target;
pub mod threads;
pub mod verify;
pub mod weights;
pub mod whole;
pub mod zoo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use console::{ColorChoice, Console};
pub use console::{Exit, Failure};

/// A compiler for neural-network architectures.
///
/// Checks what a `.arch` file says, counts what it costs, compares architectures, and classifies images with them.
#[derive(Debug, Parser)]
#[command(name = "archc", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    /// When to use colours; `auto` means on a terminal where NO_COLOR is not set
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    color: ColorChoice,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::CheckArgs),
    Stats(stats::StatsArgs),
    Diff(diff::DiffArgs),
    Run(run::RunArgs),
    Bench(bench::BenchArgs),
    Plan(plan::PlanCommandArgs),
    Embed(embed::EmbedArgs),
    Eval(eval::EvalArgs),
    Gradcam(gradcam::GradcamArgs),
    Graph(graph::GraphArgs),
    Plot(plot::PlotArgs),
    Report(report::ReportArgs),
    Verify(verify::VerifyArgs),
    Explain(explain::ExplainArgs),
    Ops(ops::OpsArgs),
    Weights(weights::WeightsArgs),
    Zoo(zoo::ZooArgs),
    Completions(completions::CompletionsArgs),
}

const EXAMPLES: &str = "\
Examples:
  archc check net.arch               all that is wrong with a file
  archc stats net.arch               what it costs, block by block
  archc stats zoo:vgg16 zoo:resnet50 two architectures, compared
  archc diff old.arch new.arch       what changed, and what it costs
  archc run net.arch photo.png       what is in a photo
  archc zoo                          the built-in architectures

`archc COMMAND --help` shows examples of a command.";

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A failure to print has nowhere to be told.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let mut console = Console::new(cli.color);
    let result = match &cli.command {
        Command::Check(args) => check::check(args, &mut console),
        Command::Stats(args) => stats::stats(args, &mut console),
        Command::Diff(args) => diff::diff(args, &mut console),
        Command::Run(args) => run::run(args, &mut console),
        Command::Bench(args) => bench::bench(args, &mut console),
        Command::Plan(args) => plan::plan(args, &mut console),
        Command::Embed(args) => embed::embed(args, &mut console),
        Command::Eval(args) => eval::eval(args, &mut console),
        Command::Gradcam(args) => gradcam::gradcam(args, &mut console),
        Command::Graph(args) => graph::graph(args, &mut console),
        Command::Plot(args) => plot::plot(args, &mut console),
        Command::Report(args) => report::report(args, &mut console),
        Command::Verify(args) => verify::verify(args, &mut console),
        Command::Explain(args) => explain::explain(args, &mut console),
        Command::Ops(args) => ops::ops(args, &mut console),
        Command::Weights(args) => weights::weights(args, &mut console),
        Command::Zoo(args) => zoo::zoo(args, &mut console),
        Command::Completions(args) => completions::completions(args, &mut console),
    };
    console.finish(result).into()
}
