//! Whether a source has what an architecture needs, told before anything is computed, all at once.

use std::collections::BTreeMap;

use super::{WeightSource, shape_text};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Graph;

/// How many names of each kind a message shows.
const SHOWN: usize = 5;

/// The weights of an architecture and of a source, compared by name and shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    pub arch: String,
    pub source: String,
    /// How many weights agree.
    pub matched: usize,
    /// What the architecture needs and the source lacks, in order of execution.
    pub missing: Vec<(String, Vec<usize>)>,
    /// What the source has beyond that, by name. Counters of batches are not counted.
    pub unexpected: Vec<(String, Vec<usize>)>,
    /// Weights of another shape: the name, the source's shape, the architecture's.
    pub differing: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl Fit {
    /// Compares what `graph` needs with what `source` has.
    pub fn of(graph: &Graph, source: &dyn WeightSource) -> Fit {
        let mut fit = Fit {
            arch: graph.name.to_string(),
            source: source.name().to_string(),
            matched: 0,
            missing: Vec::new(),
            unexpected: Vec::new(),
            differing: Vec::new(),
        };
        let held = source.shapes();
        let makes_any = held.is_none();
        let mut left: BTreeMap<String, Vec<usize>> = held.unwrap_or_default();
        for (id, _) in graph.nodes() {
            for spec in graph.weights(id) {
                let name = graph.weight_name(id, &spec);
                match left.remove(&name) {
                    Some(shape) if shape == spec.shape => fit.matched += 1,
                    Some(shape) => fit.differing.push((name, shape, spec.shape)),
                    None if makes_any => fit.matched += 1,
                    None => fit.missing.push((name, spec.shape)),
                }
            }
        }
        left.retain(|name, _| !is_counter(name));
        fit.unexpected = left.into_iter().collect();
        fit
    }

    /// `E0603`, where the architecture can't run with the source.
    pub fn error(&self) -> Option<Diagnostic> {
        if self.missing.is_empty() && self.differing.is_empty() {
            return None;
        }
        let needed = self.matched + self.missing.len() + self.differing.len();
        let message = format!(
            "the weights `{}` do not fit `{}`: {} of the {needed} that it needs are there",
            self.source, self.arch, self.matched
        );
        let mut error = Diagnostic::error(Code::WEIGHTS_DIFFER, message);
        let named = |(name, shape): &(String, Vec<usize>)| format!("{name} {}", shape_text(shape));
        let differing = |(name, file, arch): &(String, Vec<usize>, Vec<usize>)| {
            format!("{name} is {} and should be {}", shape_text(file), shape_text(arch))
        };
        let lists = [
            ("missing", self.missing.iter().map(named).collect::<Vec<_>>()),
            ("of another shape", self.differing.iter().map(differing).collect()),
            ("not used", self.unexpected.iter().map(named).collect()),
        ];
        for (what, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
            error = error.note(shown(what, &names));
        }
        Some(error.help(self.likely_cause()))
    }

    /// `W0201`, where all is there but the source has more.
    pub fn warning(&self) -> Option<Diagnostic> {
        if self.unexpected.is_empty() || self.error().is_some() {
            return None;
        }
        let names: Vec<String> =
            self.unexpected.iter().map(|(name, shape)| format!("{name} {}", shape_text(shape))).collect();
        let message =
            format!("the weights `{}` have {} tensors that `{}` does not use", self.source, names.len(), self.arch);
        let help = "that is right for parts that only training needs; otherwise this is not the file's architecture";
        Some(Diagnostic::warning(Code::UNUSED_WEIGHTS, message).note(shown("not used", &names)).help(help))
    }

    /// What most probably explains the differences, and what to do.
    fn likely_cause(&self) -> String {
        if let Some((from, to)) = self.prefix_rule() {
            return format!(
                "the names agree but for what they start with: add `names {{ \"{from}\" => \"{to}\" }}` to a `weights` item"
            );
        }
        if self.missing.is_empty()
            && let Some((classes, wanted)) = self.other_classes()
        {
            return format!(
                "only the last layer differs: the weights know {classes} classes and `{}` has {wanted}; \
                 if it has a parameter for them, set it, as in `--set classes={classes}`",
                self.arch
            );
        }
        if !self.missing.is_empty() && self.missing.iter().all(|(name, _)| is_buffer(name)) && self.differing.is_empty()
        {
            return "the file has no running means and variances: it was saved without its buffers".to_string();
        }
        match self.matched {
            0 => format!(
                "no name agrees: these are another architecture's weights, or another library's names for `{}`, which \
                 `names {{ \"FILE'S NAME\" => \"ARCH'S PATH\" }}` in a `weights` item can map",
                self.arch
            ),
            _ => format!(
                "these are probably the weights of a variant of `{}`, or were saved by another version",
                self.arch
            ),
        }
    }

    /// A rule that adds or takes off a prefix and makes every missing name a name of the source.
    fn prefix_rule(&self) -> Option<(String, String)> {
        let (first_missing, _) = self.missing.first()?;
        let held: BTreeMap<&str, &[usize]> =
            self.unexpected.iter().map(|(name, shape)| (name.as_str(), shape.as_slice())).collect();
        let fits = |to_file: &dyn Fn(&str) -> Option<String>| {
            self.missing.iter().all(|(name, shape)| {
                to_file(name).is_some_and(|name| held.get(name.as_str()).is_some_and(|held| *held == shape.as_slice()))
            })
        };
        let longer = self.unexpected.iter().find_map(|(name, _)| name.strip_suffix(first_missing.as_str()));
        if let Some(prefix) = longer.filter(|prefix| fits(&|name| Some(format!("{prefix}{name}")))) {
            return Some((format!("{prefix}{{x}}"), "{x}".to_string()));
        }
        let prefix = self.unexpected.iter().find_map(|(name, _)| first_missing.strip_suffix(name.as_str()))?;
        fits(&|name| name.strip_prefix(prefix).map(str::to_string))
            .then(|| ("{x}".to_string(), format!("{prefix}{{x}}")))
    }

    /// The classes of the source and of the architecture, where every difference is in the first dimension and the same.
    fn other_classes(&self) -> Option<(usize, usize)> {
        let (_, file, arch) = self.differing.first()?;
        let classes = (*file.first()?, *arch.first()?);
        let same = |(_, file, arch): &(String, Vec<usize>, Vec<usize>)| {
            (file.first(), arch.first()) == (Some(&classes.0), Some(&classes.1)) && file[1..] == arch[1..]
        };
        (self.differing.len() <= 2 && classes.0 != classes.1 && self.differing.iter().all(same)).then_some(classes)
    }
}

/// PyTorch's count of batches seen in training, which nothing computes with.
fn is_counter(name: &str) -> bool {
    name == "num_batches_tracked" || name.ends_with(".num_batches_tracked")
}

fn is_buffer(name: &str) -> bool {
    name.ends_with(".running_mean") || name.ends_with(".running_var")
}

/// `3 missing: a, b, c`
fn shown(what: &str, names: &[String]) -> String {
    let first = names[..names.len().min(SHOWN)].join(", ");
    match names.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        Some(more) => format!("{} {what}: {first}, and {more} more", names.len()),
        None => format!("{} {what}: {first}", names.len()),
    }
}
