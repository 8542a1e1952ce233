//! `archc plot`: charts of several architectures.

use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::accuracy::{Axes, Metric, chart, costs};
use super::console::{Console, Exit, Failure};
use super::convention::ConventionArgs;
use super::curves::{curves, level};
use super::drawn::{Format, OutputArgs, Place};
use super::figure::Count;
use super::settings::SettingsArgs;
use super::survey::{Surveyed, survey};
use super::swept::swept;
use crate::analyse::Counting;
use crate::diagnostic;
use crate::picture::chart::{self, Bubbles, bubbles};
use crate::source::SourceMap;
use crate::sweep::{Axis, Measure};

/// Draw accuracy over cost, the field's bubble chart, or the costs of a sweep as curves
///
/// A bubble for each architecture: how often it is right on ImageNet, as a `weights` item states it (the best, where
/// several do), over what it costs; the area is the number of parameters. Architectures without a stated accuracy are
/// left out. With `--sweep`, one architecture with every combination of some values: a curve over one of them for
/// each choice of the others.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, mut_arg("format", |format| format.value_parser(chart_format())))]
pub struct PlotArgs {
    /// A `.arch` file, `-` for standard input, or `zoo:NAME`, with an architecture's name after a colon only that one; `zoo`
    /// is all of the zoo
    #[arg(value_name = "FILE[:ARCH]", default_value = "zoo")]
    targets: Vec<String>,
    #[command(flatten)]
    output: OutputArgs,
    /// Draw every combination of the values of parameters, named sizes or `input`: lists, and ranges with both ends
    /// included, as in alpha=0.25,0.5,1 or input=128..224:32
    #[arg(long, value_name = "NAME=VALUES")]
    sweep: Vec<Axis>,
    /// What stands on the level axis: macs, flops, params, activations, peak_memory, layers or, with `--convention`,
    /// convention (macs, or convention); of a sweep, what is swept (the first whose values are numbers)
    #[arg(long, value_name = "WHAT")]
    x: Option<String>,
    /// What stands on the upright axis (top1); of a sweep, a cost (macs, or convention)
    #[arg(long, value_enum, value_name = "WHAT")]
    y: Option<Upright>,
    /// What the areas are
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Count::PARAMS, conflicts_with = "sweep")]
    size: Count,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    convention: ConventionArgs,
}

/// What can stand on the upright axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upright {
    Accuracy(Metric),
    Cost(Count),
}

impl ValueEnum for Upright {
    fn value_variants<'a>() -> &'a [Upright] {
        const {
            &[
                Upright::Accuracy(Metric::Top1),
                Upright::Accuracy(Metric::Top5),
                Upright::Cost(Count::MACS),
                Upright::Cost(Count::FLOPS),
                Upright::Cost(Count::PARAMS),
                Upright::Cost(Count::ACTIVATIONS),
                Upright::Cost(Count::PEAK_MEMORY),
                Upright::Cost(Count::LAYERS),
                Upright::Cost(Count::CONVENTION),
            ]
        }
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Upright::Accuracy(metric) => metric.to_possible_value(),
            Upright::Cost(figure) => figure.to_possible_value(),
        }
    }
}

/// The formats of charts.
fn chart_format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["svg", "png"]).map(|name| if name == "png" { Format::Png } else { Format::Svg })
}

const EXAMPLES: &str = "\
Examples:
  archc plot -o zoo.svg                                  all of the zoo
  archc plot archs/resnet.arch zoo:vgg16 -o nets.png
  archc plot --x params --size macs -o params.svg
  archc plot net.arch zoo --y top5 -o beside.svg         yours among the zoo's
  archc plot zoo --y params --x layers -o deep.svg       costs over costs
  archc plot zoo --convention ptflops -o as_ptflops.svg  over what another program counts
  archc plot zoo:mobilenet_v1 --sweep alpha=0.25..1:0.25 --sweep input=128..224:32 -o alpha.svg
  archc plot zoo:mobilenet_v1 --sweep alpha=0.25,0.5,1 --sweep input=32..512:32 --x input --y peak_memory -o m.png

docs/pictures.md tells more.";

/// Writes the chart, and says on standard error what is not in it.
///
/// # Errors
/// The chart can't be written, or nothing is known to draw.
pub fn plot(args: &PlotArgs, console: &mut Console) -> Result<Exit, Failure> {
    let place = args.output.place(&[Format::Svg, Format::Png])?;
    if !args.sweep.is_empty() {
        return plot_sweep(args, place, console);
    }
    let x = match &args.x {
        None => args.usual(),
        Some(name) => Count::ALL.iter().copied().find(|figure| figure.name() == name).ok_or_else(|| {
            Failure::usage(format!("`--x {name}` is no figure of an architecture"))
                .help(format!("the figures are {}", diagnostic::list(Count::ALL.iter().map(|figure| figure.name()))))
        })?,
    };
    let y = args.y.unwrap_or(Upright::Accuracy(Metric::Top1));
    let (counting, shown) = (args.convention.counting(), [Some(x), y.cost(), Some(args.size)]);
    if counting.is_some() && !shown.contains(&Some(Count::CONVENTION)) {
        return Err(unused());
    }
    let (x, size) = (x.by(counting)?, args.size.by(counting)?);
    let y = y.by(counting)?;
    let mut sources = SourceMap::new();
    let surveyed = match survey(&args.targets, &args.settings.settings(), counting, &mut sources, console) {
        Ok(surveyed) => surveyed,
        Err(exit) => return Ok(exit),
    };
    let chart = match y {
        Upright::Accuracy(y) => accuracies(Axes { x, y, size }, &surveyed, console)?,
        Upright::Cost(y) => costs(x, y, size, &surveyed),
    };
    let (svg, hidden) = bubbles(&chart, args.output.theme(&place));
    if !hidden.is_empty() {
        let names = some(&hidden.iter().map(String::as_str).collect::<Vec<_>>());
        console.note(format!("note: there is no room for these names: {names}"));
    }
    place.write_svg(&svg, args.output.scale(), console)?;
    Ok(Exit::Fine)
}

impl PlotArgs {
    /// The cost that is shown where none is named.
    fn usual(&self) -> Count {
        if self.convention.counting().is_some() { Count::CONVENTION } else { Count::MACS }
    }
}

impl Upright {
    fn cost(self) -> Option<Count> {
        match self {
            Upright::Accuracy(_) => None,
            Upright::Cost(count) => Some(count),
        }
    }

    fn by(self, counting: Option<Counting>) -> Result<Upright, Failure> {
        match self {
            Upright::Accuracy(metric) => Ok(Upright::Accuracy(metric)),
            Upright::Cost(count) => Ok(Upright::Cost(count.by(counting)?)),
        }
    }
}

fn unused() -> Failure {
    Failure::usage("`--convention` is given, and nothing in the chart is counted by it")
        .help("let `--x`, `--y` or `--size` be `convention`; of a sweep, `--y`")
}

/// # Errors
/// No accuracy is known.
fn accuracies(axes: Axes, surveyed: &[Surveyed], console: &mut Console) -> Result<Bubbles, Failure> {
    let (chart, unknown) = chart(axes, surveyed);
    if chart.bubbles.is_empty() {
        return Err(Failure::usage(format!("no `weights` item states the {} of what is named", axes.y.words())).help(
            "an item states it as in `accuracy top1 76.13, top5 92.862`, with `labels \"imagenet1k\"`; `archc zoo` lists \
             architectures, of which many have one; `--y params` draws a cost",
        ));
    }
    if !unknown.is_empty() {
        let names = some(&unknown);
        console.note(format!("note: left out, since no `weights` item states the {}: {names}", axes.y.words()));
    }
    Ok(chart)
}

fn plot_sweep(args: &PlotArgs, place: Place, console: &mut Console) -> Result<Exit, Failure> {
    let counting = args.convention.counting();
    let count = match args.y.unwrap_or(Upright::Cost(args.usual())) {
        Upright::Cost(count) if counting.is_some() && count != Count::CONVENTION => return Err(unused()),
        Upright::Cost(count) => count.by(counting)?,
        Upright::Accuracy(_) => {
            return Err(Failure::usage("a sweep has no accuracies, which are of trained weights")
                .help(format!("its costs are {}", diagnostic::list(Count::ALL.iter().map(|figure| figure.name())))));
        }
    };
    if args.targets.iter().any(|target| target == "zoo") {
        return Err(Failure::usage("`--sweep` is of one architecture, and `zoo` is many")
            .help("name one, as in `zoo:mobilenet_v1`"));
    }
    let level = level(&args.sweep, args.x.as_deref())?;
    let swept = match swept(
        &args.targets,
        &args.settings.settings(),
        &args.sweep,
        Measure { counting, ..Measure::default() },
        console,
    )? {
        Ok(swept) => swept,
        Err(exit) => return Ok(exit),
    };
    let svg = chart::curves(&curves(&swept, level, count), args.output.theme(&place));
    place.write_svg(&svg, args.output.scale(), console)?;
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
