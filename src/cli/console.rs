//! What a command prints to: standard output for data, standard error for the rest, each with its own style.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use anstream::AutoStream;

use crate::diagnostic::{self, Code, Diagnostic, MAX_SHOWN, Severity, Style};
use crate::source::{SourceMap, Span};

/// `--color`
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    Auto,
    Always,
    Never,
}

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    Fine,
    /// The files have errors, or warnings that were denied.
    Findings,
    /// What was asked for can't be done: a missing file, an unknown name, an argument that makes no sense.
    Usage,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Fine => 0,
            Exit::Findings => 1,
            Exit::Usage => 2,
        })
    }
}

/// Why a command stops early.
#[derive(Debug)]
pub enum Failure {
    /// Standard output can't be written.
    Output(io::Error),
    /// A sentence, and help where there is some.
    Usage { message: String, help: Option<String> },
}

impl Failure {
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::Usage { message: message.into(), help: None }
    }

    pub fn help(self, help: impl Into<String>) -> Failure {
        match self {
            Failure::Output(error) => Failure::Output(error),
            Failure::Usage { message, .. } => Failure::Usage { message, help: Some(help.into()) },
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Output(error)
    }
}

/// Standard output and standard error.
pub struct Console {
    out: BufWriter<Box<dyn Write>>,
    /// How to draw on standard output.
    pub style: Style,
    error_style: Style,
}

impl Console {
    pub fn new(choice: ColorChoice) -> Console {
        let width = terminal_width().unwrap_or(Style::PLAIN.width);
        let style = |auto: anstream::ColorChoice| {
            let colour = match choice {
                ColorChoice::Auto => auto != anstream::ColorChoice::Never,
                ColorChoice::Always => true,
                ColorChoice::Never => false,
            };
            Style { colour, width }
        };
        Console {
            style: style(AutoStream::choice(&io::stdout())),
            error_style: style(AutoStream::choice(&io::stderr())),
            out: BufWriter::new(Box::new(io::stdout())),
        }
    }

    /// Standard output.
    pub fn out(&mut self) -> &mut impl Write {
        &mut self.out
    }

    /// The columns that a table may take: those of the terminal; nothing where standard output is none.
    pub fn table_width(&self) -> Option<u16> {
        let width = u16::try_from(self.style.width).unwrap_or(u16::MAX);
        io::stdout().is_terminal().then_some(width)
    }

    /// Writes a line to standard error, after all that was written to standard output.
    pub fn note(&mut self, line: impl fmt::Display) {
        // Where standard error is closed nobody wants to read it; what standard output says is told by `finish`.
        let _ = self.out.flush();
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// Reports to standard error, [`MAX_SHOWN`] at most, and says how the command should end for them.
    pub fn report(&mut self, found: &Findings, sources: &SourceMap) -> Exit {
        for (index, diagnostic) in found.list.iter().take(MAX_SHOWN).enumerate() {
            if index > 0 {
                self.note("");
            }
            self.note(diagnostic::render(diagnostic, sources, self.error_style).trim_end_matches('\n'));
        }
        if let Some(more) = found.more() {
            self.note(more);
        }
        found.exit()
    }

    /// Reports one diagnostic to standard error, and says how the command should end for it.
    pub fn report_one(&mut self, diagnostic: Diagnostic, sources: &SourceMap) -> Exit {
        let mut found = Findings::default();
        found.add([diagnostic]);
        self.report(&found, sources)
    }

    /// Flushes, tells of a failure, and gives the exit code.
    pub fn finish(mut self, result: Result<Exit, Failure>) -> Exit {
        let result = result.and_then(|exit| self.out.flush().map(|()| exit).map_err(Failure::Output));
        match result {
            Ok(exit) => exit,
            // The reader has seen enough, as in `archc ops | head`.
            Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Fine,
            Err(failure) => {
                let (message, help) = match failure {
                    Failure::Output(error) => (format!("can't write to standard output: {error}"), None),
                    Failure::Usage { message, help } => (message, help),
                };
                let red = if self.error_style.colour { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
                let _ = writeln!(io::stderr(), "{}error:{} {message}", red.0, red.1);
                if let Some(help) = help {
                    let _ = writeln!(io::stderr(), "help: {help}");
                }
                Exit::Usage
            }
        }
    }
}

/// Diagnostics of several compilations, in order, each once.
#[derive(Debug, Default)]
pub struct Findings {
    pub list: Vec<Diagnostic>,
    seen: HashSet<(Code, Option<Span>, String)>,
}

impl Findings {
    /// Adds the diagnostics that are not there yet. Those with a place are told apart by it and their code: what
    /// several variants of an architecture say of a line they share is one finding.
    pub fn add(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        for diagnostic in diagnostics {
            let place = diagnostic.place();
            let message = if place.is_some() { String::new() } else { diagnostic.message.clone() };
            if self.seen.insert((diagnostic.code, place, message)) {
                self.list.push(diagnostic);
            }
        }
    }

    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// How a command with these findings ends, warnings aside.
    pub fn exit(&self) -> Exit {
        let errors = self.list.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        let exit = |code: Code| match [Code::NO_FILE, Code::NO_ARCH, Code::SETTING].contains(&code) {
            true => Exit::Usage,
            false => Exit::Findings,
        };
        errors.map(|diagnostic| exit(diagnostic.code)).max().unwrap_or(Exit::Fine)
    }

    /// A line that says how many are not shown, where there are such.
    pub fn more(&self) -> Option<String> {
        let hidden = self.list.len().checked_sub(MAX_SHOWN).filter(|hidden| *hidden > 0)?;
        Some(format!("note: {hidden} more are not shown; {MAX_SHOWN} are shown at most"))
    }
}

/// `1 error`, `3 errors`.
pub fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// The width of the terminal that standard output or standard error is, kept readable.
fn terminal_width() -> Option<usize> {
    let (terminal_size::Width(width), _) = terminal_size::terminal_size()?;
    Some(usize::from(width).clamp(60, 140))
}
