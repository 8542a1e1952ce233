//! `archc explain`: what a diagnostic's code means.

use std::io::Write;

use super::console::{Console, Exit, Failure};
use crate::diagnostic::{self, Code};

/// Explain a code, as in `E0401`: its cause, a wrong and a right example
///
/// Without a code, all of them are listed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ExplainArgs {
    /// The code of an error or a warning
    code: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  archc explain E0401   one code
  archc explain         all codes, one a line";

/// Prints the page of a code, or the list of codes.
///
/// # Errors
/// There is no such code, or standard output can't be written.
pub fn explain(args: &ExplainArgs, console: &mut Console) -> Result<Exit, Failure> {
    let Some(text) = &args.code else {
        for (code, page) in Code::ALL {
            writeln!(console.out(), "{code}  {}", title(*code, page))?;
        }
        return Ok(Exit::Fine);
    };
    let code = Code::parse(text).ok_or_else(|| unknown(text))?;
    console.out().write_all(code.page().as_bytes())?;
    Ok(Exit::Fine)
}

fn unknown(text: &str) -> Failure {
    let wanted = text.to_ascii_uppercase();
    let near = diagnostic::did_you_mean(&wanted, Code::ALL.iter().map(|(code, _)| code.as_str()));
    let list = "`archc explain` lists all codes".to_string();
    Failure::usage(format!("there is no code `{text}`")).help(match near {
        Some(near) => format!("{near} {list}"),
        None => list,
    })
}

/// The heading of a code's page, without the code itself.
fn title(code: Code, page: &'static str) -> &'static str {
    let heading = page.lines().next().unwrap_or_default().trim_start_matches('#').trim();
    heading.strip_prefix(code.as_str()).unwrap_or(heading).trim_start_matches([':', ' ', '-', '–', '—'])
}
