//! A network ready to compute: what the commands for images begin with.

use std::env;
use std::path::PathBuf;

use super::console::{Console, Failure, Findings};
use super::network::{NetworkArgs, Stop};
use super::settings::SettingsArgs;
use crate::classify::{self, Classifier};
use crate::image::ImageInput;
use crate::ir::Graph;
use crate::lower::{Model, Precision};
use crate::plan::{Options, PackedCache};
use crate::source::SourceMap;

/// The arguments that say how a plan computes on the CPU.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// Compute without Winograd's convolution, which rounds in another way than the definition; only float32 on the CPU
    /// has it
    #[arg(long)]
    pub exact: bool,
}

impl PlanArgs {
    /// How to compute, on `threads` where they are given.
    ///
    /// # Errors
    /// `ARCHC_SIMD` in the environment names no instructions that this machine has.
    pub fn options(&self, threads: Option<u16>) -> Result<Options, Failure> {
        let options = Options::from_environment().map_err(Failure::usage)?;
        let threads = threads.map_or(options.threads, usize::from);
        Ok(Options { threads, exact: self.exact, ..options })
    }
}

/// The argument that says where packed weights are kept.
#[derive(Debug, clap::Args)]
pub struct PackedArgs {
    /// Keep weights in DIR as kernels read them, and start from these the next time, which is faster; also as
    /// ARCHC_PACKED_CACHE in the environment
    ///
    /// DIR gets a file for each weights file and architecture, as large as the weights that `archc plan` tells; it is made if
    /// it is not there, and what is in it may be removed. As by `make` or git, a weights file is taken for unchanged while
    /// its path, length, inode and times are the same. Only float32 on the CPU has this, and not weights that come with
    /// archc.
    #[arg(long, value_name = "DIR")]
    packed_cache: Option<PathBuf>,
}

impl PackedArgs {
    /// The folder of the argument, or else of `ARCHC_PACKED_CACHE` in the environment.
    pub fn cache(&self) -> Option<PackedCache> {
        let from_environment =
            || env::var_os("ARCHC_PACKED_CACHE").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        self.packed_cache.clone().or_else(from_environment).map(PackedCache::new)
    }
}

/// How a plan computes, and where it may find its packed weights.
#[derive(Clone, Debug)]
pub struct Planned {
    pub options: Options,
    pub cache: Option<PackedCache>,
}

/// Tells what there is to say of a cache that was written.
pub fn tell_kept(kept: &Result<Option<String>, String>, console: &mut Console) {
    match kept {
        Ok(None) => {}
        Ok(Some(text)) => console.note(format!("note: {text}")),
        Err(text) => console.note(format!("warning: {text}")),
    }
}

/// The arguments that say what a plan is made for, and how, by the commands that make up images themselves.
#[derive(Debug, clap::Args)]
pub struct WorkloadArgs {
    /// Images in a run
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch: u32,
    /// How many threads compute [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    #[command(flatten)]
    pub plan: PlanArgs,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

impl WorkloadArgs {
    /// How to compute.
    ///
    /// # Errors
    /// As [`PlanArgs::options`].
    pub fn options(&self) -> Result<Options, Failure> {
        self.plan.options(self.threads)
    }
}

/// A graph, what computes it, and notes for the user.
type Opened<T> = (Graph, T, Vec<String>);

impl NetworkArgs {
    /// The network as a classifier, planned where it computes on the CPU in float32 and `plan` says how; nothing where
    /// something is wrong with it, which has been told. `begin` is called when it is known how images are prepared, before
    /// weights are read.
    pub fn classifier(
        &self,
        plan: Option<&Planned>,
        sources: &mut SourceMap,
        console: &mut Console,
        begin: impl FnOnce(&ImageInput),
    ) -> Option<(Graph, Classifier)> {
        let mut found = Findings::default();
        let opened = self.open_classifier(plan, sources, &mut found, begin);
        told(opened, found, sources, console)
    }

    /// The network as a model of images; nothing where something is wrong with it, which has been told.
    pub fn model(&self, sources: &mut SourceMap, console: &mut Console) -> Option<(Graph, (Model, ImageInput))> {
        let mut found = Findings::default();
        let opened = self.open_model(sources, &mut found);
        told(opened, found, sources, console)
    }

    fn open_classifier(
        &self,
        plan: Option<&Planned>,
        sources: &mut SourceMap,
        found: &mut Findings,
        begin: impl FnOnce(&ImageInput),
    ) -> Result<Opened<Classifier>, Stop> {
        let suits = |graph: &Graph| classify::shape_of(graph).map(|(_, classes)| Some(classes));
        let network = self.open(sources, found, suits)?;
        let (shape, _) = classify::shape_of(&network.graph)?;
        let (image, mut notes) = (network.preprocess(shape), network.notes());
        begin(&ImageInput::new(&image, shape, &network.graph.name)?);
        let (graph, source, labels) = (network.graph, &*network.source, network.labels);
        let plain = network.device.is_cpu() && network.precision == Precision::F32;
        if !plain && plan.is_some_and(|plan| plan.options.exact) {
            notes.push(
                "note: `--exact` changes nothing here: only float32 on the CPU has another way than exact".to_string(),
            );
        }
        let classifier = match plan.filter(|_| plain) {
            Some(Planned { options, cache }) => {
                Classifier::planned(&graph, source, &image, labels, *options, cache.as_ref())?
            }
            None => {
                Classifier::new(&graph, source, &image, labels, &network.device)?.with_precision(network.precision)?
            }
        };
        Ok((graph, classifier, notes))
    }

    fn open_model(&self, sources: &mut SourceMap, found: &mut Findings) -> Result<Opened<(Model, ImageInput)>, Stop> {
        let network = self.open(sources, found, |graph| classify::image_input(graph).map(|_| None))?;
        let shape = classify::image_input(&network.graph)?;
        let (image, notes) = (network.preprocess(shape), network.notes());
        let input = ImageInput::new(&image, shape, &network.graph.name)?;
        let model = Model::new(&network.graph, &*network.source, &network.device)?;
        Ok((network.graph, (model.with_precision(network.precision)?, input), notes))
    }
}

fn told<T>(
    opened: Result<Opened<T>, Stop>,
    mut found: Findings,
    sources: &SourceMap,
    console: &mut Console,
) -> Option<(Graph, T)> {
    if let Err(Stop::Say(diagnostic)) = &opened {
        found.add([(**diagnostic).clone()]);
    }
    console.report(&found, sources);
    let (graph, network, notes) = opened.ok()?;
    notes.into_iter().for_each(|note| console.note(note));
    Some((graph, network))
}
