//! `archc weights`: weights files, one file a command.

mod ls;
mod pull;

use super::console::{Console, Exit, Failure};

/// Look into weights files, and fetch public ones
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
    Pull(pull::PullArgs),
}

const EXAMPLES: &str = "\
Examples:
  archc weights ls checkpoint.pth                                 what is in a file
  archc weights pull zoo:resnet50                                 public weights, for `archc run`

`archc weights COMMAND --help` shows examples of a command.";

/// Runs one of the commands.
///
/// # Errors
/// As the command says.
pub fn weights(args: &WeightsArgs, console: &mut Console) -> Result<Exit, Failure> {
    match &args.command {
        Command::Ls(args) => ls::ls(args, console),
        Command::Pull(args) => pull::pull(args, console),
    }
}
