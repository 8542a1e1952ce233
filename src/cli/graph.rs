//! `archc graph`: a picture of an architecture.

use super::console::{Console, Exit, Failure, Findings};
use super::drawn::{Format, OutputArgs};
use super::network::{self, Stop};
use super::settings::SettingsArgs;
use crate::analyse::analyse;
use crate::picture::colour::Colour;
use crate::picture::dot::dot;
use crate::picture::graph::{Look, svg};
use crate::picture::layout::Shown;
use crate::picture::outline::Outline;
use crate::picture::page;
use crate::source::SourceMap;

/// Draw an architecture: SVG, PNG, Graphviz, or a page to look around in
///
/// Blocks are frames in frames, and equal blocks in a row are drawn once, with their number. Norms, activations and
/// dropout are written below the op they follow. Links tell the shapes of what they carry.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct GraphArgs {
    /// A `.arch` file, `-` for standard input, or `zoo:NAME`; of several architectures in it, the one after the colon
    #[arg(value_name = "FILE[:ARCH]")]
    target: String,
    #[command(flatten)]
    output: OutputArgs,
    /// How many levels of frames are open; without it, as many as a page holds
    #[arg(long, value_name = "N")]
    depth: Option<usize>,
    /// Draw every block of a repetition
    #[arg(long)]
    unfold: bool,
    /// What colours tell: the kind of op, or its share of the MACs
    #[arg(long, visible_alias = "color-by", value_enum, default_value_t = Colour::Op)]
    colour: Colour,
    #[command(flatten)]
    settings: SettingsArgs,
}

const EXAMPLES: &str = "\
Examples:
  archc graph zoo:resnet50 -o resnet50.svg
  archc graph zoo:resnet50 -o resnet50.html              zoom, fold, search, click for costs and source lines
  archc graph zoo:googlenet --colour cost -o googlenet.png
  archc graph zoo:inception_v4 --depth 1 -o overview.png  only the outermost blocks
  archc graph net.arch:small --unfold -o net.svg         every block of a repetition
  archc graph net.arch --format dot | dot -Tpdf > net.pdf

docs/pictures.md tells more.";

/// A picture that is opened by itself has at most this many boxes.
pub(super) const COMFORTABLE: usize = 150;
/// With every block of a repetition it may have more.
const COMFORTABLE_UNFOLDED: usize = 1500;
/// The most boxes of a picture.
const MAX_BOXES: usize = 5000;

/// Writes the picture.
///
/// # Errors
/// The picture can't be written, or would have too many boxes.
pub fn graph(args: &GraphArgs, console: &mut Console) -> Result<Exit, Failure> {
    let formats = [Format::Svg, Format::Png, Format::Dot, Format::Html];
    let place = args.output.place(&formats)?;
    if args.unfold && place.format == Format::Html {
        let help = "it is for pictures; the page unfolds repetitions where `≡` is pressed";
        return Err(place.format.meaningless("--unfold", help));
    }
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let expanded = network::expand(&args.target, &args.settings, &mut sources, &mut found);
    let counted = expanded.and_then(|(graph, _)| Ok((analyse(&graph)?, graph)));
    if let Err(Stop::Say(diagnostic)) = &counted {
        found.add([(**diagnostic).clone()]);
    }
    let exit = console.report(&found, &sources);
    let Ok((report, graph)) = counted else { return Ok(exit) };
    let outline = Outline::new(&graph, &report);
    if place.format == Format::Html {
        bounded(&outline, args, outline.drawn(0, false))?;
        let depth = args.depth.unwrap_or_else(|| comfortable(&outline, COMFORTABLE, false));
        place.write(page::html(&outline, &sources, args.colour, depth).as_bytes(), console)?;
        return Ok(Exit::Fine);
    }
    let shown = shown(args, &outline)?;
    if place.format == Format::Dot {
        place.write(dot(&outline, shown, args.colour).as_bytes(), console)?;
        return Ok(Exit::Fine);
    }
    let look = Look { shown, colour: args.colour, theme: args.output.theme(&place) };
    place.write_svg(&svg(&outline, look), args.output.scale(), console)?;
    Ok(Exit::Fine)
}

/// How much is drawn: what is asked for, or else what a page holds.
fn shown(args: &GraphArgs, outline: &Outline) -> Result<Shown, Failure> {
    let limit = if args.unfold { COMFORTABLE_UNFOLDED } else { COMFORTABLE };
    let depth = args.depth.unwrap_or_else(|| comfortable(outline, limit, args.unfold));
    bounded(outline, args, outline.drawn(depth, args.unfold))?;
    Ok(Shown { depth, unfold: args.unfold })
}

/// # Errors
/// There would be too many boxes.
fn bounded(outline: &Outline, args: &GraphArgs, boxes: usize) -> Result<(), Failure> {
    if boxes > MAX_BOXES {
        let message =
            format!("the picture of `{}` would have {boxes} boxes, and {MAX_BOXES} are the most", outline.graph.name);
        let help = match (args.unfold, args.depth) {
            (true, _) => "leave `--unfold` out, or give a smaller `--depth`",
            (false, Some(_)) => "give a smaller `--depth`",
            (false, None) => "blocks can be folded: write it with blocks, or draw a part of it",
        };
        return Err(Failure::usage(message).help(help));
    }
    Ok(())
}

/// The most levels of frames that give at most `limit` boxes.
pub(super) fn comfortable(outline: &Outline, limit: usize, unfold: bool) -> usize {
    (0..=outline.depth()).rev().find(|depth| outline.drawn(*depth, unfold) <= limit).unwrap_or(0)
}
