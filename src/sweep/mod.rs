//! One architecture with every combination of the values of some parameters, and what each costs.

mod axis;

use std::sync::Arc;

use rayon::prelude::*;

use crate::analyse::{Counting, Device, Summary, summarise};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
pub use crate::expand::Axis;
use crate::expand::{Program, Settings, Variants};
use crate::source::SourceMap;

/// The most combinations that are tried.
pub const MAX_COMBINATIONS: usize = 1_000_000;

/// How many combinations are expanded before their results are looked at: graphs do not pile up, and a mistake ends the
/// sweep soon.
const CHUNK: usize = 2048;

/// What every combination costs. The last axis changes fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    pub arch: Arc<str>,
    pub axes: Vec<Axis>,
    /// The number of images that figures are for.
    pub batch: u64,
    pub points: Vec<Point>,
}

/// One combination.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub summary: Summary,
    /// How long it takes at least, where a device is given.
    pub seconds: Option<f64>,
}

/// What is counted of each combination. The default is for one image.
#[derive(Clone, Copy, Debug)]
pub struct Measure<'a> {
    /// The number of images.
    pub batch: u64,
    /// Another program's rules to count by, too.
    pub counting: Option<Counting>,
    /// What times are for.
    pub device: Option<&'a Device>,
}

impl Default for Measure<'_> {
    fn default() -> Self {
        Measure { batch: 1, counting: None, device: None }
    }
}

impl Sweep {
    /// The value of each axis, as it was written, at the point at place `index` of `points`.
    pub fn values(&self, index: usize) -> Vec<&str> {
        let choice = choice(&self.axes, index);
        self.axes.iter().zip(choice).map(|(axis, at)| axis.values[at].as_str()).collect()
    }
}

/// Counts what `arch` of the file costs with `settings` and each combination of the axes' values, on all
/// threads. Axes have one value at least, and there is one at least.
///
/// # Errors
/// What is wrong with the axes, or with the first combination that can't be expanded, which is named.
pub fn sweep(
    program: &Program,
    sources: &mut SourceMap,
    arch: &str,
    settings: &Settings,
    axes: Vec<Axis>,
    measure: Measure<'_>,
) -> Result<Sweep, Vec<Diagnostic>> {
    let count = combinations(&axes, settings).map_err(|diagnostic| vec![diagnostic])?;
    let mut diagnostics = Diagnostics::new();
    let variants = program.variants(sources, arch, settings, &axes, &mut diagnostics);
    let Some(variants) = variants else { return Err(errors(diagnostics)) };
    let sources = &*sources;
    let mut points = Vec::with_capacity(count);
    for start in (0..count).step_by(CHUNK) {
        let places = start..count.min(start + CHUNK);
        let point = |index| point(&variants, sources, &axes, index, measure);
        let made: Vec<Result<Point, Vec<Diagnostic>>> = places.into_par_iter().map(point).collect();
        for (offset, result) in made.into_iter().enumerate() {
            points.push(result.map_err(|found| explained(found, &axes, start + offset, count))?);
        }
    }
    Ok(Sweep { arch: Arc::from(arch), axes, batch: measure.batch, points })
}

fn point(
    variants: &Variants<'_>,
    sources: &SourceMap,
    axes: &[Axis],
    index: usize,
    measure: Measure<'_>,
) -> Result<Point, Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::new();
    let graph = variants.expand(sources, &choice(axes, index), &mut diagnostics);
    let Some(graph) = graph else { return Err(errors(diagnostics)) };
    let Measure { batch, counting, device } = measure;
    let time = |flops, bytes| device.map_or(0.0, |device| device.seconds(flops, bytes));
    let (summary, seconds) = summarise(&graph, batch, counting, time).map_err(|diagnostic| vec![diagnostic])?;
    Ok(Point { summary, seconds: device.map(|_| seconds) })
}

/// The position of each axis' value in the combination at place `index`.
fn choice(axes: &[Axis], index: usize) -> Vec<usize> {
    let mut rest = index;
    let mut choice = vec![0; axes.len()];
    for (at, axis) in choice.iter_mut().zip(axes).rev() {
        (*at, rest) = (rest % axis.values.len(), rest / axis.values.len());
    }
    choice
}

/// How many combinations there are.
fn combinations(axes: &[Axis], settings: &Settings) -> Result<usize, Diagnostic> {
    for (place, axis) in axes.iter().enumerate() {
        let name = &axis.name;
        if axes[..place].iter().any(|other| other.name == *name) {
            return Err(Diagnostic::error(Code::SETTING, format!("`{name}` is swept twice"))
                .help(format!("give all its values at once: `--sweep {name}=1,2,3`")));
        }
        let is_set =
            settings.set.iter().any(|(other, _)| other == name) || (name == "input" && settings.input.is_some());
        if is_set {
            return Err(Diagnostic::error(Code::SETTING, format!("`{name}` is both set and swept"))
                .help("leave out one of them"));
        }
    }
    let count = axes.iter().try_fold(1usize, |count, axis| count.checked_mul(axis.values.len()));
    match count.filter(|count| *count <= MAX_COMBINATIONS) {
        Some(count) => Ok(count),
        None => {
            let sizes: Vec<String> = axes.iter().map(|axis| axis.values.len().to_string()).collect();
            let message = format!("{} are more than {MAX_COMBINATIONS} combinations", sizes.join(" x "));
            Err(Diagnostic::error(Code::SETTING, message).help("sweep fewer values, or larger steps"))
        }
    }
}

fn errors(diagnostics: Diagnostics) -> Vec<Diagnostic> {
    let all = diagnostics.into_sorted().into_iter();
    all.filter(|diagnostic| diagnostic.severity == Severity::Error).collect()
}

/// Says of the first error which combination it is of.
fn explained(mut found: Vec<Diagnostic>, axes: &[Axis], index: usize, count: usize) -> Vec<Diagnostic> {
    let values = axes.iter().zip(choice(axes, index)).map(|(axis, at)| format!("{}={}", axis.name, axis.values[at]));
    let note = format!("in the combination {} ({} of {count})", values.collect::<Vec<_>>().join(", "), index + 1);
    if let Some(first) = found.first_mut() {
        first.notes.push(note);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Axis, Measure, Sweep, sweep};
    use crate::diagnostic::{Diagnostic, Diagnostics};
    use crate::expand::{Program, Settings};
    use crate::source::SourceMap;

    const NET: &str = "arch net(width = 4, depth = 1) {\n  input image[3, H = 8, W = 8]\n  repeat depth { conv(width, 3, pad = valid) }\n}\n";

    fn run(axes: &[&str]) -> Result<Sweep, Vec<Diagnostic>> {
        let mut sources = SourceMap::new();
        let file = sources.add("net.arch", NET);
        let program = Program::load(&mut sources, file, &mut Diagnostics::new());
        let axes = axes.iter().map(|text| text.parse::<Axis>().unwrap()).collect();
        sweep(&program, &mut sources, "net", &Settings::default(), axes, Measure::default())
    }

    #[test]
    fn every_combination_is_counted_in_order() {
        let found = run(&["width=2,4", "input=8..12:2"]).unwrap();
        let macs: Vec<(Vec<&str>, u64)> = found
            .points
            .iter()
            .enumerate()
            .map(|(index, point)| (found.values(index), point.summary.total.macs))
            .collect();
        let of = |width: u64, side: u64| 27 * width * (side - 2) * (side - 2);
        assert_eq!(
            macs,
            [
                (vec!["2", "8"], of(2, 8)),
                (vec!["2", "10"], of(2, 10)),
                (vec!["2", "12"], of(2, 12)),
                (vec!["4", "8"], of(4, 8)),
                (vec!["4", "10"], of(4, 10)),
                (vec!["4", "12"], of(4, 12)),
            ]
        );
    }

    #[test]
    fn a_large_sweep_is_as_its_parts() {
        let all = run(&["width=1..40", "H=8..40", "W=8..12:4"]).unwrap();
        assert_eq!(all.points.len(), 40 * 33 * 2);
        let index = all.points.len() - 1;
        assert_eq!(all.values(index), ["40", "40", "12"]);
        assert_eq!(all.points[index].summary, run(&["width=40", "H=40", "W=12"]).unwrap().points[0].summary);
    }

    #[test]
    fn the_first_combination_that_fails_is_named() {
        let found = run(&["depth=1..6", "width=2,4"]).unwrap_err();
        assert_eq!(found[0].code.as_str(), "E0404");
        assert_eq!(found[0].notes, ["in the combination depth=4, width=2 (7 of 12)"]);
    }

    #[test]
    fn axes_that_make_no_sense_are_told() {
        for (axes, says) in [
            (vec!["width=1", "width=2"], "swept twice"),
            (vec!["width=1..2000", "depth=1..2000"], "2000 x 2000 are more than 1000000 combinations"),
            (vec!["widht=1"], "`net` has no parameter or dimension `widht` to set"),
            (vec!["input=big"], "can't have the size `big`"),
            (vec!["width=1 +"], "a value is missing after `+`"),
        ] {
            let found = run(&axes).unwrap_err();
            assert!(found[0].message.contains(says), "{found:?}");
        }
    }
}
