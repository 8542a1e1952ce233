//! A network to put images into: an architecture, its weights, how images are prepared for it, and what its classes are
//! called. Shared by the commands that compute.

use std::path::Path;

use candle_core::Device;

use super::console::{Console, Findings};
use super::settings::SettingsArgs;
use super::target;
use crate::device::DeviceName;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::expand::Program;
use crate::image::Preprocess;
use crate::ir::Graph;
use crate::lower::Precision;
use crate::source::SourceMap;
use crate::weights::{Fit, Preset, Renamed, WeightSource, WeightsFile, check_item, labels_file};

/// The arguments that say which network, and where it computes.
#[derive(Debug, clap::Args)]
pub struct NetworkArgs {
    /// A `.arch` file, `-` for standard input, or `zoo:NAME`; of several architectures in it, the one after the colon
    #[arg(value_name = "FILE[:ARCH]")]
    pub target: String,
    /// A safetensors file or PyTorch checkpoint instead of the one that the `weights` item names, or the name of another item
    #[arg(long, value_name = "FILE")]
    pub weights: Option<String>,
    /// A text file with a name a line, in the order of the classes, or `imagenet1k`, instead of the item's labels
    #[arg(long, value_name = "FILE")]
    pub labels: Option<String>,
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// Where to compute: `cpu`, `cuda` or `cuda:N`
    #[arg(long, value_name = "DEVICE", default_value_t = DeviceName::Cpu)]
    pub device: DeviceName,
    /// In what precision to compute: f32, f16, or bf16, which needs CUDA
    #[arg(long = "dtype", value_name = "TYPE", default_value = "f32")]
    pub precision: Precision,
}

/// What there is to compute with.
pub struct Network {
    pub graph: Graph,
    pub source: Box<dyn WeightSource>,
    /// How the weights want images to be prepared, where a `weights` item says so.
    pub image: Option<Preprocess>,
    pub labels: Option<Vec<String>>,
    pub device: Device,
    pub precision: Precision,
}

/// Why there is nothing to run.
pub enum Stop {
    Say(Box<Diagnostic>),
    /// It is among the findings already.
    Said,
}

impl Stop {
    /// Reports all that was found and why there is nothing to run.
    pub fn report(self, mut found: Findings, console: &mut Console, sources: &SourceMap) {
        match self {
            Stop::Say(diagnostic) => found.add([*diagnostic]),
            Stop::Said => {}
        }
        console.report(&found, sources);
    }
}

impl From<Diagnostic> for Stop {
    fn from(diagnostic: Diagnostic) -> Stop {
        Stop::Say(Box::new(diagnostic))
    }
}

impl NetworkArgs {
    /// Everything up to the first image. `suits` looks at the graph before weights are looked for, and gives the number
    /// of classes where there are such.
    ///
    /// # Errors
    /// What is wrong with the file, its architecture, the weights or the device; warnings are added to `found`.
    pub fn open(
        &self,
        sources: &mut SourceMap,
        found: &mut Findings,
        suits: impl FnOnce(&Graph) -> Result<Option<usize>, Diagnostic>,
    ) -> Result<Network, Stop> {
        let (graph, presets) = expand(&self.target, &self.settings, sources, found)?;
        let classes = suits(&graph)?;

        let named = self.weights.as_ref().and_then(|wanted| presets.iter().find(|preset| *preset.name == **wanted));
        let (preset, source) = match (&self.weights, named) {
            (Some(file), None) => open_file(file, &presets, &graph)?,
            (_, named) => {
                let preset = named.map_or_else(|| Preset::first_there(&presets, sources), |named| Ok(Some(named)))?;
                let Some(preset) = preset else { return Err(no_weights(&graph.name).into()) };
                (Some(preset), preset.open(sources)?)
            }
        };
        found.add(Fit::of(&graph, &*source).warning());

        let labels = match &self.labels {
            Some(file) => Some(labels_file(file, classes, &graph.name)?),
            None => {
                let labels = preset.map(|preset| preset.labels(sources)).transpose()?.flatten();
                // Weights from elsewhere may know other classes than the item's.
                labels.filter(|labels| Some(labels.len()) == classes || self.weights.is_none())
            }
        };
        let device = self.device.open()?;
        self.precision.check(&device)?;
        let image = preset.and_then(|preset| preset.image.clone());
        Ok(Network { graph, source, image, labels, device, precision: self.precision })
    }
}

impl Network {
    /// How images are prepared for an input `[channels, height, width]`.
    pub fn preprocess(&self, input: [usize; 3]) -> Preprocess {
        self.image.clone().unwrap_or_else(|| Preprocess::imagenet(input))
    }

    /// What a user should know of the weights.
    pub fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.source.notes().iter().map(|note| format!("note: {note}")).collect();
        notes.extend(self.image.is_none().then(|| {
            format!(
                "note: no `weights` item says how images are prepared for `{}`; they are made as for torchvision's \
                 ImageNet weights",
                self.graph.name
            )
        }));
        notes
    }
}

/// The architecture that a user means, with its `weights` items.
///
/// # Errors
/// What is wrong with the file or its architecture.
pub fn expand(
    target: &str,
    settings: &SettingsArgs,
    sources: &mut SourceMap,
    found: &mut Findings,
) -> Result<(Graph, Vec<Preset>), Stop> {
    let opened = sources.open_target(target)?;
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
    let graph = program.expand(sources, &arch.name, &settings.settings(), &mut diagnostics);
    let presets = presets(&program, &arch.name, sources, &mut diagnostics);
    found.add(errors(diagnostics));
    match graph.filter(|_| found.count(Severity::Error) == 0) {
        Some(graph) => Ok((graph, presets)),
        None => Err(Stop::Said),
    }
}

/// The `weights` items for an architecture, in order.
pub fn presets(program: &Program, arch: &str, sources: &SourceMap, diagnostics: &mut Diagnostics) -> Vec<Preset> {
    let items = program.weights().iter().filter(|item| &*item.arch.name == arch);
    items.filter_map(|item| check_item(item, sources, diagnostics)).collect()
}

/// A file that the user names: in the architecture's names, or else in those of a file that an item is about. The item
/// goes with it that says how to prepare images for it: the one that names this file, or else the first that fits.
fn open_file<'a>(
    file: &str,
    presets: &'a [Preset],
    graph: &Graph,
) -> Result<(Option<&'a Preset>, Box<dyn WeightSource>), Diagnostic> {
    let path = Path::new(file);
    let published = presets.iter().find(|preset| {
        let name = preset.url.as_deref().and_then(|url| url.rsplit('/').next());
        name.is_some() && name == path.file_name().and_then(|name| name.to_str())
    });
    let fits = |source: &dyn WeightSource| Fit::of(graph, source).error().is_none();
    let weights = WeightsFile::open(path)?;
    if published.is_none() && fits(&weights) {
        return Ok((presets.first(), Box::new(weights)));
    }
    for preset in published.into_iter().chain(presets) {
        match Renamed::new(WeightsFile::open(path)?, &preset.names) {
            Ok(renamed) if fits(&renamed) => return Ok((Some(preset), Box::new(renamed))),
            Ok(_) | Err(_) => {}
        }
    }
    Ok((presets.first(), Box::new(weights)))
}

fn no_weights(arch: &str) -> Diagnostic {
    Diagnostic::error(Code::NO_WEIGHTS, format!("there are no weights for `{arch}`")).help(format!(
        "name a weights file with `--weights FILE`, or describe one in the `.arch` file: `weights NAME for {arch} \
         {{ file \"...\" }}`"
    ))
}

/// The errors alone: what else there is to say of a file, `archc check` says.
pub fn errors(diagnostics: Diagnostics) -> impl Iterator<Item = Diagnostic> {
    diagnostics.into_sorted().into_iter().filter(|diagnostic| diagnostic.severity == Severity::Error)
}
