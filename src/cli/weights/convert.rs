//! `archc weights convert`: weights of another type, under other names.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use safetensors::Dtype;

use super::check::preset;
use crate::cli::console::{Console, Exit, Failure, Findings, counted};
use crate::cli::network::{Stop, expand};
use crate::cli::settings::SettingsArgs;
use crate::cli::whole::WholeFile;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Graph;
use crate::report::bytes;
use crate::source::SourceMap;
use crate::weights::{
    Fit, Names, Planned, Preset, Renamed, WeightSource, WeightsFile, encode, is_counter, write_header,
};

/// Write weights as safetensors, in another type or under other names
///
/// Reads safetensors files and PyTorch checkpoints. The file appears when it is whole; what was there before stays until
/// then. The exit code is 0, or 2 when there is nothing to write.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ConvertArgs {
    /// A safetensors file or a PyTorch checkpoint
    #[arg(value_name = "IN")]
    from: PathBuf,
    /// The safetensors file to write
    #[arg(value_name = "OUT")]
    to: PathBuf,
    /// The type of all floating-point tensors, rounded to the nearest as PyTorch does; without it each keeps its own
    #[arg(long, value_enum, value_name = "TYPE")]
    dtype: Option<Float>,
    /// Name the weights as this architecture does, and write only those that it uses
    #[arg(long, value_name = "FILE[:ARCH]")]
    arch: Option<String>,
    /// By the names of this `weights` item of the architecture; without it, by those of the first item that fit, or by rules
    /// that are found
    #[arg(long, value_name = "ITEM", requires = "arch")]
    names: Option<String>,
    /// The other way: the weights have the architecture's names and get those of the item's file
    #[arg(long, requires = "arch")]
    to_file_names: bool,
    /// Write counters of batches and what the architecture does not use as well
    #[arg(long)]
    keep_all: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Float {
    F32,
    F16,
    Bf16,
}

impl Float {
    fn dtype(self) -> Dtype {
        match self {
            Float::F32 => Dtype::F32,
            Float::F16 => Dtype::F16,
            Float::Bf16 => Dtype::BF16,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  archc weights convert resnet50.pth resnet50.safetensors
  archc weights convert resnet50.pth half.safetensors --dtype f16       half the size
  archc weights convert timm.safetensors vgg16.safetensors --arch zoo:vgg16
  archc weights convert mine.pth mine.safetensors --arch net.arch:small --set classes=10
  archc weights convert mine.safetensors timm.safetensors --arch zoo:vgg16 --names timm --to-file-names";

/// Writes the file, and a line about it to standard error.
///
/// # Errors
/// The file can't be written.
pub fn convert(args: &ConvertArgs, console: &mut Console) -> Result<Exit, Failure> {
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let planned = match plan(args, &mut sources, &mut found) {
        Ok(planned) => planned,
        Err(stop) => {
            stop.report(found, console, &sources);
            return Ok(Exit::Usage);
        }
    };
    console.report(&found, &sources);
    if let (Ok(from), Ok(to)) = (args.from.canonicalize(), args.to.canonicalize())
        && from == to
    {
        return Err(Failure::usage(format!("`{}` is the file that is read", args.to.display()))
            .help("write to another file, and move it over this one when it is what you want"));
    }
    for note in &planned.notes {
        console.note(format!("note: {note}"));
    }
    let mut out = WholeFile::create(&args.to)?;
    let size = match write(&planned, &mut out)? {
        Ok(size) => size,
        Err(diagnostic) => {
            console.report_one(diagnostic, &sources);
            return Ok(Exit::Usage);
        }
    };
    out.finish()?;
    let tensors = counted(planned.tensors.len(), "tensor");
    console.note(format!("wrote {}: {tensors}, {}", args.to.display(), bytes(size)));
    Ok(Exit::Fine)
}

/// What is to be written.
struct Plan {
    file: WeightsFile,
    /// The name in the file that is read, and what becomes of the tensor.
    tensors: Vec<(String, Planned)>,
    notes: Vec<String>,
}

fn plan(args: &ConvertArgs, sources: &mut SourceMap, found: &mut Findings) -> Result<Plan, Stop> {
    let file = WeightsFile::open(&args.from)?;
    let mut notes = file.notes().to_vec();
    let target = match &args.arch {
        Some(target) => {
            let (graph, presets) = expand(target, &args.settings, sources, found)?;
            Some(Target::new(args, &graph, &presets, &file)?)
        }
        None => None,
    };
    let (mut counters, mut unused) = (0, 0);
    let mut origins: BTreeMap<String, String> = BTreeMap::new();
    let mut tensors = Vec::new();
    for (original, entry) in file.tensors() {
        if is_counter(original) && !args.keep_all {
            counters += 1;
            continue;
        }
        let mut name = original.clone();
        let mut shape = entry.shape.clone();
        if let Some(target) = &target {
            let renamed = target.name(original)?;
            match renamed.and_then(|renamed| Some((target.needed(&renamed, original)?.clone(), renamed))) {
                Some((needed, renamed)) => (shape, name) = (needed, renamed),
                None if args.keep_all => {}
                None => {
                    unused += 1;
                    continue;
                }
            }
        }
        if let Some(other) = origins.insert(name.clone(), original.clone()) {
            let message = format!("`{other}` and `{original}` of `{}` would both become `{name}`", file.name());
            return Err(Diagnostic::error(Code::WEIGHTS_DIFFER, message).into());
        }
        let is_float = [Dtype::F32, Dtype::F16, Dtype::BF16, Dtype::F64].contains(&entry.dtype);
        let dtype = args.dtype.filter(|_| is_float).map_or(entry.dtype, Float::dtype);
        tensors.push((original.clone(), Planned { name, dtype, shape }));
    }
    let dropped = [
        (counters, "of batches seen in training, which nothing computes with"),
        (unused, "that the architecture does not use"),
    ];
    for (count, what) in dropped.into_iter().filter(|(count, _)| *count > 0) {
        let kind = if what.starts_with("of batches") { "counter" } else { "tensor" };
        notes.push(format!("left out {} {what}; `--keep-all` keeps them", counted(count, kind)));
    }
    Ok(Plan { file, tensors, notes })
}

/// An architecture's names and shapes, and how a file's names become them or come from them.
struct Target {
    /// The shapes by the architecture's names.
    shapes: BTreeMap<String, Vec<usize>>,
    forward: Names,
    /// Where names go to the file's.
    inverse: Option<Names>,
}

impl Target {
    fn new(args: &ConvertArgs, graph: &Graph, presets: &[Preset], file: &WeightsFile) -> Result<Target, Stop> {
        let mut shapes = BTreeMap::new();
        for (id, _) in graph.nodes() {
            for spec in graph.weights(id) {
                shapes.insert(graph.weight_name(id, &spec), spec.shape);
            }
        }
        let named = args.names.as_deref().map(|name| preset(presets, name, graph)).transpose()?;
        if args.to_file_names {
            if let Some(error) = Fit::of(graph, file).error() {
                return Err(error.into());
            }
            let item = named.or_else(|| presets.iter().find(|preset| !preset.names.is_empty()));
            let forward = item.map(|item| item.names.clone()).unwrap_or_default();
            let inverse = forward.inverse().map_err(|reason| Diagnostic::error(Code::BAD_WEIGHTS_ITEM, reason))?;
            return Ok(Target { shapes, forward, inverse: Some(inverse) });
        }
        let forward = match named {
            Some(item) => item.names.clone(),
            None => fitting(graph, presets, file)?,
        };
        if let Some(error) = Fit::of(graph, &Renamed::new(file, &forward)?).error() {
            return Err(error.into());
        }
        Ok(Target { shapes, forward, inverse: None })
    }

    /// What a tensor is called in the end; nothing where the rules leave it out.
    fn name(&self, original: &str) -> Result<Option<String>, Diagnostic> {
        let Some(inverse) = &self.inverse else { return Ok(self.forward.map(original)) };
        let name = inverse.map(original);
        if let Some(name) = &name
            && self.shapes.contains_key(original)
            && self.forward.map(name).as_deref() != Some(original)
        {
            let message = format!("the item's names can't be turned around for `{original}`: that gives `{name}`");
            return Err(Diagnostic::error(Code::BAD_WEIGHTS_ITEM, message));
        }
        Ok(name)
    }

    /// The shape that the architecture has for a tensor, where it uses it.
    fn needed(&self, renamed: &str, original: &str) -> Option<&Vec<usize>> {
        self.shapes.get(if self.inverse.is_some() { original } else { renamed })
    }
}

/// The names with which a file fits: its own, an item's, or such as are found.
fn fitting(graph: &Graph, presets: &[Preset], file: &WeightsFile) -> Result<Names, Stop> {
    let fit = Fit::of(graph, file);
    let Some(error) = fit.error() else { return Ok(Names::default()) };
    let fits =
        |names: &&Names| Renamed::new(file, names).is_ok_and(|renamed| Fit::of(graph, &renamed).error().is_none());
    if let Some(names) = presets.iter().map(|preset| &preset.names).find(fits) {
        return Ok(names.clone());
    }
    let found = fit.names.as_ref().map(|proposal| proposal.names());
    found.filter(|names| fits(&names)).ok_or_else(|| error.into())
}

/// Writes all of the tensors, one in memory at a time; how many bytes that were.
fn write(plan: &Plan, out: &mut WholeFile) -> Result<Result<u64, Diagnostic>, Failure> {
    let mut planned: Vec<Planned> = plan.tensors.iter().map(|(_, tensor)| tensor.clone()).collect();
    let originals: BTreeMap<&str, &str> =
        plan.tensors.iter().map(|(original, tensor)| (tensor.name.as_str(), original.as_str())).collect();
    let mut size = 0;
    let result = write_header(&mut planned, out);
    result.map_err(|error| out.failure(&error))?;
    for tensor in &planned {
        let original = originals[tensor.name.as_str()];
        let entry = &plan.file.tensors()[original];
        let is_float = [Dtype::F32, Dtype::F16, Dtype::BF16, Dtype::F64].contains(&entry.dtype);
        let mut data = plan.file.raw(entry);
        if is_float {
            // Also where nothing changes: values that are no numbers are not passed on.
            let values = match plan.file.values(original, entry) {
                Ok(values) => values,
                Err(diagnostic) => return Ok(Err(diagnostic)),
            };
            if tensor.dtype != entry.dtype {
                match encode(&values, tensor.dtype) {
                    Ok(bytes) => data = bytes.into(),
                    Err(index) => return Ok(Err(too_large(original, values[index], tensor.dtype))),
                }
            }
        }
        size += data.len() as u64;
        let result = out.write_all(&data);
        result.map_err(|error| out.failure(&error))?;
    }
    Ok(Ok(size))
}

fn too_large(name: &str, value: f32, dtype: Dtype) -> Diagnostic {
    let largest = if dtype == Dtype::F16 { "65504" } else { "about 3.39e38" };
    let message = format!("`{name}` holds {value:e}, and the largest number of {dtype} is {largest}");
    Diagnostic::error(Code::BAD_WEIGHTS, message).help("`--dtype bf16` has the range of f32, with fewer digits")
}
