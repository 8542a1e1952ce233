//! Several architectures with their costs and `weights` items: for the commands that compare.

use std::sync::Arc;

use super::console::{Console, Exit, Findings};
use super::network;
use super::target;
use crate::analyse::{Counting, Report, analyse_batch};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expand::{ArchInfo, Program, Settings};
use crate::ir::Graph;
use crate::source::{SourceMap, Target};
use crate::weights::Preset;

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

impl Surveyed {
    /// `resnet` for `zoo/resnet.arch`.
    pub fn family(&self) -> &str {
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or(&self.file);
        name.strip_suffix(".arch").unwrap_or(name)
    }
}

/// The architectures that are named: all complete ones of a file where none is, all of the zoo for `zoo`. `counting` says
/// whose rules they are counted by, too. What is wrong with them is reported; where there are errors, the exit code is given
/// back.
pub fn survey(
    targets: &[String],
    settings: &Settings,
    counting: Option<Counting>,
    sources: &mut SourceMap,
    console: &mut Console,
) -> Result<Vec<Surveyed>, Exit> {
    let mut found = Findings::default();
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
            let added = target.and_then(|target| add(&target, settings, counting, sources, &mut found, &mut surveyed));
            found.add(added.err());
        }
    }
    match console.report(&found, sources) {
        Exit::Fine => Ok(surveyed),
        exit => Err(exit),
    }
}

fn add(
    opened: &Target,
    settings: &Settings,
    counting: Option<Counting>,
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
        let report = analyse_batch(&graph, 1, counting)?;
        let file = sources.file(opened.file).name.clone();
        surveyed.push(Surveyed { name: arch.name.clone(), file, graph, report, presets });
    }
    Ok(())
}
