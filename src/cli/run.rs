//! `archc run`: what is in photos.

mod lines;
mod sink;

use std::path::PathBuf;

use candle_core::Tensor;

use super::console::{Console, Exit, Failure, counted};
use super::images::ImagesArgs;
use super::network::NetworkArgs;
use super::opened::{PackedArgs, PlanArgs, Planned};
use super::pass::Pass;
use crate::image::ImageInput;
use crate::source::SourceMap;
use lines::{Format, Lines};
use sink::Sink;

/// Classify images
///
/// The `weights` item of the architecture says where its weights are, how images are prepared, and what the classes are
/// called. Images that can't be read are told, and the others go on. The exit code is 0 when every image was classified,
/// 1 when one could not be, and 2 when none can be.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    images: ImagesArgs,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    packed: PackedArgs,
    /// How many classes to show, the most probable first
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    topk: u32,
    /// `table` is for people; `jsonl` is one JSON object an image; `csv` is one row a class
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// A file instead of standard output; it is there when all is done, or not at all
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  archc run archs/squeezenet.arch photo.png        the five best classes of a photo
  archc run zoo:squeezenet1_1 *.jpg --topk 1       the best class of each
  archc run zoo:squeezenet1_1 photos/ --format csv -o predictions.csv
  archc run net.arch photo.png --weights new.safetensors --labels names.txt
  curl -s $URL | archc run zoo:squeezenet1_1 - --format jsonl
  archc run zoo:squeezenet1_1 photo.png --input 3x320x320";

/// Classifies the images; those that can't be are told and passed over.
///
/// # Errors
/// The output can't be written, or arguments contradict each other.
pub fn run(args: &RunArgs, console: &mut Console) -> Result<Exit, Failure> {
    args.images.work.limit_threads()?;
    let plan = Planned { options: args.plan.options(args.images.work.threads)?, cache: args.packed.cache() };
    let photos = args.images.list(&args.network.target)?;
    let mut sources = SourceMap::new();
    let (count, topk) = (photos.len(), args.topk as usize);
    let mut batches = None;
    let begin = |input: &ImageInput| batches = Some(args.images.work.batches(photos, input));
    let classifier = args.network.classifier(Some(&plan), &mut sources, console, begin);
    let (Some((_, classifier)), Some(batches)) = (classifier, batches) else { return Ok(Exit::Usage) };
    let mut sink = Sink::open(args.output.as_deref())?;
    let mut lines = Lines::new(args.format);
    sink.write(console, &lines.head())?;
    let pass = Pass {
        batches,
        work: &args.images.work,
        sources: &sources,
        answers_show: sink.is_terminal(),
        planned: Some(&classifier),
    };
    let compute = |batch: &[(&str, &Tensor)]| classifier.classify_batch(batch, topk);
    let failed = pass.go(console, compute, |console, _, name, guesses| {
        sink.write(console, &lines.image(name, guesses.as_deref().map_err(|error| *error)))
    })?;
    sink.finish()?;
    if failed > 0 && count > 1 {
        console.note(format!("{failed} of {} could not be classified", counted(count, "image")));
    }
    Ok(if failed > 0 { Exit::Findings } else { Exit::Fine })
}
