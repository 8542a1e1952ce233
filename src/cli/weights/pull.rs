//! `archc weights pull`: public weights, fetched to the user's cache.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::console::{Console, Exit, Failure, Findings};
use crate::cli::network::{errors, presets};
use crate::cli::target;
use crate::diagnostic::{self, Code, Diagnostic, Diagnostics, Severity};
use crate::expand::Program;
use crate::report::bytes;
use crate::source::{SourceMap, io_reason};
use crate::weights::{Cache, Download, Patience, Place, Preset, fetch, sha256_of, sha256_of_bytes};

/// Fetch the weights of an architecture
///
/// A `weights` item with `hub` or `url` says where they are. They go to the user's cache, where `archc run` and the others
/// find them: $ARCHC_CACHE, or else ~/.cache/archc (macOS: ~/Library/Caches/archc, Windows: %LOCALAPPDATA%\archc). The
/// file's place is printed. What is there already is not fetched again, but its checksum is compared. A fetch that was
/// interrupted goes on where it stopped.
///
/// The exit code is 0 when the weights are there, 1 when those there are not the item's, and 2 when they can't be fetched.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct PullArgs {
    /// A `.arch` file or `zoo:NAME`; of several architectures in it, the one after the colon
    #[arg(value_name = "FILE[:ARCH]")]
    target: String,
    /// Which `weights` item of the architecture; without it the first
    name: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  archc weights pull zoo:resnet50                    the first weights of ResNet-50
  archc weights pull zoo:resnet50 a1_in1k            others
  archc weights ls $(archc weights pull zoo:vgg16)
  HF_ENDPOINT=https://mirror.example archc weights pull zoo:inception_v4";

/// The largest file that is fetched, in bytes.
const MAX_BYTES: u64 = 16 << 30;

/// Fetches one set of weights.
///
/// # Errors
/// Standard output can't be written.
pub fn pull(args: &PullArgs, console: &mut Console) -> Result<Exit, Failure> {
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let result = find(args, &mut sources, &mut found).and_then(|preset| {
        let result = match preset.place(&sources) {
            Some(place) => there(&preset, &place, console),
            None => get(&preset, console),
        };
        result.map_err(Some)
    });
    match result {
        Ok(place) => {
            console.report(&found, &sources);
            if let Some(place) = place {
                writeln!(console.out(), "{}", place.display())?;
            }
            Ok(Exit::Fine)
        }
        Err(diagnostic) => {
            let wrong = diagnostic.as_ref().is_some_and(|diagnostic| diagnostic.code == Code::BAD_WEIGHTS);
            found.add(diagnostic);
            console.report(&found, &sources);
            Ok(if wrong { Exit::Findings } else { Exit::Usage })
        }
    }
}

/// The item that the user means; without a diagnostic, what is wrong is among the findings.
fn find(args: &PullArgs, sources: &mut SourceMap, found: &mut Findings) -> Result<Preset, Option<Diagnostic>> {
    let opened = sources.open_target(&args.target)?;
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(sources, opened.file, &mut diagnostics);
    found.add(errors(diagnostics));
    let arch = match target::choose(&program, sources, opened.arch.as_deref()) {
        Ok(arch) => arch,
        Err(_) if found.count(Severity::Error) > 0 => return Err(None),
        Err(diagnostic) => return Err(Some(diagnostic)),
    };
    let mut diagnostics = Diagnostics::new();
    let presets = presets(&program, &arch.name, sources, &mut diagnostics);
    found.add(errors(diagnostics));
    if found.count(Severity::Error) > 0 {
        return Err(None);
    }
    let names: Vec<String> = presets.iter().map(|preset| preset.name.to_string()).collect();
    let wanted = args.name.as_deref();
    let preset = presets.into_iter().find(|preset| wanted.is_none_or(|name| *preset.name == *name));
    preset.ok_or_else(|| {
        let error = |message: String| Diagnostic::error(Code::NO_WEIGHTS, message);
        Some(match wanted {
            Some(wanted) if !names.is_empty() => {
                let error = error(format!("`{}` has no weights `{wanted}`", arch.name));
                let names = || names.iter().map(String::as_str);
                match diagnostic::did_you_mean(wanted, names()) {
                    Some(hint) => error.help(hint),
                    None => error.help(format!("it has {}", diagnostic::list(names()))),
                }
            }
            Some(_) | None => error(format!("no `weights` item is for `{}`", arch.name)).help(
                "an item says where weights are, as in `weights NAME for ARCH { hub \"timm/resnet50.a1_in1k\" file \
                 \"model.safetensors\" }`",
            ),
        })
    })
}

/// The weights are on this machine: are they the item's?
fn there(preset: &Preset, place: &Place, console: &mut Console) -> Result<Option<PathBuf>, Diagnostic> {
    let (name, sum) = match place {
        Place::BuiltIn(bytes, name) => (name.clone(), sha256_of_bytes(bytes)),
        Place::Disk(path) => {
            let sum = sha256_of(path).map_err(|error| {
                let reason = io_reason(&error);
                Diagnostic::error(Code::BAD_WEIGHTS, format!("can't read the weights `{}`: {reason}", path.display()))
            })?;
            (path.display().to_string(), sum)
        }
    };
    if let Some(wanted) = preset.sha256.as_ref().filter(|wanted| !sum.starts_with(wanted.as_str())) {
        let message = format!("the SHA-256 of `{name}` is {sum}, and the weights `{}` have {wanted}", preset.name);
        return Err(Diagnostic::error(Code::BAD_WEIGHTS, message).help("remove the file, and fetch it again"));
    }
    let checked = if preset.sha256.is_some() { ", with the right SHA-256" } else { "" };
    match place {
        Place::BuiltIn(..) => {
            console.note(format!("the weights `{}` of `{}` come with archc{checked}", preset.name, preset.arch));
            Ok(None)
        }
        Place::Disk(path) => {
            console.note(format!("the weights `{}` of `{}` are there already{checked}", preset.name, preset.arch));
            Ok(Some(path.clone()))
        }
    }
}

/// Fetches the weights from the first of their origins that has them.
fn get(preset: &Preset, console: &mut Console) -> Result<Option<PathBuf>, Diagnostic> {
    let error = |message: String| Diagnostic::error(Code::NOT_FETCHED, message);
    let Some(cache) = Cache::of_user() else {
        let message = "there is no place to fetch weights to: no home folder is known".to_string();
        return Err(error(message).help("set ARCHC_CACHE to a folder"));
    };
    let mut first_failure = None;
    for origin in preset.origins() {
        let (address, place) = (origin.address(), cache.place(&origin));
        console.note(format!("fetching {address}"));
        let download = Download {
            address: &address,
            place: &place,
            sha256: preset.sha256.as_deref(),
            max_bytes: MAX_BYTES,
            patience: Patience::default(),
        };
        match with_bar(&download) {
            Ok(()) => {
                console.note(format!("the weights `{}` of `{}` are there{}", preset.name, preset.arch, size(&place)));
                return Ok(Some(place));
            }
            Err(diagnostic) => first_failure = first_failure.or(Some(diagnostic)),
        }
    }
    Err(first_failure.unwrap_or_else(|| {
        error(format!("the weights `{}` of `{}` say neither a `hub` nor a `url`", preset.name, preset.arch))
            .help("add one to the item, or name a file with `--weights FILE`")
    }))
}

fn size(place: &Path) -> String {
    std::fs::metadata(place).map(|meta| format!(", {}", bytes(meta.len()))).unwrap_or_default()
}

/// Fetches, with a bar where standard error is a terminal.
fn with_bar(download: &Download<'_>) -> Result<(), Diagnostic> {
    if !io::stderr().is_terminal() {
        return fetch(download, &mut |_, _| {});
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let template = "{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(template).expect("the template is well formed"));
    let mut begun = false;
    let result = fetch(download, &mut |have, total| {
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_position(have);
        // What an earlier try brought says nothing of this one's speed.
        if !begun {
            bar.reset_eta();
            begun = true;
        }
    });
    bar.finish_and_clear();
    result
}
