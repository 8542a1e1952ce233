//! The architecture of a `--sweep`, with every combination of the values.

use super::console::{Console, Exit, Failure, Findings};
use super::network::errors;
use super::target;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, list};
use crate::expand::{Program, Settings};
use crate::source::SourceMap;
use crate::sweep::{Axis, Measure, Sweep, sweep};

/// A sweep, and the file of its architecture as shown to people.
pub struct Swept {
    pub sweep: Sweep,
    pub file: String,
}

/// Counts what the one architecture that `targets` name costs with every combination. What is wrong with it is reported; its
/// exit code is given back then.
///
/// # Errors
/// Several are named.
pub fn swept(
    targets: &[String],
    settings: &Settings,
    axes: &[Axis],
    measure: Measure<'_>,
    console: &mut Console,
) -> Result<Result<Swept, Exit>, Failure> {
    let [target] = targets else {
        return Err(Failure::usage("`--sweep` is of one architecture, and there are several files")
            .help("name one, as in `net.arch:small`"));
    };
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let target = match sources.open_target(target) {
        Ok(target) => target,
        Err(diagnostic) => return Ok(Err(console.report_one(diagnostic, &sources))),
    };
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(&mut sources, target.file, &mut diagnostics);
    found.add(errors(diagnostics));
    if found.exit() != Exit::Fine {
        return Ok(Err(console.report(&found, &sources)));
    }
    // What is swept is as good as set.
    let mut given = settings.clone();
    given.set.extend(axes.iter().map(|axis| (axis.name.clone(), String::new())));
    let chosen = target::several(&program, &sources, target.arch.as_deref(), &given);
    let arch = match chosen.as_deref() {
        Ok([only]) => only.name.clone(),
        Ok(several) => {
            let names = list(several.iter().map(|arch| &*arch.name));
            let error =
                Diagnostic::error(Code::NO_ARCH, format!("`--sweep` is of one architecture, and the file has {names}"))
                    .help("name one after a colon, as in `net.arch:small`");
            return Ok(Err(console.report_one(error, &sources)));
        }
        Err(diagnostic) => return Ok(Err(console.report_one(diagnostic.clone(), &sources))),
    };
    match sweep(&program, &mut sources, &arch, settings, axes.to_vec(), measure) {
        Ok(sweep) => Ok(Ok(Swept { sweep, file: sources.file(target.file).name.clone() })),
        Err(diagnostics) => {
            found.add(diagnostics);
            Ok(Err(console.report(&found, &sources)))
        }
    }
}
