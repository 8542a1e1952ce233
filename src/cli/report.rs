//! `archc report`: a page that compares architectures.

use std::path::PathBuf;

use super::accuracy::{Axes, Metric, chart, costs};
use super::console::{Console, Exit, Failure};
use super::convention::ConventionArgs;
use super::drawn::{Format, Place};
use super::figure::Count;
use super::graph::{COMFORTABLE, comfortable};
use super::settings::SettingsArgs;
use super::survey::{Surveyed, survey};
use crate::picture::compare::{Chart, Compared, html};
use crate::picture::outline::Outline;
use crate::report::grouped;
use crate::source::SourceMap;

/// Write a page that compares architectures: costs, accuracy, stages, graphs
///
/// One HTML file that fetches nothing: a table to sort, accuracy over cost as far as `weights` items state it, bars of where
/// the cost is, and each graph to zoom, fold and search in.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ReportArgs {
    /// A `.arch` file, `-` for standard input, or `zoo:NAME`, with an architecture's name after a colon only that one; `zoo`
    /// is all of the zoo
    #[arg(required = true, value_name = "FILE[:ARCH]")]
    targets: Vec<String>,
    /// The file to write, `-` for standard output
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    convention: ConventionArgs,
}

const EXAMPLES: &str = "\
Examples:
  archc report zoo:resnet50 zoo:mobilenet_v2 zoo:vgg16 -o report.html
  archc report net.arch zoo:resnet18 -o report.html          yours beside another
  archc report archs/resnet.arch -o resnets.html             all of a file
  archc report zoo:resnet50 zoo:vgg16 --convention ptflops -o report.html

docs/pictures.md tells more.";

/// A page of more than this many ops would be too large to open.
const MAX_OPS: usize = 100_000;

/// Writes the page.
///
/// # Errors
/// The page can't be written, or would be too large.
pub fn report(args: &ReportArgs, console: &mut Console) -> Result<Exit, Failure> {
    let format = (args.output.as_os_str() == "-").then_some(Format::Html);
    let place = Place::find(Some(&args.output), format, &[Format::Html])?;
    let counting = args.convention.counting();
    let mut sources = SourceMap::new();
    let surveyed = match survey(&args.targets, &args.settings.settings(), counting, &mut sources, console) {
        Ok(surveyed) => surveyed,
        Err(exit) => return Ok(exit),
    };
    let ops: usize = surveyed.iter().map(|arch| arch.graph.len()).sum();
    if ops > MAX_OPS {
        let message =
            format!("the page would hold {} ops, and {} are the most", grouped(ops as u64), grouped(MAX_OPS as u64));
        return Err(Failure::usage(message).help("name fewer architectures"));
    }
    let compared: Vec<Compared> = surveyed
        .iter()
        .map(|arch| {
            let outline = Outline::new(&arch.graph, &arch.report);
            let depth = comfortable(&outline, COMFORTABLE, false);
            let accuracy = arch.best(Metric::Top1).map(|known| (known.percent, &*known.preset.name));
            Compared { file: &arch.file, outline, report: &arch.report, accuracy, depth }
        })
        .collect();
    let page = html(&compared, counting, chart_of(&surveyed).as_ref(), &sources);
    place.write(page.as_bytes(), console)?;
    Ok(Exit::Fine)
}

/// Accuracy over cost, or parameters over MACs where no two architectures have a known accuracy. One is nothing to compare.
fn chart_of(surveyed: &[Surveyed]) -> Option<Chart<'_>> {
    let (bubbles, left_out) = chart(Axes { x: Count::MACS, y: Metric::Top1, size: Count::PARAMS }, surveyed);
    let chart = match bubbles.bubbles.len() {
        0 | 1 => {
            Chart { bubbles: costs(Count::MACS, Count::PARAMS, Count::ACTIVATIONS, surveyed), left_out: Vec::new() }
        }
        _ => Chart { bubbles, left_out },
    };
    Some(chart).filter(|chart| chart.bubbles.bubbles.len() > 1)
}
