//! `archc eval`: how often a classifier is right on images whose classes are known.

mod folders;

use std::io::Write;
use std::path::PathBuf;

use super::console::{Console, Exit, Failure, counted};
use super::images::WorkArgs;
use super::network::NetworkArgs;
use super::opened::{PackedArgs, PlanArgs, Planned};
use super::pass::Pass;
use crate::evaluate::Evaluation;
use crate::report::Evaluated;
use crate::source::SourceMap;
use folders::Folders;

/// Measure accuracy on folders of classes: top-1, top-5, and what is mistaken for what
///
/// DIR has a folder for each class, with its images in it or below. A folder is called by the class's label or number (for
/// the thousand classes of ImageNet also by its WordNet id, as in n02123045); `--map` says it for folders of other
/// names. The exit code is 0 when every image was classified, 1 when one could not be, and 2 when none can be.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct EvalArgs {
    #[command(flatten)]
    network: NetworkArgs,
    /// A folder of class folders
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// A CSV file of two columns, a folder's name and its class: a label or number
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// `table` is for people; `json` has fractions and all counts; `csv` has a row a class with its confusions
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    packed: PackedArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
}

const EXAMPLES: &str = "\
Examples:
  archc eval zoo:squeezenet1_1 photos/            photos/espresso/1.jpg, photos/tiger_cat/1.jpg, ...
  archc eval zoo:squeezenet1_1 imagenet/val/ --batch 16
  archc eval net.arch photos/ --weights new.safetensors --map classes.csv
  archc eval zoo:squeezenet1_1 photos/ --format json | jq .top1
  archc eval zoo:squeezenet1_1 photos/ --format csv > confusion.csv

docs/features.md describes the formats, and how folders are matched with classes.";

/// Classifies the images of all folders and prints how often that was right.
///
/// # Errors
/// Standard output can't be written; folders can't be read, or mean no class.
pub fn eval(args: &EvalArgs, console: &mut Console) -> Result<Exit, Failure> {
    args.work.limit_threads()?;
    let plan = Planned { options: args.plan.options(args.work.threads)?, cache: args.packed.cache() };
    let mut sources = SourceMap::new();
    let Some((graph, classifier)) = args.network.classifier(Some(&plan), &mut sources, console, |_| {}) else {
        return Ok(Exit::Usage);
    };
    let classes = classifier.classes();
    let folders = Folders::read(&args.folder, args.map.as_deref(), &classes)?;
    if folders.beside > 0 {
        console.note(format!(
            "note: beside the class folders lies what is not looked at: {}",
            counted(folders.beside, "file")
        ));
    }

    let count = folders.photos.len();
    let mut evaluation = Evaluation::default();
    let pass = Pass {
        batches: args.work.batches(folders.photos, classifier.input()),
        work: &args.work,
        sources: &sources,
        answers_show: false,
        planned: Some(&classifier),
    };
    let failed = pass.go(
        console,
        |batch| classifier.classify_batch(batch, 5),
        |_, index, _, guesses| {
            if let Ok(guesses) = guesses {
                let guesses: Vec<usize> = guesses.iter().map(|guess| guess.index).collect();
                evaluation.add(folders.classes[index], &guesses);
            }
            Ok(())
        },
    )?;

    let evaluated = Evaluated {
        arch: &graph.name,
        folder: &args.folder.display().to_string(),
        classes,
        present: &folders.present,
        failed: failed as u64,
        found: &evaluation,
    };
    let text = match args.format {
        Format::Table => evaluated.to_text(console.table_width()),
        Format::Json => evaluated.to_json() + "\n",
        Format::Csv => evaluated.to_csv(),
    };
    console.out().write_all(text.as_bytes())?;
    if failed > 0 {
        console.note(format!("{failed} of {} could not be classified, and are not counted", counted(count, "image")));
        return Ok(Exit::Findings);
    }
    Ok(Exit::Fine)
}
