//! `archc ops`: the reference of the language's ops, from their registry.

use std::fmt::Write as _;
use std::io::Write as _;

use super::console::{Console, Exit, Failure};
use crate::diagnostic;
use crate::ops::{self, OpDef, Operands};

/// List the ops of the language, or explain one
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct OpsArgs {
    /// An op, by its long or short name
    name: Option<String>,
    /// `text` for a terminal; `md` is the reference as a document
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Md,
}

const EXAMPLES: &str = "\
Examples:
  archc ops                            one line an op
  archc ops conv                       signature, parameters, shapes, cost and an example
  archc ops --format md > docs/ops.md  the whole reference";

/// Prints the reference of one op or all.
///
/// # Errors
/// There is no such op, or standard output can't be written.
pub fn ops(args: &OpsArgs, console: &mut Console) -> Result<Exit, Failure> {
    let text = match (&args.name, args.format) {
        (None, Format::Text) => list(),
        (None, Format::Md) => reference(),
        (Some(name), format) => {
            let def = lookup(name)?;
            match format {
                Format::Text => page(def),
                Format::Md => section(def),
            }
        }
    };
    console.out().write_all(text.as_bytes())?;
    Ok(Exit::Fine)
}

/// `docs/ops.md`: every op, in the order of the registry.
pub fn reference() -> String {
    let mut text = String::from(
        "# The ops\n\n\
         This page is what `archc ops --format md` prints. Shapes are written without the batch: `[C, H, W]` is an\n\
         image, axis 0 the batch and axis 1 the channels. Costs are for one image; `docs/costs.md` defines them.\n",
    );
    for def in ops::ALL {
        text.push('\n');
        text.push_str(&section(def));
    }
    text
}

fn lookup(name: &str) -> Result<&'static OpDef, Failure> {
    let found = ops::ALL.iter().copied().find(|def| def.name == name || def.short == name);
    found.ok_or_else(|| {
        let list = "`archc ops` lists them".to_string();
        Failure::usage(format!("there is no op `{name}`")).help(match diagnostic::did_you_mean(name, ops::names()) {
            Some(near) => format!("{near} {list}"),
            None => list,
        })
    })
}

/// One line an op.
fn list() -> String {
    let signature = |def: &OpDef| match ops::find(def.short) {
        // The short name of a depthwise convolution means the plain one where it is called.
        Some(short) if def.short != def.name && short.name == def.name => format!("{}, {}", def.name, def.short),
        _ => def.name.to_string(),
    };
    let width = ops::ALL.iter().map(|def| signature(def).len()).max().unwrap_or_default();
    let mut text = String::new();
    for def in ops::ALL {
        writeln!(text, "{:width$}  {}", signature(def), def.summary).expect("a string takes all");
    }
    text
}

/// One op, for a terminal.
fn page(def: &OpDef) -> String {
    let mut text = format!("{}\n\n{}\n", def.signature(), def.summary);
    if def.short != def.name {
        text += &format!("Short name: {}\n", def.short);
    }
    if !def.params.is_empty() {
        text += "\nParameters:\n";
        let width = def.params.iter().map(|param| param.to_string().len()).max().unwrap_or_default();
        for param in def.params {
            text += &format!("  {:width$}  {}; {}\n", param.to_string(), param.doc, param.ty);
        }
    }
    if !def.details.is_empty() {
        text += &format!("\n{}\n", def.details);
    }
    text += "\nExample:\n";
    for line in def.example.lines() {
        text += &format!("  {line}\n");
    }
    text
}

/// One op, as a section of a Markdown document.
fn section(def: &OpDef) -> String {
    let mut text = format!("## `{}`\n\n", def.name);
    text += &format!("```text\n{}\n```\n\n{}", def.signature(), def.summary);
    if def.short != def.name {
        text += &format!(" Short name: `{}`.", def.short);
    }
    text += operands(def.operands);
    text += "\n";
    if !def.params.is_empty() {
        text += "\n| parameter | | takes |\n|---|---|---|\n";
        for param in def.params {
            text += &format!("| `{param}` | {} | {} |\n", cell(param.doc), cell(&param.ty.to_string()));
        }
    }
    if !def.details.is_empty() {
        text += &format!("\n{}\n", def.details);
    }
    text += &format!("\n```arch-body\n{}\n```\n", def.example);
    text
}

fn operands(operands: Operands) -> &'static str {
    match operands {
        Operands::Flow | Operands::Source | Operands::Input => "",
        Operands::Merge { numbers: true } => " Merges the flow with tensors or numbers, or branches in braces.",
        Operands::Merge { numbers: false } => " Merges the flow with tensors, or branches in braces.",
        Operands::Pair { numbers: true } => " Takes the flow and one tensor or number.",
        Operands::Pair { numbers: false } => " Takes the flow and one tensor.",
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
