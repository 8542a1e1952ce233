//! `archc plot`: charts of several architectures.

use super::accuracy::{Axes, Figure, Metric, chart};
use super::console::{Console, Exit, Failure, Findings};
use super::drawn::{Format, OutputArgs, Place};
use super::settings::SettingsArgs;
use super::survey::survey;
use crate::diagnostic;
use crate::picture::chart::bubbles;
use crate::source::SourceMap;

/// Draw accuracy over cost: the field's bubble chart
///
/// A bubble for each architecture: how often it is right on ImageNet, as a `weights` item states it (the best, where
/// several do), over what it costs; the area is the number of parameters. Architectures without a stated accuracy are
/// left out.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct PlotArgs {
    /// A `.arch` file, `-` for standard input, or `zoo:NAME`, with an architecture's name after a colon only that one; `zoo`
    /// is all of the zoo
    #[arg(value_name = "FILE[:ARCH]", default_value = "zoo")]
    targets: Vec<String>,
    #[command(flatten)]
    output: OutputArgs,
    /// What stands on the level axis
    #[arg(long, value_enum, default_value_t = Figure::Macs)]
    x: Figure,
    /// What stands on the upright axis
    #[arg(long, value_enum, default_value_t = Metric::Top1)]
    y: Metric,
    /// What the areas are
    #[arg(long, value_enum, default_value_t = Figure::Params)]
    size: Figure,
    #[command(flatten)]
    settings: SettingsArgs,
}

const EXAMPLES: &str = "\
Examples:
  archc plot -o zoo.svg                                  all of the zoo
  archc plot archs/resnet.arch zoo:vgg16 -o nets.png
  archc plot --x params --size macs -o params.svg
  archc plot net.arch zoo --y top5 -o beside.svg         yours among the zoo's

docs/pictures.md tells more.";

/// Writes the chart, and says on standard error what is not in it.
///
/// # Errors
/// The chart can't be written, or nothing is known to draw.
pub fn plot(args: &PlotArgs, console: &mut Console) -> Result<Exit, Failure> {
    let place = Place::find(args.output.output.as_deref(), args.output.format, &[Format::Svg, Format::Png])?;
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let surveyed = survey(&args.targets, &args.settings.settings(), &mut sources, &mut found);
    let exit = console.report(&found, &sources);
    if exit != Exit::Fine {
        return Ok(exit);
    }
    let (chart, unknown) = chart(Axes { x: args.x, y: args.y, size: args.size }, &surveyed);
    if chart.bubbles.is_empty() {
        return Err(Failure::usage(format!("no `weights` item states the {} of what is named", args.y.words())).help(
            "an item states it as in `accuracy top1 76.13, top5 92.862`, with `labels \"imagenet1k\"`; `archc zoo` lists \
             architectures, of which many have one",
        ));
    }
    if !unknown.is_empty() {
        let names = some(&unknown);
        console.note(format!("note: left out, since no `weights` item states the {}: {names}", args.y.words()));
    }
    let (svg, hidden) = bubbles(&chart, place.theme(args.output.theme));
    if !hidden.is_empty() {
        let names = some(&hidden.iter().map(String::as_str).collect::<Vec<_>>());
        console.note(format!("note: there is no room for these names: {names}"));
    }
    place.write_svg(&svg, args.output.scale, console)?;
    Ok(Exit::Fine)
}

/// The first names of a list, and how many more there are.
fn some(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    match names.len().checked_sub(SHOWN).filter(|more| *more > 1) {
        None => diagnostic::list(names.iter().copied()),
        Some(more) => format!("`{}` and {more} more", names[..SHOWN].join("`, `")),
    }
}
