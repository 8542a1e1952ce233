//! `archc weights check`: whether weights are those of an architecture, and what they are called otherwise.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::console::{Console, Exit, Failure, Findings, counted};
use crate::cli::network::{Stop, expand};
use crate::cli::settings::SettingsArgs;
use crate::diagnostic::{self, Code, Diagnostic};
use crate::ir::Graph;
use crate::report::shape;
use crate::source::SourceMap;
use crate::weights::{Fit, Preset, Renamed, WeightSource, WeightsFile};

/// Compare a weights file with an architecture
///
/// By names and shapes. Where names are missing, rules that give the file's weights the architecture's names are looked
/// for, and printed ready for a `weights` item. The exit code is 0 when all weights are there, 1 when some are not, and 2
/// when the files can't be compared.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// A `.arch` file, `-` for standard input, or `zoo:NAME`; of several architectures in it, the one after the colon
    #[arg(value_name = "FILE[:ARCH]")]
    target: String,
    /// A safetensors file or a PyTorch checkpoint
    weights: PathBuf,
    /// Rename as this `weights` item of the architecture says; without it, the file's own names are tried first, then every
    /// item's
    #[arg(long, value_name = "ITEM")]
    names: Option<String>,
    /// Show every name, not only the first of each kind
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    settings: SettingsArgs,
    /// `table` is for people; `json` has every name
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
}

/// How many names of each kind are shown without `--all`.
const SHOWN: usize = 10;

const EXAMPLES: &str = "\
Examples:
  archc weights check zoo:resnet50 resnet50.pth
  archc weights check net.arch:small checkpoint.pth --all
  archc weights check zoo:resnet18 mine.safetensors --set classes=10
  archc weights check zoo:vgg16 timm_vgg16.safetensors      prints the `names { ... }` that the item needs
  archc weights check net.arch net.pth --format json | jq '.missing'";

/// Prints the comparison to standard output.
///
/// # Errors
/// Standard output can't be written, or there is no such item.
pub fn check(args: &CheckArgs, console: &mut Console) -> Result<Exit, Failure> {
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let compared = match compare(args, &mut sources, &mut found) {
        Ok(compared) => compared,
        Err(stop) => {
            stop.report(found, console, &sources);
            return Ok(Exit::Usage);
        }
    };
    console.report(&found, &sources);
    for note in &compared.notes {
        console.note(format!("note: {note}"));
    }
    let fit = &compared.fit;
    match args.format {
        Format::Table => console.out().write_all(compared.text(args.all).as_bytes())?,
        Format::Json => {
            serde_json::to_writer(console.out(), &compared.json()).map_err(std::io::Error::from)?;
            writeln!(console.out())?;
        }
    }
    Ok(if fit.missing.is_empty() && fit.differing.is_empty() { Exit::Fine } else { Exit::Findings })
}

/// The weights of a file beside those that an architecture needs.
struct Compared {
    fit: Fit,
    /// The item whose names were used.
    item: Option<String>,
    notes: Vec<String>,
}

fn compare(args: &CheckArgs, sources: &mut SourceMap, found: &mut Findings) -> Result<Compared, Stop> {
    let (graph, presets) = expand(&args.target, &args.settings, sources, found)?;
    let file = WeightsFile::open(&args.weights)?;
    let notes = file.notes().to_vec();
    if let Some(name) = &args.names {
        let preset = preset(&presets, name, &graph)?;
        let renamed = Renamed::new(file, &preset.names)?;
        return Ok(Compared { fit: Fit::of(&graph, &renamed), item: Some(name.clone()), notes });
    }
    let fit = Fit::of(&graph, &file);
    if fit.error().is_some() {
        for preset in presets.iter().filter(|preset| !preset.names.is_empty()) {
            let Ok(renamed) = Renamed::new(&file, &preset.names) else { continue };
            let other = Fit::of(&graph, &renamed);
            if other.error().is_none() {
                return Ok(Compared { fit: other, item: Some(preset.name.to_string()), notes });
            }
        }
    }
    Ok(Compared { fit, item: None, notes })
}

/// The item called `name`.
pub(super) fn preset<'a>(presets: &'a [Preset], name: &str, graph: &Graph) -> Result<&'a Preset, Stop> {
    presets.iter().find(|preset| *preset.name == *name).ok_or_else(|| {
        let names = || presets.iter().map(|preset| &*preset.name);
        let error = Diagnostic::error(Code::NO_WEIGHTS, format!("`{}` has no weights `{name}`", graph.name));
        let list = match presets {
            [] => "there is no `weights` item for it".to_string(),
            _ => format!("its items are {}", diagnostic::list(names())),
        };
        error.help(diagnostic::did_you_mean(name, names()).unwrap_or(list)).into()
    })
}

impl Compared {
    fn text(&self, all: bool) -> String {
        let fit = &self.fit;
        let mut text = format!(
            "{} for `{}`: {} of {} are there",
            fit.source,
            fit.arch,
            fit.matched,
            counted(fit.needed(), "weight")
        );
        if let Some(item) = &self.item {
            text.push_str(&format!(", by the names of the item `{item}`"));
        }
        text.push_str("\n\n");
        let counts = [
            ("matched", fit.matched),
            ("missing", fit.missing.len()),
            ("of another shape", fit.differing.len()),
            ("unexpected", fit.unexpected.len()),
        ];
        for (what, count) in counts {
            text.push_str(&format!("{what:17}{count:7}\n"));
        }
        let named = |(name, dims): &(String, Vec<usize>)| format!("{name} {}", shape(dims));
        let differing = |(name, held, needed): &(String, Vec<usize>, Vec<usize>)| {
            format!("{name} is {} and should be {}", shape(held), shape(needed))
        };
        let lists: [(&str, Vec<String>); 3] = [
            ("missing", fit.missing.iter().map(named).collect()),
            ("of another shape", fit.differing.iter().map(differing).collect()),
            ("unexpected", fit.unexpected.iter().map(named).collect()),
        ];
        for (what, lines) in lists.iter().filter(|(_, lines)| !lines.is_empty()) {
            text.push_str(&format!("\n{what}:\n"));
            let shown = if all { lines.len() } else { SHOWN };
            for line in lines.iter().take(shown) {
                text.push_str(&format!("  {line}\n"));
            }
            if lines.len() > shown {
                text.push_str(&format!("  and {} more, which `--all` shows\n", lines.len() - shown));
            }
        }
        if let Some(names) = &fit.names {
            let there = match names.matched == fit.needed() {
                true => format!("all {}", names.matched),
                false => format!("{} of the {}", names.matched, fit.needed()),
            };
            text.push_str(&format!("\nWith these names in a `weights` item, {there} are there:\n\n{}", names.block(2)));
            // One rule for all names is no guess.
            if names.guessed > 0 && names.rules.len() > 1 {
                text.push_str(&format!(
                    "\nOf these, {} have the same shapes as others and are told apart by their order alone: see that the \
                     results are right.\n",
                    names.guessed
                ));
            }
        } else if let Some(help) = fit.error().and_then(|error| error.help) {
            text.push_str(&format!("\n{help}\n"));
        }
        text
    }

    fn json(&self) -> Json<'_> {
        let fit = &self.fit;
        let named = |(name, shape): &'_ (String, Vec<usize>)| Named { name: name.clone(), shape: shape.clone() };
        Json {
            file: &fit.source,
            arch: &fit.arch,
            item: self.item.as_deref(),
            needed: fit.needed(),
            matched: fit.matched,
            missing: fit.missing.iter().map(named).collect(),
            differing: fit
                .differing
                .iter()
                .map(|(name, held, needed)| Differing { name, shape: held, needed })
                .collect(),
            unexpected: fit.unexpected.iter().map(named).collect(),
            proposal: fit.names.as_ref().map(|names| Rules {
                matched: names.matched,
                guessed: names.guessed,
                names: names.rules.iter().map(|(from, to)| Rule { from, to }).collect(),
            }),
        }
    }
}

/// `docs/weights.md` describes it.
#[derive(Serialize)]
struct Json<'a> {
    file: &'a str,
    arch: &'a str,
    item: Option<&'a str>,
    needed: usize,
    matched: usize,
    missing: Vec<Named>,
    differing: Vec<Differing<'a>>,
    unexpected: Vec<Named>,
    proposal: Option<Rules<'a>>,
}

#[derive(Serialize)]
struct Named {
    name: String,
    shape: Vec<usize>,
}

#[derive(Serialize)]
struct Differing<'a> {
    name: &'a str,
    shape: &'a [usize],
    needed: &'a [usize],
}

#[derive(Serialize)]
struct Rules<'a> {
    matched: usize,
    guessed: usize,
    names: Vec<Rule<'a>>,
}

#[derive(Serialize)]
struct Rule<'a> {
    from: &'a str,
    to: &'a str,
}
