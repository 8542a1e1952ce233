//! `archc stats --sweep`: what every combination of some values costs.

use super::{StatsArgs, choose, errors, write};
use crate::cli::console::{Console, Exit, Failure, Findings};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::expand::Program;
use crate::report;
use crate::source::SourceMap;
use crate::sweep::{Measure, sweep};

/// Prints a row for each combination, or what is wrong.
pub(super) fn print(args: &StatsArgs, console: &mut Console) -> Result<Exit, Failure> {
    let [target] = args.targets.as_slice() else {
        return Err(Failure::usage("`--sweep` is of one architecture, and there are several files")
            .help("name one, as in `net.arch:small`"));
    };
    let view = args.view();
    let mut sources = SourceMap::new();
    let mut found = Findings::default();
    let target = match sources.open_target(target) {
        Ok(target) => target,
        Err(diagnostic) => return Ok(console.report_one(diagnostic, &sources)),
    };
    let mut diagnostics = Diagnostics::new();
    let program = Program::load(&mut sources, target.file, &mut diagnostics);
    found.add(errors(diagnostics));
    if found.exit() != Exit::Fine {
        return Ok(console.report(&found, &sources));
    }
    let settings = args.settings.settings();
    // What is swept is as good as set.
    let mut given = settings.clone();
    given.set.extend(args.sweep.iter().map(|axis| (axis.name.clone(), String::new())));
    let chosen = choose(&program, &sources, target.arch.as_deref(), &given);
    let arch = match chosen.as_deref() {
        Ok([only]) => only.name.clone(),
        Ok(several) => {
            let names = crate::diagnostic::list(several.iter().map(|arch| &*arch.name));
            let error =
                Diagnostic::error(Code::NO_ARCH, format!("`--sweep` is of one architecture, and the file has {names}"))
                    .help("name one after a colon, as in `net.arch:small`");
            return Ok(console.report_one(error, &sources));
        }
        Err(diagnostic) => return Ok(console.report_one(diagnostic.clone(), &sources)),
    };
    let measure = Measure { batch: args.batch, counting: args.counting(), device: view.device.as_ref() };
    let result = sweep(&program, &mut sources, &arch, &settings, args.sweep.clone(), measure);
    let swept = match result {
        Ok(swept) => swept,
        Err(diagnostics) => {
            found.add(diagnostics);
            return Ok(console.report(&found, &sources));
        }
    };
    let file = &sources.file(target.file).name;
    let table = |exact| report::sweep_table(&swept, file, &view, exact);
    write(args.format, console, table, || report::sweep_json(&swept, file, &view))
}
