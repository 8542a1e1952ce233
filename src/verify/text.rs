//! A comparison for people and for machines.

use serde_json::{Value, json};

use super::values::{TOLERANCE, allowed};
use super::{Comparison, Figures, LayerDifference, Logits, Pair, Weights};
use crate::report::{self, Column, Grid, grouped};
use crate::source::{SourceMap, Span};

/// The version of the JSON: a field that goes or changes its meaning raises it, a new one does not.
pub const FORMAT: u32 = 1;

/// How many names of a kind are listed.
const LISTED: usize = 3;

impl Comparison {
    /// Tables: what was compared, and the first layer that differs. They are wrapped at `width` where that is given.
    pub fn to_text(&self, sources: &SourceMap, width: Option<u16>) -> String {
        let verb = if self.agrees() { "agrees with" } else { "differs from" };
        let source = self.source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
        let mut rows = vec![
            row("input", self.inputs.map(|inputs| shapes(inputs)), verdict(self.inputs.agrees())),
            count("params", &self.params),
            count("buffers", &self.buffers),
            count("MACs", &self.macs),
            row("weights", self.weights.counts.map(|count| count.to_string()), self.weights.verdict()),
            self.layers_row(),
        ];
        match &self.logits {
            Some(logits) => rows.push(logits.row()),
            None => rows.push(row("result", Pair::of(&"", &""), "not computed: the inputs differ".to_string())),
        }
        let grid = Grid {
            title: format!("{} {verb} {}{source}", self.arch, self.reference),
            head: Vec::new(),
            columns: vec![Column::left(""), Column::right("reference"), Column::right("here"), Column::left("")],
            rows,
            total: None,
        };
        let mut text = grid.to_text(width);
        for (index, line) in self.weights.lines().enumerate() {
            let gap = if index == 0 { "\n" } else { "" };
            text.push_str(&format!("{gap}{line}\n"));
        }
        if let Some(first) = self.layers.differing.first() {
            text.push('\n');
            text.push_str(&first.to_text(sources, width));
        }
        text
    }

    fn layers_row(&self) -> Vec<String> {
        let (compared, differing) = (self.layers.compared, self.layers.differing.len());
        let verdict = match (self.layers.differing.first(), &self.logits) {
            (None, Some(_)) => "same shapes, costs and values".to_string(),
            (None, None) => "same shapes and costs".to_string(),
            (Some(_), _) if differing == 1 => "1 differs".to_string(),
            (Some(_), _) => format!("{differing} differ"),
        };
        row("layers", Pair::of(&compared, &(compared - differing)), verdict)
    }

    /// One object on one line, without a line break.
    pub fn to_json(&self, sources: &SourceMap) -> String {
        let named = |(name, shape): &(String, Vec<usize>)| json!({"name": name, "shape": shape});
        let reshaped = |(name, shapes): &(String, Pair<Vec<usize>>)| json!({"name": name, "expected": shapes.expected, "found": shapes.found});
        let weights = &self.weights;
        json!({
            "format": FORMAT,
            "arch": self.arch,
            "reference": self.reference,
            "agrees": self.agrees(),
            "inputs": pair(&self.inputs),
            "params": pair(&self.params),
            "buffers": pair(&self.buffers),
            "macs": pair(&self.macs),
            "weights": {
                "expected": weights.counts.expected,
                "found": weights.counts.found,
                "missing": weights.missing.iter().map(named).collect::<Vec<_>>(),
                "unexpected": weights.unexpected.iter().map(named).collect::<Vec<_>>(),
                "reshaped": weights.reshaped.iter().map(reshaped).collect::<Vec<_>>(),
            },
            "layers": {
                "compared": self.layers.compared,
                "differing": self.layers.differing.iter().map(|layer| layer.to_json(sources)).collect::<Vec<_>>(),
            },
            "logits": self.logits.as_ref().map(|logits| json!({
                "count": pair(&logits.count),
                "error": logits.error,
                "tolerance": TOLERANCE,
                "argmax": pair(&logits.argmax),
            })),
        })
        .to_string()
    }
}

impl Weights {
    fn verdict(&self) -> String {
        if self.agree() {
            return "same names and shapes".to_string();
        }
        let counts = [
            (self.missing.len(), "missing"),
            (self.unexpected.len(), "unexpected"),
            (self.reshaped.len(), "of another shape"),
        ];
        let shown = counts.into_iter().filter(|(count, _)| *count > 0);
        shown.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
    }

    /// The names that differ, a line for each way.
    fn lines(&self) -> impl Iterator<Item = String> {
        let named = |(name, shape): &(String, Vec<usize>)| format!("{name} ({})", report::shape(shape));
        let reshaped = |(name, shapes): &(String, Pair<Vec<usize>>)| {
            let Pair { expected, found } = shapes.map(|shape| report::shape(shape));
            format!("{name} ({expected} there, {found} here)")
        };
        let kinds: [(&str, Vec<String>); 3] = [
            ("Weights only in the reference", self.missing.iter().map(named).collect()),
            ("Weights only here", self.unexpected.iter().map(named).collect()),
            ("Weights of another shape", self.reshaped.iter().map(reshaped).collect()),
        ];
        let some = kinds.into_iter().filter(|(_, names)| !names.is_empty());
        some.map(|(what, names)| format!("{what}: {}", few(&names)))
    }
}

impl Logits {
    fn row(&self) -> Vec<String> {
        let Some(error) = self.error else {
            let counts = self.count.map(|count| format!("{} values", grouped(*count as u64)));
            return row("result", counts, "differs".to_string());
        };
        let verdict = match (self.agree(), error <= TOLERANCE) {
            (true, _) => format!("apart by {error:.1e} of its norm"),
            (false, true) => "another value is the largest".to_string(),
            (false, false) => format!("differs: apart by {error:.1e} of its norm, {TOLERANCE:e} is allowed"),
        };
        row("result", self.argmax.map(|argmax| format!("class {argmax}")), verdict)
    }
}

impl LayerDifference {
    fn to_text(&self, sources: &SourceMap, width: Option<u16>) -> String {
        let kind = if self.kind.is_empty() { String::new() } else { format!(" ({})", self.kind) };
        let place = self.place.map(|place| format!(", at {}", position(place, sources))).unwrap_or_default();
        let title = format!("The first layer that differs is `{}`{kind}{place}.", self.path);
        let title = match &self.after {
            Some(after) => format!("{title}\nThe one before it, `{after}`, agrees."),
            None => title,
        };
        let Some(found) = &self.found else {
            return format!("{title}\nNo node with weights has this path here.\n");
        };
        let expected = &self.expected;
        let both = |of: fn(&Figures) -> u64| Pair { expected: of(expected), found: of(found) };
        let outputs = Pair { expected: &expected.output, found: &found.output };
        let same = verdict(found.same_output(expected));
        let mut rows = vec![
            row("output", outputs.map(|shape| report::shape(shape)), same),
            count("params", &both(|figures| figures.params)),
            count("MACs", &both(|figures| figures.macs)),
        ];
        if let (Some(expected), Some(found)) = (expected.moments, found.moments) {
            rows.push(value("mean", expected.0, found.0, allowed(expected)));
            rows.push(value("deviation", expected.1, found.1, allowed(expected)));
        }
        if self.runs > 1 {
            rows.push(row("runs", Pair::of(&self.runs, &1), "a weight here belongs to one layer".to_string()));
        }
        let columns = vec![Column::left(""), Column::right("reference"), Column::right("here"), Column::left("")];
        Grid { title, head: Vec::new(), columns, rows, total: None }.to_text(width)
    }

    fn to_json(&self, sources: &SourceMap) -> Value {
        let figures = |figures: &Figures| {
            json!({
                "output": figures.output, "params": figures.params, "macs": figures.macs,
                "mean": figures.moments.map(|(mean, _)| mean), "std": figures.moments.map(|(_, std)| std),
            })
        };
        json!({
            "path": self.path,
            "after": self.after,
            "type": self.kind,
            "expected": figures(&self.expected),
            "found": self.found.as_ref().map(figures),
            "runs": self.runs,
            "place": self.place.map(|place| position(place, sources)),
        })
    }
}

impl<T> Pair<T> {
    fn map<U>(&self, change: impl Fn(&T) -> U) -> Pair<U> {
        Pair { expected: change(&self.expected), found: change(&self.found) }
    }
}

impl Pair<String> {
    fn of<T: ToString>(expected: &T, found: &T) -> Pair<String> {
        Pair { expected: expected.to_string(), found: found.to_string() }
    }
}

fn pair<T: serde::Serialize>(pair: &Pair<T>) -> Value {
    json!({"expected": pair.expected, "found": pair.found})
}

fn row(name: &str, pair: Pair<String>, verdict: String) -> Vec<String> {
    vec![name.to_string(), pair.expected, pair.found, verdict]
}

fn count(name: &str, pair: &Pair<u64>) -> Vec<String> {
    row(name, pair.map(|count| grouped(*count)), verdict(pair.agrees()))
}

fn value(name: &str, expected: f64, found: f64, allowed: f64) -> Vec<String> {
    let off = (found - expected).abs();
    let verdict = match off <= allowed {
        true => "same".to_string(),
        false => format!("off by {off:.1e}, {allowed:.1e} is allowed"),
    };
    row(name, Pair::of(&significant(expected), &significant(found)), verdict)
}

/// Seven digits, as a reference has them.
fn significant(value: f64) -> String {
    match value.abs() {
        size if size >= 1e7 || (size > 0.0 && size < 1e-4) => format!("{value:.6e}"),
        size => {
            let before = if size < 1.0 { 1 } else { size.log10() as usize + 1 };
            format!("{value:.*}", 7_usize.saturating_sub(before))
        }
    }
}

fn verdict(same: bool) -> String {
    if same { "same" } else { "differs" }.to_string()
}

fn shapes(shapes: &[Vec<usize>]) -> String {
    shapes.iter().map(|shape| report::shape(shape)).collect::<Vec<_>>().join(", ")
}

fn few(names: &[String]) -> String {
    let more = names.len().saturating_sub(LISTED);
    let shown = names[..names.len() - more].join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// `net.arch:14:9`
fn position(place: Span, sources: &SourceMap) -> String {
    let file = sources.file(place.file);
    let (line, column) = file.line_column(place.start);
    format!("{}:{line}:{column}", file.name)
}
