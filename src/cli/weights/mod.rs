//! `archc weights`: weights files, one file a command.

mod check;
mod convert;
mod ls;
mod pull;

use super::console::{Console, Exit, Failure};

/// Look into weights files, compare and convert them, and fetch public ones
///
/// Weights are read from safetensors files and from PyTorch's checkpoints (.pth, .pt, .bin); which of them a file is, its
/// contents tell.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct WeightsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Ls(ls::LsArgs),
    Check(check::CheckArgs),
    Convert(convert::ConvertArgs),
    Pull(pull::PullArgs),
}

const EXAMPLES: &str = "\
Examples:
  archc weights ls checkpoint.pth                                 what is in a file
  archc weights check zoo:resnet50 checkpoint.pth                 whether it fits, and how its names would
  archc weights convert checkpoint.pth net.safetensors            in a format that is quick to open
  archc weights pull zoo:resnet50                                 public weights, for `archc run`

`archc weights COMMAND --help` shows examples of a command.";

/// Runs one of the commands.
///
/// # Errors
/// As the command says.
pub fn weights(args: &WeightsArgs, console: &mut Console) -> Result<Exit, Failure> {
    match &args.command {
        Command::Ls(args) => ls::ls(args, console),
        Command::Check(args) => check::check(args, console),
        Command::Convert(args) => convert::convert(args, console),
        Command::Pull(args) => pull::pull(args, console),
    }
}
