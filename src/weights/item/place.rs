//! Where the weights of an item are on this machine, and what to do where they are not.

use std::fmt::Write;
use std::path::PathBuf;

use super::Preset;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Asset, SourceMap};
use crate::weights::{Bytes, Cache, Origin, Renamed, WeightSource, WeightsFile};

/// Where weights are.
#[derive(Clone, Debug)]
pub enum Place {
    /// In the binary, under this name.
    BuiltIn(&'static [u8], String),
    Disk(PathBuf),
}

impl Preset {
    /// Where the weights are published, in the order in which they are tried.
    pub fn origins(&self) -> Vec<Origin> {
        let hub = self.hub.clone().map(Origin::Hub);
        hub.into_iter().chain(self.url.clone().map(Origin::Url)).collect()
    }

    /// Where the weights are: the item's `file`, or else what was fetched to the user's cache.
    pub fn place(&self, sources: &SourceMap) -> Option<Place> {
        let file = self.file.as_ref().and_then(|(path, _)| match sources.asset(self.source, path) {
            Ok(Asset::BuiltIn(bytes)) => Some(Place::BuiltIn(bytes, path.clone())),
            Ok(Asset::Disk(file)) if file.exists() => Some(Place::Disk(file)),
            Ok(Asset::Disk(_)) | Err(_) => None,
        });
        file.or_else(|| {
            let cache = Cache::of_user()?;
            let places = self.origins().into_iter().map(|origin| cache.place(&origin));
            places.into_iter().find(|place| place.is_file()).map(Place::Disk)
        })
    }

    /// The weights, under the architecture's names.
    ///
    /// # Errors
    /// `E0601` where they are not on this machine, with how to get them; `E0602` where the file is broken.
    pub fn open(&self, sources: &SourceMap) -> Result<Box<dyn WeightSource>, Diagnostic> {
        let file = match self.place(sources) {
            Some(Place::BuiltIn(bytes, name)) => WeightsFile::new(Bytes::BuiltIn(bytes), &name)?,
            Some(Place::Disk(path)) => WeightsFile::open(&path)?,
            None => return Err(self.not_there(sources)),
        };
        Ok(Box::new(Renamed::new(file, &self.names)?))
    }

    /// The first of several items for an architecture whose weights are on this machine.
    ///
    /// # Errors
    /// `E0601` where there is none, with all that can be fetched.
    pub fn first_there<'a>(presets: &'a [Preset], sources: &SourceMap) -> Result<Option<&'a Preset>, Diagnostic> {
        let (first, others) = match presets {
            [] => return Ok(None),
            [first, others @ ..] => (first, others),
        };
        if let Some(found) = presets.iter().find(|preset| preset.place(sources).is_some()) {
            return Ok(Some(found));
        }
        if others.is_empty() {
            return Err(first.not_there(sources));
        }
        let target = first.target(sources);
        let mut help = format!("`archc weights pull {target} NAME` fetches one of");
        for preset in presets {
            let _ = write!(help, "\n  {}", preset.name);
            if let Some(accuracy) = &preset.accuracy {
                let _ = write!(help, ", {} % top-1", accuracy.top1);
            }
        }
        let message = format!("none of the weights for `{}` are on this machine", first.arch);
        Err(Diagnostic::error(Code::NO_WEIGHTS, message).help(help))
    }

    /// What a user calls the item's architecture: `zoo:resnet50`, `net.arch:net`.
    pub fn target(&self, sources: &SourceMap) -> String {
        match sources.is_built_in(self.source) {
            true => format!("zoo:{}", self.arch),
            false => format!("{}:{}", sources.file(self.source).name, self.arch),
        }
    }

    /// `E0601`: the weights are not on this machine.
    fn not_there(&self, sources: &SourceMap) -> Diagnostic {
        let asset = self.file.as_ref().map(|(path, span)| (sources.asset(self.source, path), *span));
        let (reason, beside, span) = match asset {
            Some((Ok(Asset::Disk(file)), span)) => (format!(": no file `{}`", file.display()), Some(file), Some(span)),
            Some((Err(error), span)) => (format!(": {error}"), None, Some(span)),
            Some((Ok(Asset::BuiltIn(_)), span)) => (String::new(), None, Some(span)),
            None if self.origins().is_empty() => {
                (", and their item does not say where they are".to_string(), None, None)
            }
            None => (String::new(), None, None),
        };
        let origin = self.origins().into_iter().next();
        let cached = |origin: &Origin| Cache::of_user().map(|cache| cache.place(origin));
        let help = match (origin, beside) {
            (Some(origin), beside) => {
                let fetch = format!("`archc weights pull {} {}` fetches them", self.target(sources), self.name);
                match beside.or_else(|| cached(&origin)) {
                    Some(place) => format!("{fetch}; or download {} to {}", origin.address(), place.display()),
                    None => fetch,
                }
            }
            (None, Some(place)) => format!("put them at {}, or name a file with `--weights FILE`", place.display()),
            (None, None) => "name a file with `--weights FILE`".to_string(),
        };
        let message = format!("the weights `{}` are not there{reason}", self.name);
        let error = Diagnostic::error(Code::NO_WEIGHTS, message).help(help);
        match span {
            Some(span) => error.label(span, "named here"),
            None => error,
        }
    }
}
