//! Whether a source has what an architecture needs, told before anything is computed, all at once.

use std::collections::BTreeMap;

use super::propose::{Named, propose};
use super::{Proposal, WeightSource, fits, is_counter, shape_text};
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
    /// Rules of names with which more would be there, where some were found.
    pub names: Option<Proposal>,
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
            names: None,
        };
        let held = source.shapes();
        let makes_any = held.is_none();
        let held: BTreeMap<String, Vec<usize>> = held.unwrap_or_default();
        let mut left = held.clone();
        let mut needed = Vec::new();
        for (id, _) in graph.nodes() {
            for spec in graph.weights(id) {
                let name = graph.weight_name(id, &spec);
                match left.remove(&name) {
                    Some(shape) if fits(&shape, &spec.shape) => fit.matched += 1,
                    Some(shape) => fit.differing.push((name.clone(), shape, spec.shape.clone())),
                    None if makes_any => fit.matched += 1,
                    None => fit.missing.push((name.clone(), spec.shape.clone())),
                }
                needed.push((name, spec.shape));
            }
        }
        left.retain(|name, _| !is_counter(name));
        fit.unexpected = left.into_iter().collect();
        if !fit.missing.is_empty() && !fit.unexpected.is_empty() {
            let held: Vec<Named> = source
                .order()
                .into_iter()
                .filter_map(|name| held.get(&name).cloned().map(|shape| (name, shape)))
                .collect();
            fit.names = propose(&needed, &held);
        }
        fit
    }

    /// How many weights the architecture needs.
    pub fn needed(&self) -> usize {
        self.matched + self.missing.len() + self.differing.len()
    }

    /// `E0603`, where the architecture can't run with the source.
    pub fn error(&self) -> Option<Diagnostic> {
        if self.missing.is_empty() && self.differing.is_empty() {
            return None;
        }
        let needed = self.needed();
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
        if let Some(names) = self.names.as_ref().filter(|names| names.matched == self.needed()) {
            return match names.rules.as_slice() {
                [(from, to)] => format!(
                    "all shapes are there under other names: add `names {{ \"{from}\" => \"{to}\" }}` to a `weights` item"
                ),
                rules => format!(
                    "all shapes are there under other names: `archc weights check` prints the {} rules that a `weights` \
                     item needs",
                    rules.len()
                ),
            };
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use candle_core::{Device, Tensor};

    use super::Fit;
    use crate::diagnostic::Diagnostic;
    use crate::ir::{Graph, Origin};
    use crate::ops::{Args, Operand, Raw, WeightSpec, find, source};
    use crate::source::{SourceMap, Span};
    use crate::weights::WeightSource;

    /// Names and shapes without values.
    struct Names(BTreeMap<String, Vec<usize>>);

    impl WeightSource for Names {
        fn name(&self) -> &str {
            "file"
        }

        fn shapes(&self) -> Option<BTreeMap<String, Vec<usize>>> {
            Some(self.0.clone())
        }

        fn get(&self, _: &str, _: &WeightSpec, _: &Device) -> Result<Tensor, Diagnostic> {
            unreachable!("the fit is checked before values are read")
        }
    }

    /// How `held` fits two linear layers, `body.fc1` of 8 to 4 and `head.fc` of 4 to 3.
    fn fit(held: &[(&str, &[usize])]) -> Fit {
        let file = SourceMap::new().add("test", "test");
        let origin = Origin { span: Span::new(file, 0, 4), call: None };
        let mut graph = Graph::new("net".into());
        let mut flow = graph.add(source::input(&[8]), &[], "input".into(), origin.clone()).unwrap();
        for (path, out) in [("body.fc1", 4), ("head.fc", 3)] {
            let linear = find("linear").unwrap();
            let args = Args::bind(linear.params, &[("out", Raw::Int(out))], vec![Operand::Tensor]).unwrap();
            flow = graph.add((linear.make)(&args).unwrap(), &[flow], path.into(), origin.clone()).unwrap();
        }
        let held = held.iter().map(|(name, shape)| ((*name).to_string(), shape.to_vec())).collect();
        Fit::of(&graph, &Names(held))
    }

    fn help(held: &[(&str, &[usize])]) -> String {
        fit(held).error().unwrap().help.unwrap()
    }

    const BODY: [(&str, &[usize]); 2] = [("body.fc1.weight", &[4, 8]), ("body.fc1.bias", &[4])];

    #[test]
    fn what_fits_is_fine_and_what_is_over_is_a_warning() {
        let mut held = BODY.to_vec();
        held.extend([("head.fc.weight", &[3, 4][..]), ("head.fc.bias", &[3]), ("bn.num_batches_tracked", &[])]);
        assert!(fit(&held).error().is_none() && fit(&held).warning().is_none());
        held.push(("aux.weight", &[2]));
        assert!(fit(&held).error().is_none());
        assert_eq!(fit(&held).warning().unwrap().notes, ["1 not used: aux.weight [2]"]);
    }

    #[test]
    fn all_differences_are_told_at_once() {
        let error = fit(&[BODY[0], ("body.fc1.bias", &[5]), ("other", &[1])]).error().unwrap();
        assert_eq!(error.message, "the weights `file` do not fit `net`: 1 of the 4 that it needs are there");
        assert_eq!(
            error.notes,
            [
                "2 missing: head.fc.weight [3, 4], head.fc.bias [3]",
                "1 of another shape: body.fc1.bias is [5] and should be [4]",
                "1 not used: other [1]"
            ]
        );
    }

    #[test]
    fn a_prefix_is_found() {
        let prefixed = [
            ("module.body.fc1.weight", &[4, 8][..]),
            ("module.body.fc1.bias", &[4]),
            ("module.head.fc.weight", &[3, 4]),
            ("module.head.fc.bias", &[3]),
        ];
        assert!(help(&prefixed).contains(r#"names { "module.{x}" => "{x}" }"#), "{}", help(&prefixed));
        let renamed = [BODY[0], BODY[1], ("fc.weight", &[3, 4]), ("fc.bias", &[3])];
        assert!(help(&renamed).contains(r#"names { "fc.{x}" => "head.fc.{x}" }"#), "{}", help(&renamed));
    }

    #[test]
    fn other_classes_and_other_networks_are_told_apart() {
        let classes = [BODY[0], BODY[1], ("head.fc.weight", &[7, 4]), ("head.fc.bias", &[7])];
        assert!(help(&classes).contains("the weights know 7 classes and `net` has 3"));
        assert!(help(&[("x", &[1])]).starts_with("no name agrees"));
    }
}
