//! `archc verify`: an architecture against what PyTorch says of it.

use std::io::{Read, Write};

use super::console::{Console, Exit, Failure, Findings};
use super::network::errors;
use super::target;
use crate::device::DeviceName;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, did_you_mean, list};
use crate::expand::Program;
use crate::report;
use crate::source::{SourceMap, io_reason};
use crate::verify::{Comparison, MAX_BYTES, Reference, bad};
use crate::weights::check_item;

/// Hold an architecture to what PyTorch computes
///
/// Compares parameters, buffers, MACs, the names and shapes of all weights, every layer that has weights, and the
/// result, for weights and an input that both sides compute from names. The exit code is 0 when all agrees, 1 when
/// something differs, and 2 when it can't be compared.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct VerifyArgs {
    /// A `.arch` file, `-` for standard input, or `zoo:NAME`; of several architectures in it, the one after the colon
    #[arg(value_name = "FILE[:ARCH]")]
    target: String,
    /// What `tools/reference.py` wrote of a PyTorch module
    #[arg(value_name = "REFERENCE.json")]
    reference: String,
    /// A `weights` item whose `names` say what the reference's weights are called here
    #[arg(long, value_name = "ITEM")]
    names: Option<String>,
    /// Where to compute: `cpu`, `cuda` or `cuda:N`
    #[arg(long, value_name = "DEVICE", default_value_t = DeviceName::Cpu)]
    device: DeviceName,
    /// `table` is for people; `json` prints one object
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    settings: super::settings::SettingsArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
}

const EXAMPLES: &str = "\
Examples:
  python tools/reference.py 'torchvision.models.resnet18()' --input 3x224x224 -o resnet18.json
  archc verify zoo:resnet18 resnet18.json
  archc verify net.arch:small small.json --set classes=10
  archc verify net.arch theirs.json --names timm     through the names of `weights timm for net`
  archc verify net.arch net.json --format json | jq '.layers.differing[0]'";

/// Compares, and prints what agrees and the first layer that differs to standard output.
///
/// # Errors
/// Standard output can't be written.
pub fn verify(args: &VerifyArgs, console: &mut Console) -> Result<Exit, Failure> {
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let comparison = compare(args, &mut sources, &mut found);
    if let Err(Some(diagnostic)) = &comparison {
        found.add([(**diagnostic).clone()]);
    }
    console.report(&found, &sources);
    let Ok(comparison) = comparison else { return Ok(Exit::Usage) };
    match args.format {
        Format::Table => {
            let text = comparison.to_text(&sources, console.table_width());
            console.out().write_all(text.as_bytes())?;
        }
        Format::Json => writeln!(console.out(), "{}", comparison.to_json(&sources))?,
    }
    if let ([wanted], [_]) = (&*comparison.inputs.expected, &*comparison.inputs.found)
        && !comparison.inputs.agrees()
    {
        let shape = report::shape(wanted);
        console.note(format!("help: `--input {shape}` computes with the reference's input"));
    }
    Ok(if comparison.agrees() { Exit::Fine } else { Exit::Findings })
}

/// The comparison; what stands in its way, or nothing where that is among the findings already.
fn compare(
    args: &VerifyArgs,
    sources: &mut SourceMap,
    found: &mut Findings,
) -> Result<Comparison, Option<Box<Diagnostic>>> {
    let stop = |diagnostic: Diagnostic| Some(Box::new(diagnostic));
    let device = args.device.open().map_err(stop)?;
    let opened = sources.open_target(&args.target).map_err(stop)?;
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(sources, opened.file, &mut diagnostics);
    found.add(errors(diagnostics));
    let chosen = target::choose(&program, sources, opened.arch.as_deref());
    // A file that could not be read well has said so.
    let said = found.count(Severity::Error) > 0;
    let arch = chosen.map_err(|diagnostic| if said { None } else { stop(diagnostic) })?;

    let mut diagnostics = Diagnostics::new();
    let graph = program.expand(sources, &arch.name, &args.settings.settings(), &mut diagnostics);
    found.add(errors(diagnostics));
    let Some(graph) = graph.filter(|_| found.count(Severity::Error) == 0) else { return Err(None) };
    let text = read(&args.reference).map_err(|reason| stop(bad(&args.reference, reason)))?;
    let mut reference = Reference::parse(&text, &args.reference).map_err(stop)?;
    if let Some(name) = &args.names {
        let items = program.weights().iter().filter(|item| item.arch.name == arch.name);
        let Some(item) = items.clone().find(|item| *item.name.name == **name) else {
            let names = || items.clone().map(|item| &*item.name.name);
            let error = Diagnostic::error(Code::UNKNOWN_NAME, format!("`{}` has no weights `{name}`", arch.name));
            let help = did_you_mean(name, names()).unwrap_or_else(|| format!("it has {}", list(names())));
            return Err(stop(error.help(help)));
        };
        let mut diagnostics = Diagnostics::new();
        let preset = check_item(item, sources, &mut diagnostics);
        found.add(errors(diagnostics));
        let Some(preset) = preset else { return Err(None) };
        reference = reference.renamed(&preset.names).map_err(stop)?;
    }
    Comparison::of(&graph, &reference, &device).map_err(stop)
}

/// The bytes of a file, or of standard input for `-`.
fn read(path: &str) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let all = |reader: &mut dyn Read, text: &mut Vec<u8>| reader.take(MAX_BYTES + 1).read_to_end(text);
    let result = match path {
        "-" => all(&mut std::io::stdin().lock(), &mut text),
        path => std::fs::File::open(path).and_then(|mut file| all(&mut file, &mut text)),
    };
    result.map_err(|error| io_reason(&error))?;
    match text.len() as u64 > MAX_BYTES {
        true => Err(format!("it is larger than {} MiB", MAX_BYTES >> 20)),
        false => Ok(text),
    }
}
