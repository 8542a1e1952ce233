//! What several architectures cost, and how well they are known to classify: for the commands that compare.

use std::sync::Arc;

use super::console::Findings;
use super::network;
use super::target;
use crate::analyse::{Report, analyse};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expand::{ArchInfo, Program, Settings};
use crate::ir::Graph;
use crate::source::{SourceMap, Target};
use crate::weights::{Labels, Preset};

/// An architecture with what is known of it.
pub struct Surveyed {
    pub name: Arc<str>,
    /// As shown to people: `zoo/resnet.arch`.
    pub file: String,
    pub graph: Graph,
    pub report: Report,
    /// Its `weights` items, in order.
    pub presets: Vec<Preset>,
}

/// What a `weights` item says of the accuracy, in per cent.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    pub preset: &'a Preset,
    pub percent: f64,
}

/// Which accuracy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Metric {
    Top1,
    Top5,
}

impl Metric {
    pub fn words(self) -> &'static str {
        match self {
            Metric::Top1 => "top-1 accuracy",
            Metric::Top5 => "top-5 accuracy",
        }
    }
}

impl Surveyed {
    /// The best accuracy that is published for the classes of ImageNet, and the item that states it.
    pub fn best(&self, metric: Metric) -> Option<Known<'_>> {
        let of = |preset: &Preset| match (metric, preset.accuracy) {
            (Metric::Top1, Some(accuracy)) => Some(accuracy.top1),
            (Metric::Top5, Some(accuracy)) => accuracy.top5,
            (Metric::Top1 | Metric::Top5, None) => None,
        };
        let items = self.presets.iter().filter(|preset| preset.labels == Some(Labels::ImageNet1k));
        let known = items.filter_map(|preset| of(preset).map(|percent| Known { preset, percent }));
        // The first of equals.
        known.reduce(|best, other| if other.percent > best.percent { other } else { best })
    }

    /// `resnet` for `zoo/resnet.arch`.
    pub fn family(&self) -> &str {
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file);
        name.strip_suffix(".arch").unwrap_or(name)
    }
}

/// The architectures that are named: all complete ones of a file where none is, all of the zoo for `zoo`. What is wrong with
/// them is added to `found`.
pub fn survey(targets: &[String], settings: &Settings, sources: &mut SourceMap, found: &mut Findings) -> Vec<Surveyed> {
    let mut surveyed = Vec::new();
    for argument in targets {
        // A family of the zoo may be called as an architecture in it is; all of it is meant.
        let opened: Vec<Result<Target, Diagnostic>> = match argument.as_str() {
            "zoo" => {
                let families = SourceMap::zoo().map(|(family, _)| sources.open_target(&format!("zoo:{family}")));
                families.map(|target| Ok(Target { arch: None, ..target? })).collect()
            }
            one => vec![sources.open_target(one)],
        };
        for target in opened {
            let added = target.and_then(|target| add(&target, settings, sources, found, &mut surveyed));
            found.add(added.err());
        }
    }
    surveyed
}

fn add(
    opened: &Target,
    settings: &Settings,
    sources: &mut SourceMap,
    found: &mut Findings,
    surveyed: &mut Vec<Surveyed>,
) -> Result<(), Diagnostic> {
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(sources, opened.file, &mut diagnostics);
    let broken = diagnostics.has_errors();
    found.add(network::errors(diagnostics));
    let archs: Vec<&ArchInfo> = match opened.arch.as_deref() {
        Some(name) => vec![target::find(&program, sources, name)?],
        None => target::complete(&program, settings).collect(),
    };
    if archs.is_empty() && !broken {
        return Err(
            target::choose(&program, sources, None).map_or_else(|error| error, |_| target::none(&program, sources))
        );
    }
    for arch in archs {
        let mut diagnostics = Diagnostics::new();
        let graph = program.expand(sources, &arch.name, settings, &mut diagnostics);
        let presets = network::presets(&program, &arch.name, sources, &mut diagnostics);
        found.add(network::errors(diagnostics));
        let Some(graph) = graph else { continue };
        let report = analyse(&graph)?;
        let file = sources.file(opened.file).name.clone();
        surveyed.push(Surveyed { name: arch.name.clone(), file, graph, report, presets });
    }
    Ok(())
}
