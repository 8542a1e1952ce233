//! `archc stats --sweep`: what every combination of some values costs.

use super::{StatsArgs, write};
use crate::cli::console::{Console, Exit, Failure};
use crate::cli::swept::{Swept, swept};
use crate::report;
use crate::sweep::Measure;

/// Prints a row for each combination, or what is wrong.
pub(super) fn print(args: &StatsArgs, console: &mut Console) -> Result<Exit, Failure> {
    let view = args.view();
    let measure = Measure { batch: args.batch, counting: args.convention.counting(), device: view.device.as_ref() };
    match swept(&args.targets, &args.settings.settings(), &args.sweep, measure, console)? {
        Ok(Swept { sweep, file }) => {
            let table = |exact| report::sweep_table(&sweep, &file, &view, exact);
            write(args.format, console, table, || report::sweep_json(&sweep, &file, &view))
        }
        Err(exit) => Ok(exit),
    }
}
