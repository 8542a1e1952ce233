//! `archc embed`: features of images, the results of any node, as an array in a file.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::at;
use super::console::{Console, Exit, Failure, counted};
use super::images::ImagesArgs;
use super::network::NetworkArgs;
use super::pass::Pass;
use super::whole::{self, WholeFile};
use crate::features::{About, Extractor, Format, Writer, before_the_head};
use crate::ir::{Graph, NodeId};
use crate::source::SourceMap;

/// Write features of images: the results of any layer
///
/// The array has a row for each image that can be read, in their order: float32 [N, C, H, W] for a layer with rows and
/// columns, [N, C] for a vector or with `--pool`. Images that can't be read are told, and have no row. The exit code is
/// 0 when every image has a row, 1 when one has none, and 2 when none can be computed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct EmbedArgs {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    images: ImagesArgs,
    /// The layer, by its path as `archc stats` shows it; of a block, the last one [default: what the last linear layer
    /// reads, or else the last convolution]
    #[arg(long, value_name = "PATH")]
    at: Option<String>,
    /// The mean over rows and columns, one number a channel
    #[arg(long)]
    pool: bool,
    /// Where to write: with .npy, NumPy's format, and the images' names beside it in a .txt, one a line; with
    /// .safetensors, the tensor `features`, and the names in the metadata. Written when all is done, or not at all
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  archc embed zoo:efficientnet_lite0 photos/ -o features.npy        [N, 1280], and features.txt
  archc embed zoo:squeezenet1_1 *.jpg --at features.12 --pool -o features.safetensors
  archc embed net.arch photos/ --weights new.safetensors --at layer3 --batch 16 -o maps.npy
  archc stats zoo:squeezenet1_1 --depth 3                         the paths that `--at` knows

docs/features.md says how to read the files.";

/// Computes the features and writes them, batch by batch.
///
/// # Errors
/// The output can't be written, or arguments make no sense.
pub fn embed(args: &EmbedArgs, console: &mut Console) -> Result<Exit, Failure> {
    args.images.work.limit_threads()?;
    let format = format_of(&args.output)?;
    let photos = args.images.list(&args.network.target)?;
    let mut sources = SourceMap::new();
    let Some((graph, (model, input))) = args.network.model(&mut sources, console) else { return Ok(Exit::Usage) };
    let node = match &args.at {
        Some(path) => at::find(&graph, path, &args.network.target)?,
        None => default_node(&graph, console)?,
    };
    let extractor = Extractor::new(&graph, model, node, args.pool)
        .map_err(|error| Failure::Usage { message: error.message, help: error.help })?;

    let count = photos.len();
    let names: Vec<String> = photos.iter().map(|photo| photo.name()).collect();
    let list = (format == Format::Npy).then(|| NameList::create(&args.output, &names)).transpose()?;
    let about = About { arch: graph.name.to_string(), node: graph.node(node).path.to_string(), pooled: args.pool };
    let unwritten = |error: std::io::Error| whole::failed(&args.output, &error);
    let file = WholeFile::create(&args.output)?;
    let mut writer = Writer::new(file, format, about, extractor.row(), &names).map_err(unwritten)?;
    let work = &args.images.work;
    let pass =
        Pass { batches: work.batches(photos, &input), work, sources: &sources, answers_show: false, planned: None };
    let failed = pass.go(
        console,
        |batch| extractor.rows(batch),
        |_, _, name, row| match row {
            Ok(row) => writer.push(name, &row).map_err(unwritten),
            Err(_) => Ok(()),
        },
    )?;
    if failed == count {
        console.note("nothing is written: no image has features");
        return Ok(Exit::Findings);
    }

    let written = writer.names().to_vec();
    let file = writer.finish().map_err(unwritten)?;
    let list = list.map(|list| list.write(&written)).transpose()?;
    file.finish()?;
    list.map_or(Ok(()), WholeFile::finish)?;
    if failed > 0 {
        console.note(format!("{failed} of {} have no row", counted(count, "image")));
        return Ok(Exit::Findings);
    }
    Ok(Exit::Fine)
}

fn format_of(path: &Path) -> Result<Format, Failure> {
    match path.extension().and_then(OsStr::to_str) {
        Some("npy") => Ok(Format::Npy),
        Some("safetensors") => Ok(Format::Safetensors),
        Some(_) | None => Err(Failure::usage(format!("`{}` says no format of arrays", path.display()))
            .help("let the name end in .npy or .safetensors")),
    }
}

fn default_node(graph: &Graph, console: &mut Console) -> Result<NodeId, Failure> {
    let node = before_the_head(graph).ok_or_else(|| {
        Failure::usage(format!("`{}` has no linear layer and no convolution whose input would be features", graph.name))
            .help("name a layer with `--at PATH`")
    })?;
    console.note(format!("note: features are the result of {}; `--at PATH` names another", at::shown(graph, node)));
    Ok(node)
}

/// The images' names beside an array that has no place for them.
struct NameList {
    path: PathBuf,
    file: WholeFile,
}

impl NameList {
    fn create(array: &Path, names: &[String]) -> Result<NameList, Failure> {
        if let Some(name) = names.iter().find(|name| name.contains(['\n', '\r'])) {
            return Err(Failure::usage(format!(
                "there is a line break in the name {name:?}, and the list has a name a line"
            ))
            .help("rename the file, or write a .safetensors"));
        }
        let path = array.with_extension("txt");
        let file = WholeFile::create(&path)?;
        Ok(NameList { path, file })
    }

    fn write(mut self, names: &[String]) -> Result<WholeFile, Failure> {
        let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
        let written = self.file.write_all(lines.as_bytes()).and_then(|()| self.file.flush());
        written.map_err(|error| whole::failed(&self.path, &error))?;
        Ok(self.file)
    }
}
