//! `archc plot`: charts of several architectures.

use super::console::{Console, Exit, Failure, Findings};
use super::drawn::{Format, OutputArgs, Place};
use super::settings::SettingsArgs;
use super::survey::{Metric, Surveyed, survey};
use crate::diagnostic;
use crate::picture::chart::{Bubble, Bubbles, Titles, bubbles};
use crate::report::{grouped, short};
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

/// A count of an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Figure {
    Macs,
    Flops,
    Params,
    Activations,
}

impl Figure {
    fn of(self, surveyed: &Surveyed) -> u64 {
        let total = &surveyed.report.total;
        match self {
            Figure::Macs => total.macs,
            Figure::Flops => total.flops,
            Figure::Params => total.params,
            Figure::Activations => total.activation_elements,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Figure::Macs => "MACs",
            Figure::Flops => "FLOPs",
            Figure::Params => "parameters",
            Figure::Activations => "activation elements",
        }
    }
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
    let (chart, unknown) = chart(args, &surveyed);
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

/// The chart, and the architectures whose accuracy nothing states.
fn chart<'a>(args: &PlotArgs, surveyed: &'a [Surveyed]) -> (Bubbles, Vec<&'a str>) {
    let mut series: Vec<String> = Vec::new();
    let mut unknown = Vec::new();
    let mut drawn: Vec<Bubble> = Vec::new();
    for arch in surveyed {
        let Some(known) = arch.best(args.y) else {
            unknown.push(&*arch.name);
            continue;
        };
        let family = arch.family().to_string();
        let place = series.iter().position(|other| *other == family).unwrap_or_else(|| {
            series.push(family);
            series.len() - 1
        });
        let about = format!(
            "{}: {} %, {} MACs, {} parameters; {}",
            arch.name,
            known.percent,
            short(arch.report.total.macs),
            grouped(arch.report.total.params),
            known.preset.name
        );
        // What is named twice is drawn once.
        if drawn.iter().all(|bubble| bubble.about != about) {
            let (x, size) = (args.x.of(arch).max(1) as f64, args.size.of(arch));
            drawn.push(Bubble { name: arch.name.to_string(), series: place, x, y: known.percent, size, about });
        }
    }
    let titles = Titles {
        title: format!("ImageNet {} over {}", args.y.words(), args.x.words()),
        line: format!("Areas are {}. The best accuracy published for each.", args.size.words()),
        x: match args.x {
            Figure::Params => "parameters, logarithmic".to_string(),
            Figure::Macs | Figure::Flops | Figure::Activations => {
                format!("{} for one image, logarithmic", args.x.words())
            }
        },
        y: format!("{}, %", args.y.words()),
    };
    (Bubbles { titles, series, size: args.size.words().to_string(), bubbles: drawn }, unknown)
}
