//! `archc gradcam`: where in an image a network found what speaks for a class.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::at;
use super::console::{Console, Exit, Failure};
use super::network::NetworkArgs;
use super::whole::{self, WholeFile};
use crate::classify::{Classifier, Guess};
use crate::diagnostic::{Code, Diagnostic};
use crate::gradcam::{last_map, overlay};
use crate::image::{Orientation, Photo, Pixels, list, write_png};
use crate::ir::{Graph, NodeId};
use crate::source::SourceMap;

/// Show where in an image a network looked (Grad-CAM)
///
/// Colours the photo by how much each place speaks for a class (Selvaraju et al. 2017): from blue, not at all, over green
/// and yellow to red, the most in this photo. Only what the network saw is coloured: the part of the photo that is left
/// after cropping. The exit code is 0 when the picture is written, 1 when the image can't be used, and 2 for all else.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct GradcamArgs {
    #[command(flatten)]
    network: NetworkArgs,
    /// A PNG or JPEG file, or `-` for standard input
    #[arg(value_name = "IMAGE")]
    image: PathBuf,
    /// The layer to look at, by its path as `archc stats` shows it; of a block, the last one [default: the last map
    /// before rows and columns are pooled]
    #[arg(long, value_name = "PATH")]
    at: Option<String>,
    /// The class, by its label or number [default: the most probable]
    #[arg(long, value_name = "LABEL")]
    class: Option<String>,
    /// Turn and mirror the photo as the camera notes in its EXIF data; torchvision and timm do not
    #[arg(long)]
    exif: bool,
    /// The PNG to write; it is there when all is done, or not at all
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  archc gradcam zoo:squeezenet1_1 photo.jpg -o heat.png              why the best class
  archc gradcam zoo:squeezenet1_1 photo.jpg --class 'tiger cat' -o heat.png
  archc gradcam zoo:squeezenet1_1 photo.jpg --at features.7 -o heat.png
  archc stats zoo:squeezenet1_1 --depth 3                            the paths that `--at` knows

docs/features.md says how the picture is computed.";

/// Writes the picture, and says on standard error what it shows.
///
/// # Errors
/// The output can't be written, or arguments make no sense.
pub fn gradcam(args: &GradcamArgs, console: &mut Console) -> Result<Exit, Failure> {
    if args.output.extension().and_then(OsStr::to_str).is_none_or(|ending| !ending.eq_ignore_ascii_case("png")) {
        return Err(Failure::usage(format!("`{}` is no name for a PNG", args.output.display()))
            .help("let it end in .png, as in heat.png"));
    }
    let photo = the_photo(args)?;
    let mut sources = SourceMap::new();
    let Some((graph, classifier)) = args.network.classifier(None, &mut sources, console, |_| {}) else {
        return Ok(Exit::Usage);
    };
    let node = choose_node(args, &graph, &classifier)?;
    let class = args.class.as_deref().map(|name| {
        let classes = classifier.classes();
        classes.find(name).map_err(|unclear| {
            let (message, help) = unclear.in_words(name, &classes);
            Failure::usage(message).help(help)
        })
    });
    let class = class.transpose()?;

    let mut file = WholeFile::create(&args.output)?;
    let seen = match look(&photo, args.orientation(), &classifier, node, class) {
        Ok(seen) => seen,
        Err(diagnostic) => {
            console.report_one(diagnostic, &sources);
            return Ok(Exit::Findings);
        }
    };
    write_png(&seen.picture, &mut file).map_err(|error| whole::failed(&args.output, &error))?;
    file.finish()?;
    let (class, percent) = (seen.guess.index, seen.guess.probability * 100.0);
    let name = classifier.classes().name(class);
    console.note(format!("{name} (class {class}, {percent:.2} %) at {}", at::shown(&graph, node)));
    if seen.is_empty {
        console.note("note: nothing in the photo speaks for this class at this layer, so all of it is blue");
    }
    Ok(Exit::Fine)
}

impl GradcamArgs {
    fn orientation(&self) -> Orientation {
        if self.exif { Orientation::Applied } else { Orientation::Ignored }
    }
}

/// The one image that is named.
fn the_photo(args: &GradcamArgs) -> Result<Photo, Failure> {
    if args.network.target == "-" && args.image == Path::new("-") {
        return Err(Failure::usage("standard input can't be both the architecture and an image")
            .help("save one of them as a file"));
    }
    match <[Photo; 1]>::try_from(list(std::slice::from_ref(&args.image))) {
        Ok([photo]) => Ok(photo),
        Err(several) => {
            Err(Failure::usage(format!("`{}` is {} images", args.image.display(), several.len())).help("name one"))
        }
    }
}

/// The layer to look at: it has places, and the logits are computed from it.
fn choose_node(args: &GradcamArgs, graph: &Graph, classifier: &Classifier) -> Result<NodeId, Failure> {
    let logits = classifier.logits_node();
    let Some(path) = &args.at else {
        return last_map(graph, logits).ok_or_else(|| {
            Failure::usage(format!("`{}` has no convolution to look at", graph.name))
                .help("name a layer with `--at PATH`")
        });
    };
    let node = at::find(graph, path, &args.network.target)?;
    let shown = at::shown(graph, node);
    let output = &graph.node(node).output;
    if !matches!(output.shape(), [_, height, width] if height * width > 1) || !output.batched() {
        return Err(Failure::usage(format!("{shown} has no rows and columns to look at"))
            .help("name a layer before they are pooled or flattened"));
    }
    if !graph.leads_to(logits)[node.index()] {
        let logits = at::shown(graph, logits);
        return Err(Failure::usage(format!("{shown} has no part in the logits, {logits}"))
            .help("name a layer on the way to the main output"));
    }
    Ok(node)
}

/// What is seen in a photo.
struct Seen {
    picture: Pixels,
    guess: Guess,
    /// Nothing speaks for the class.
    is_empty: bool,
}

/// Looks for `class`, or the most probable one.
fn look(
    photo: &Photo,
    orientation: Orientation,
    classifier: &Classifier,
    node: NodeId,
    class: Option<usize>,
) -> Result<Seen, Diagnostic> {
    let (name, pixels) = (photo.name(), photo.read(orientation)?);
    let guesses = classifier.classify(&pixels, &name, usize::MAX)?;
    let guess = guesses.into_iter().find(|guess| class.is_none_or(|class| guess.index == class));
    let guess = guess.expect("there is a guess for every class");
    let input = classifier.input().prepare(&pixels, &name)?;
    let map = classifier.heat_map(&input, node, guess.index).map_err(|error| {
        Diagnostic::error(Code::BAD_IMAGE, format!("can't compute gradients for `{name}`: {error}"))
    })?;
    let picture = overlay(&pixels, &map, classifier.input().rule().frame(&pixels));
    Ok(Seen { picture, guess, is_empty: map.largest() <= 0.0 })
}
