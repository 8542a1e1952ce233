//! `archc run`: what is in photos.

mod lines;
mod progress;
mod sink;

use std::path::PathBuf;

use candle_core::Tensor;

use super::console::{Console, Exit, Failure, Findings, counted};
use super::images::ImagesArgs;
use super::network::{NetworkArgs, Stop};
use crate::classify::{self, Classifier};
use crate::source::SourceMap;
use lines::{Format, Lines};
use progress::Progress;
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
    let photos = args.images.list(&args.network.target)?;
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let prepared = prepare(args, &mut sources, &mut found);
    if let Err(Stop::Say(diagnostic)) = &prepared {
        found.add([(**diagnostic).clone()]);
    }
    console.report(&found, &sources);
    let Ok((classifier, notes)) = prepared else { return Ok(Exit::Usage) };
    for note in notes {
        console.note(note);
    }

    let (count, topk) = (photos.len(), args.topk as usize);
    let pool = args.images.work.pool()?;
    let stream = args.images.work.stream(&pool);
    let mut sink = Sink::open(args.output.as_deref())?;
    let progress = Progress::new(count, sink.is_terminal());
    let mut lines = Lines::new(args.format);
    sink.write(console, &lines.head())?;

    let input = classifier.input().clone();
    let mut failed = 0;
    for batch in stream.batches(photos, move |pixels, name| input.prepare(pixels, name)) {
        let ready = batch.iter().filter_map(|photo| Some((photo.name.as_str(), photo.result.as_ref().ok()?)));
        let ready: Vec<(&str, &Tensor)> = ready.collect();
        let mut answers = pool.install(|| classifier.classify_batch(&ready, topk)).into_iter();
        for photo in batch {
            let answer = photo.result.and_then(|_| answers.next().expect("an answer for each image that is ready"));
            sink.write(console, &lines.image(&photo.name, answer.as_deref()))?;
            if let Err(error) = answer {
                failed += 1;
                progress.aside(|| console.report_one(error, &sources));
            }
            progress.step();
        }
    }
    drop(progress);
    sink.finish()?;
    if failed > 0 && count > 1 {
        console.note(format!("{failed} of {} could not be classified", counted(count, "image")));
    }
    Ok(if failed > 0 { Exit::Findings } else { Exit::Fine })
}

/// Everything up to the first image, and notes for the user.
fn prepare(args: &RunArgs, sources: &mut SourceMap, found: &mut Findings) -> Result<(Classifier, Vec<String>), Stop> {
    let network =
        args.network.open(sources, found, |graph| classify::shape_of(graph).map(|(_, classes)| Some(classes)))?;
    let (input, _) = classify::shape_of(&network.graph)?;
    let image = network.preprocess(input);
    let notes = network.notes();
    let classifier = Classifier::new(&network.graph, &*network.source, &image, network.labels, &network.device)?;
    Ok((classifier.with_precision(network.precision)?, notes))
}
