//! Which architecture a user means.

use crate::diagnostic::{self, Code, Diagnostic};
use crate::expand::{ArchInfo, Program, Settings};
use crate::source::SourceMap;

/// The architecture of a file called `name`.
///
/// # Errors
/// The file has none of that name; the diagnostic lists those it has.
pub fn find<'a>(program: &'a Program, sources: &SourceMap, name: &str) -> Result<&'a ArchInfo, Diagnostic> {
    let found = program.archs().iter().find(|arch| &*arch.name == name);
    found.ok_or_else(|| {
        let file = &sources.file(program.root()).name;
        let error = Diagnostic::error(Code::NO_ARCH, format!("{file} has no architecture `{name}`"));
        let names = || program.archs().iter().map(|arch| &*arch.name);
        match diagnostic::did_you_mean(name, names()) {
            Some(hint) => error.help(hint),
            None if program.archs().is_empty() => error.help("it declares no architecture at all"),
            None => error.help(format!("it has {}", diagnostic::list(names()))),
        }
    })
}

/// The one architecture to work on: the one named, else the file's only one, else the only one that has weights.
///
/// # Errors
/// There is none, or more than one answers; the diagnostic lists them.
pub fn choose<'a>(program: &'a Program, sources: &SourceMap, name: Option<&str>) -> Result<&'a ArchInfo, Diagnostic> {
    if let Some(name) = name {
        return find(program, sources, name);
    }
    let archs = program.archs();
    if let [only] = archs {
        return Ok(only);
    }
    let has_weights = |arch: &&ArchInfo| program.weights().iter().any(|weights| weights.arch.name == arch.name);
    let mut with_weights = archs.iter().filter(has_weights);
    match (with_weights.next(), with_weights.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(ambiguous(program, sources)),
    }
}

/// The architectures of a file whose parameters all have a value: a default, or one of `settings`.
pub fn complete<'a>(program: &'a Program, settings: &Settings) -> impl Iterator<Item = &'a ArchInfo> {
    let is_set = |name: &str| settings.set.iter().any(|(other, _)| other == name);
    program.archs().iter().filter(move |arch| arch.params.iter().all(|param| param.has_default || is_set(&param.name)))
}

/// The architecture that is named, or all that have a value for each parameter, from the file or from `--set`.
///
/// # Errors
/// There is none.
pub fn several<'a>(
    program: &'a Program,
    sources: &SourceMap,
    name: Option<&str>,
    settings: &Settings,
) -> Result<Vec<&'a ArchInfo>, Diagnostic> {
    if let Some(name) = name {
        return Ok(vec![find(program, sources, name)?]);
    }
    if let [only] = program.archs() {
        return Ok(vec![only]);
    }
    let archs: Vec<&ArchInfo> = complete(program, settings).collect();
    if archs.is_empty() {
        return Err(match program.archs().first() {
            None => none(program, sources),
            Some(first) => {
                let missing = first.params.iter().filter(|param| !param.has_default).map(|param| &*param.name);
                Diagnostic::error(Code::NO_ARCH, "every architecture of the file has parameters without a value")
                    .label(first.span, format!("needs {}", diagnostic::list(missing)))
                    .help("give them with `--set NAME=VALUE`")
            }
        });
    }
    Ok(archs)
}

/// The file declares no architecture.
pub fn none(program: &Program, sources: &SourceMap) -> Diagnostic {
    let file = &sources.file(program.root()).name;
    Diagnostic::error(Code::NO_ARCH, format!("{file} declares no architecture"))
        .help("an architecture starts with `arch NAME { input image[3, 224, 224]; ... }`")
}

fn ambiguous(program: &Program, sources: &SourceMap) -> Diagnostic {
    let Some(first) = program.archs().first() else { return none(program, sources) };
    let file = &sources.file(program.root()).name;
    let names = diagnostic::list(program.archs().iter().map(|arch| &*arch.name));
    Diagnostic::error(Code::NO_ARCH, format!("{file} has several architectures: {names}"))
        .help(format!("say which, as in `{file}:{}`", first.name))
}
