//! What archc says when something is wrong: the data here, its codes in `codes.rs`, its looks in `render.rs`.
//!
//! A new kind of error is one line in `codes.rs` and one page in `docs/errors/`.

mod codes;
mod render;

pub use codes::Code;
pub use render::{Style, render, to_json};

use crate::source::{SourceMap, Span};

/// How many diagnostics are shown at most; the rest are counted.
pub const MAX_SHOWN: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

/// A place and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// One mistake: what is wrong, where (the first label is the place to mend), and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub code: Code,
    pub message: String,
    pub labels: Vec<Label>,
    pub help: Option<String>,
    /// Further facts, a line each.
    pub notes: Vec<String>,
    /// The block calls that led to the first label, innermost first.
    pub calls: Vec<Label>,
    /// How many more times the same mistake was met at the same place.
    pub repeats: usize,
}

impl Diagnostic {
    pub fn error(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            code,
            message: message.into(),
            labels: Vec::new(),
            help: None,
            notes: Vec::new(),
            calls: Vec::new(),
            repeats: 0,
        }
    }

    pub fn warning(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, message) }
    }

    pub fn label(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// [`Diagnostic::help`] where there is something to say.
    pub fn maybe_help(self, help: Option<String>) -> Diagnostic {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// The place to mend.
    pub fn place(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// The diagnostics of a compilation, collected by every phase.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    seen: std::collections::HashMap<(Code, Span), usize>,
}

impl Diagnostics {
    pub fn new() -> Diagnostics {
        Diagnostics::default()
    }

    /// Adds a diagnostic; one with the code and the place of an earlier one is only counted there, if other calls led
    /// to it.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if let Some(place) = diagnostic.place() {
            if let Some(earlier) = self.seen.get(&(diagnostic.code, place)) {
                let earlier = &mut self.list[*earlier];
                if earlier.calls.is_empty() {
                    // Found without expanding; now it is known where it is called.
                    earlier.calls = diagnostic.calls;
                } else if earlier.calls != diagnostic.calls {
                    earlier.repeats += 1;
                }
                return;
            }
            self.seen.insert((diagnostic.code, place), self.list.len());
        }
        self.list.push(diagnostic);
    }

    pub fn append(&mut self, other: Diagnostics) {
        for diagnostic in other.list {
            self.push(diagnostic);
        }
    }

    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// How many are of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// All of them, sorted by file, place, then code.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|diagnostic| (diagnostic.place(), diagnostic.severity, diagnostic.code));
        self.list
    }

    /// Drops warnings about built-in files, which no user can mend.
    pub fn without_built_in_warnings(mut self, sources: &SourceMap) -> Diagnostics {
        self.list.retain(|diagnostic| {
            let built_in = diagnostic.place().is_some_and(|place| sources.is_built_in(place.file));
            diagnostic.severity == Severity::Error || !built_in
        });
        self.seen.clear();
        self
    }
}

/// The candidate that a person who wrote `name` most likely meant, if any is close.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let close = |candidate: &&str| {
        let same_letters = candidate.eq_ignore_ascii_case(name) || candidate.replace('_', "") == name.replace('_', "");
        let distance = if same_letters { 0 } else { strsim::damerau_levenshtein(name, candidate) };
        let allowed = name.chars().count().max(candidate.chars().count()).div_ceil(3).min(3);
        (distance <= allowed && distance < name.chars().count()).then_some(distance)
    };
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .filter_map(|candidate| close(&candidate).map(|distance| (distance, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?" for the nearest candidate, if any is close.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, candidates).map(|near| format!("did you mean `{near}`?"))
}

/// `a`, `b` and `c`.
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        None => "none".to_string(),
        Some((only, [])) => only.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
