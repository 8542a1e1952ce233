//! Where results go: standard output, or a file that is whole or not there.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use crate::cli::Failure;
use crate::cli::console::Console;
use crate::cli::whole::WholeFile;

pub enum Sink {
    Stdout,
    File(WholeFile),
}

impl Sink {
    /// # Errors
    /// The file can't be made.
    pub fn open(path: Option<&Path>) -> Result<Sink, Failure> {
        path.filter(|path| *path != Path::new("-"))
            .map_or(Ok(Sink::Stdout), |path| WholeFile::create(path).map(Sink::File))
    }

    /// Whether people see the results as they come.
    pub fn is_terminal(&self) -> bool {
        match self {
            Sink::Stdout => io::stdout().is_terminal(),
            Sink::File(_) => false,
        }
    }

    /// Text to standard output is seen at once.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write(&mut self, console: &mut Console, text: &str) -> Result<(), Failure> {
        match self {
            Sink::Stdout => {
                console.out().write_all(text.as_bytes())?;
                console.out().flush()?;
            }
            Sink::File(file) => file.write_all(text.as_bytes()).map_err(|error| file.failure(&error))?,
        }
        Ok(())
    }

    /// # Errors
    /// The file can't be put in its place.
    pub fn finish(self) -> Result<(), Failure> {
        match self {
            Sink::Stdout => Ok(()),
            Sink::File(file) => file.finish(),
        }
    }
}
