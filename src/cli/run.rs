//! `archc run`: what is in photos.

use std::io::Write;
use std::path::{Path, PathBuf};

use candle_core::Device;
use serde::Serialize;

use super::console::{Console, Exit, Failure, Findings, counted};
use super::target;
use crate::classify::{self, Classifier, Guess};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::expand::Program;
use crate::image::{self, Preprocess};
use crate::ir::Graph;
use crate::source::SourceMap;
use crate::weights::{Fit, Preset, Renamed, WeightSource, WeightsFile, check_item};

/// Classify images
///
/// The `weights` item of the architecture says where its weights are, how images are prepared, and what the classes are
/// called. The exit code is 0 when every image was classified, 1 when one could not be, and 2 when none can be.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    /// A `.arch` file, `-` for standard input, or `zoo:NAME`; of several architectures in it, the one after the colon
    #[arg(value_name = "FILE[:ARCH]")]
    target: String,
    /// PNG or JPEG files
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// A safetensors file or PyTorch checkpoint instead of the one that the `weights` item names, or the name of another item
    #[arg(long, value_name = "FILE")]
    weights: Option<String>,
    /// How many classes to show, the most probable first
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    topk: u32,
    /// `table` is for people; `jsonl` prints one JSON object an image
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    settings: super::settings::SettingsArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Jsonl,
}

const EXAMPLES: &str = "\
Examples:
  archc run archs/squeezenet.arch photo.png        the five best classes of a photo
  archc run zoo:squeezenet1_1 *.jpg --topk 1       the best class of each
  archc run net.arch photo.png --weights new.safetensors
  archc run zoo:squeezenet1_1 *.png --format jsonl > predictions.jsonl";

/// Classifies the images one by one; those that can't be are told and passed over.
///
/// # Errors
/// Standard output can't be written.
pub fn run(args: &RunArgs, console: &mut Console) -> Result<Exit, Failure> {
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let prepared = match prepare(args, &mut sources, &mut found) {
        Ok(prepared) => prepared,
        Err(stop) => {
            if let Stop::Say(diagnostic) = stop {
                found.add([*diagnostic]);
            }
            console.report(&found, &sources);
            return Ok(Exit::Usage);
        }
    };
    console.report(&found, &sources);
    for note in prepared.notes {
        console.note(note);
    }
    let classifier = prepared.classifier;
    let mut failed = 0;
    for (index, path) in args.images.iter().enumerate() {
        let name = path.display().to_string();
        let guesses = image::read(path, image::Orientation::Ignored)
            .and_then(|photo| classifier.classify(&photo, &name, args.topk as usize));
        match (&guesses, args.format) {
            (Ok(guesses), Format::Table) => {
                let gap = if index > failed { "\n" } else { "" };
                write!(console.out(), "{gap}{}", table(&name, guesses))?;
            }
            (Err(_), Format::Table) => {}
            (Ok(top), Format::Jsonl) => line(console, &Line { image: &name, top: Some(top), error: None })?,
            (Err(error), Format::Jsonl) => {
                line(console, &Line { image: &name, top: None, error: Some(&error.message) })?;
            }
        }
        console.out().flush()?;
        if let Err(error) = guesses {
            failed += 1;
            console.report_one(error, &sources);
        }
    }
    if failed > 0 && args.images.len() > 1 {
        console.note(format!("{failed} of {} could not be classified", counted(args.images.len(), "image")));
    }
    Ok(if failed > 0 { Exit::Findings } else { Exit::Fine })
}

/// One line of `jsonl`: an image with its classes, or with what is wrong with it.
#[derive(Serialize)]
struct Line<'a> {
    image: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<&'a [Guess]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

fn line(console: &mut Console, line: &Line<'_>) -> Result<(), Failure> {
    serde_json::to_writer(console.out(), line).map_err(std::io::Error::from)?;
    writeln!(console.out())?;
    Ok(())
}

fn table(name: &str, guesses: &[Guess]) -> String {
    let mut text = format!("{name}\n");
    for guess in guesses {
        let label = guess.label.clone().unwrap_or_else(|| format!("class {}", guess.index));
        text.push_str(&format!("  {:6.2} %  {label}\n", guess.probability * 100.0));
    }
    text
}

/// What is there to run, and what a user should know of it.
struct Prepared {
    classifier: Classifier,
    notes: Vec<String>,
}

/// Why there is nothing to run.
enum Stop {
    Say(Box<Diagnostic>),
    /// It is among the findings already.
    Said,
}

impl From<Diagnostic> for Stop {
    fn from(diagnostic: Diagnostic) -> Stop {
        Stop::Say(Box::new(diagnostic))
    }
}

/// Everything up to the first image.
fn prepare(args: &RunArgs, sources: &mut SourceMap, found: &mut Findings) -> Result<Prepared, Stop> {
    let opened = sources.open_target(&args.target)?;
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(sources, opened.file, &mut diagnostics);
    found.add(errors(diagnostics));
    let arch = match target::choose(&program, sources, opened.arch.as_deref()) {
        Ok(arch) => arch,
        // A file that could not be read well has said so.
        Err(_) if found.count(Severity::Error) > 0 => return Err(Stop::Said),
        Err(diagnostic) => return Err(diagnostic.into()),
    };
    let mut diagnostics = Diagnostics::new();
    let graph = program.expand(sources, &arch.name, &args.settings.settings(), &mut diagnostics);
    let presets = presets(&program, &arch.name, sources, &mut diagnostics);
    found.add(errors(diagnostics));
    let Some(graph) = graph.filter(|_| found.count(Severity::Error) == 0) else { return Err(Stop::Said) };
    let (input, classes) = classify::shape_of(&graph)?;

    let named = args.weights.as_ref().and_then(|wanted| presets.iter().find(|preset| *preset.name == **wanted));
    let preset = named.or(presets.first());
    let source = match (&args.weights, preset) {
        (Some(file), _) if named.is_none() => open_file(file, preset, &graph)?,
        (_, Some(preset)) => preset.open(sources)?,
        (_, None) => return Err(no_weights(&arch.name).into()),
    };
    found.add(Fit::of(&graph, &*source).warning());

    let image = preset.and_then(|preset| preset.image.clone());
    let mut notes: Vec<String> = source.notes().iter().map(|note| format!("note: {note}")).collect();
    notes.extend(image.is_none().then(|| {
        format!(
            "note: no `weights` item says how images are prepared for `{}`; they are made as for torchvision's ImageNet \
             weights",
            arch.name
        )
    }));
    let image = image.unwrap_or_else(|| Preprocess::imagenet(input));
    let labels = preset.map(|preset| preset.labels(sources)).transpose()?.flatten();
    // Weights from elsewhere may know other classes than the item's.
    let labels = labels.filter(|labels| labels.len() == classes || args.weights.is_none());
    let classifier = Classifier::new(&graph, &*source, &image, labels, &Device::Cpu)?;
    Ok(Prepared { classifier, notes })
}

/// The `weights` items for an architecture, in order.
fn presets(program: &Program, arch: &str, sources: &SourceMap, diagnostics: &mut Diagnostics) -> Vec<Preset> {
    let items = program.weights().iter().filter(|item| &*item.arch.name == arch);
    items.filter_map(|item| check_item(item, sources, diagnostics)).collect()
}

/// A file that the user names: in the architecture's names, or else in those of the file that the item is about.
fn open_file(file: &str, preset: Option<&Preset>, graph: &Graph) -> Result<Box<dyn WeightSource>, Diagnostic> {
    let weights = WeightsFile::open(Path::new(file))?;
    match preset {
        Some(preset) if Fit::of(graph, &weights).error().is_some() => {
            Ok(Box::new(Renamed::new(weights, &preset.names)?))
        }
        Some(_) | None => Ok(Box::new(weights)),
    }
}

fn no_weights(arch: &str) -> Diagnostic {
    Diagnostic::error(Code::NO_WEIGHTS, format!("there are no weights for `{arch}`")).help(format!(
        "name a weights file with `--weights FILE`, or describe one in the `.arch` file: `weights NAME for {arch} \
         {{ file \"...\" }}`"
    ))
}

/// The errors alone: what else there is to say of a file, `archc check` says.
fn errors(diagnostics: Diagnostics) -> impl Iterator<Item = Diagnostic> {
    diagnostics.into_sorted().into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error)
}
