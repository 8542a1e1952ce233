//! `archc completions`: scripts that complete commands and options in a shell.

use clap::CommandFactory;

use super::console::{Console, Exit, Failure};

/// Print a script that completes archc's commands and options in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

const EXAMPLES: &str = "\
Examples:
  archc completions bash > ~/.local/share/bash-completion/completions/archc
  archc completions zsh  > ~/.zfunc/_archc
  archc completions fish > ~/.config/fish/completions/archc.fish";

/// Prints the script.
///
/// # Errors
/// Standard output can't be written.
pub fn completions(args: &CompletionsArgs, console: &mut Console) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "archc", &mut script);
    std::io::Write::write_all(console.out(), &script)?;
    Ok(Exit::Fine)
}
