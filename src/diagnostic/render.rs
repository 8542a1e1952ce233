//! How a diagnostic looks: as a report for people, by miette, and as a JSON object for machines.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteSpanContents, SourceSpan, SpanContents};
use textwrap::WordSeparator;

use super::{Diagnostic, Label, Severity};
use crate::source::{FileId, SourceMap};

/// How reports are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub colour: bool,
    /// Columns to wrap at.
    pub width: usize,
}

impl Style {
    /// Without colour at a fixed width: the same bytes everywhere.
    pub const PLAIN: Style = Style { colour: false, width: 100 };
}

/// The report of one diagnostic, ending in a line break.
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, style: Style) -> String {
    let theme = if style.colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_context_lines(1)
        .without_cause_chain()
        .with_links(false)
        // Paths and addresses stay in one piece, so that they can be copied.
        .with_word_separator(WordSeparator::AsciiSpace)
        .with_break_words(false);
    let mut out = String::new();
    let report = Report::new(diagnostic, sources);
    handler.render_report(&mut out, &report).expect("a String takes all");
    out
}

/// The diagnostic as one JSON object: severity, code, message, labels with byte ranges and positions, help, notes, calls.
pub fn to_json(diagnostic: &Diagnostic, sources: &SourceMap) -> serde_json::Value {
    let label = |label: &Label| {
        let file = sources.file(label.span.file);
        let (line, column) = file.line_column(label.span.start);
        let (end_line, end_column) = file.line_column(label.span.end);
        serde_json::json!({
            "file": file.name,
            "start": label.span.start, "end": label.span.end,
            "line": line, "column": column, "end_line": end_line, "end_column": end_column,
            "text": label.text,
        })
    };
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    serde_json::json!({
        "severity": severity,
        "code": diagnostic.code.as_str(),
        "message": diagnostic.message,
        "labels": diagnostic.labels.iter().map(label).collect::<Vec<_>>(),
        "help": diagnostic.help,
        "notes": diagnostic.notes,
        "calls": diagnostic.calls.iter().map(label).collect::<Vec<_>>(),
        "repeats": diagnostic.repeats,
    })
}

/// What miette sees of a diagnostic: one file with its labels, and the labels of other files as related reports.
struct Report<'a> {
    message: String,
    head: Option<&'a Diagnostic>,
    footer: Option<String>,
    source: Option<Source<'a>>,
    labels: Vec<LabeledSpan>,
    others: Vec<Report<'a>>,
}

impl<'a> Report<'a> {
    fn new(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Report<'a> {
        let mut files: Vec<FileId> = Vec::new();
        for label in &diagnostic.labels {
            if !files.contains(&label.span.file) {
                files.push(label.span.file);
            }
        }
        let mut parts = files.iter().map(|file| {
            let labels = diagnostic.labels.iter().filter(|label| label.span.file == *file);
            let primary = diagnostic.place();
            let labels = labels
                .map(|label| {
                    let text = (!label.text.is_empty()).then(|| label.text.clone());
                    let range = SourceSpan::from(label.span.start as usize..label.span.end as usize);
                    match Some(label.span) == primary {
                        true => LabeledSpan::new_primary_with_span(text, range),
                        false => LabeledSpan::new_with_span(text, range),
                    }
                })
                .collect();
            (Source { sources, file: *file }, labels)
        });
        let (source, labels) = match parts.next() {
            Some((source, labels)) => (Some(source), labels),
            None => (None, Vec::new()),
        };
        let others = parts
            .map(|(source, labels)| Report {
                message: format!("in {}", source.sources.file(source.file).name),
                head: None,
                footer: None,
                source: Some(source),
                labels,
                others: Vec::new(),
            })
            .collect();
        let footer = footer(diagnostic, sources);
        Report { message: diagnostic.message.clone(), head: Some(diagnostic), footer, source, labels, others }
    }
}

/// Help, notes, and the chain of calls: everything below the source.
fn footer(diagnostic: &Diagnostic, sources: &SourceMap) -> Option<String> {
    let mut lines: Vec<String> = diagnostic.help.iter().cloned().collect();
    lines.extend(diagnostic.notes.iter().map(|note| format!("note: {note}")));
    let calls = &diagnostic.calls;
    let shown = if calls.len() > 6 { 4 } else { calls.len() };
    for (index, call) in calls.iter().enumerate() {
        if index >= shown && index + 1 < calls.len() {
            if index == shown {
                lines.push(format!("... {} more calls ...", calls.len() - shown - 1));
            }
            continue;
        }
        let file = sources.file(call.span.file);
        let (line, column) = file.line_column(call.span.start);
        lines.push(format!("{}, {}:{line}:{column}", call.text, file.name));
    }
    match diagnostic.repeats {
        0 => {}
        1 => lines.push("note: and once more, from another call".to_string()),
        times => lines.push(format!("note: and {times} more times, from other calls")),
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.head.map(|diagnostic| Box::new(diagnostic.code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.head.map(|diagnostic| diagnostic.severity) {
            Some(Severity::Error) => miette::Severity::Error,
            Some(Severity::Warning) => miette::Severity::Warning,
            None => miette::Severity::Advice,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        self.footer.as_ref().map(|footer| Box::new(footer) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|source| source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }

    fn related<'b>(&'b self) -> Option<Box<dyn Iterator<Item = &'b dyn miette::Diagnostic> + 'b>> {
        let others = self.others.iter().map(|other| other as &dyn miette::Diagnostic);
        (!self.others.is_empty()).then(|| Box::new(others) as Box<dyn Iterator<Item = &dyn miette::Diagnostic>>)
    }
}

/// One file of the source map, as miette reads it.
struct Source<'a> {
    sources: &'a SourceMap,
    file: FileId,
}

impl miette::SourceCode for Source<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, miette::MietteError> {
        let file = self.sources.file(self.file);
        let contents = file.text.as_ref().read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            file.name.clone(),
            contents.data(),
            *contents.span(),
            contents.line(),
            contents.column(),
            contents.line_count(),
        )))
    }
}
