//! What `archc run` prints of each image, in its formats.

use serde::Serialize;

use crate::classify::Guess;
use crate::diagnostic::Diagnostic;

/// `--format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Table,
    Jsonl,
    Csv,
}

/// The columns of `csv`.
const COLUMNS: [&str; 7] = ["image", "rank", "index", "label", "logit", "probability", "error"];

/// Makes the text of one image after another.
pub struct Lines {
    format: Format,
    /// Whether an image stands before the next one in a table.
    gap: bool,
}

/// One line of `jsonl`: an image with its classes, or with what is wrong with it.
#[derive(Serialize)]
struct Line<'a> {
    image: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<&'a [Guess]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl Lines {
    pub fn new(format: Format) -> Lines {
        Lines { format, gap: false }
    }

    /// What stands before all images.
    pub fn head(&self) -> String {
        match self.format {
            Format::Table | Format::Jsonl => String::new(),
            Format::Csv => rows(&[COLUMNS.map(str::to_string)]),
        }
    }

    /// An image with its classes, best first, or with what is wrong with it.
    pub fn image(&mut self, name: &str, answer: Result<&[Guess], &Diagnostic>) -> String {
        match self.format {
            Format::Table => match answer {
                Ok(guesses) => {
                    let gap = if std::mem::replace(&mut self.gap, true) { "\n" } else { "" };
                    format!("{gap}{}", table(name, guesses))
                }
                Err(_) => String::new(),
            },
            Format::Jsonl => {
                let error = answer.err().map(|error| error.message.as_str());
                let line = serde_json::to_string(&Line { image: name, top: answer.ok(), error });
                line.expect("texts and numbers are JSON") + "\n"
            }
            Format::Csv => match answer {
                Ok(guesses) => {
                    rows(&guesses.iter().zip(1..).map(|(guess, rank)| row(name, rank, guess)).collect::<Vec<_>>())
                }
                Err(error) => {
                    let none = String::new;
                    rows(&[[name.to_string(), none(), none(), none(), none(), none(), error.message.clone()]])
                }
            },
        }
    }
}

fn row(name: &str, rank: usize, guess: &Guess) -> [String; 7] {
    let Guess { index, label, logit, probability } = guess;
    let label = label.clone().unwrap_or_default();
    [
        name.to_string(),
        rank.to_string(),
        index.to_string(),
        label,
        logit.to_string(),
        probability.to_string(),
        String::new(),
    ]
}

fn rows(rows: &[[String; 7]]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("memory takes every row");
    }
    let bytes = writer.into_inner().expect("memory takes every row");
    String::from_utf8(bytes).expect("rows are text")
}

fn table(name: &str, guesses: &[Guess]) -> String {
    let mut text = format!("{name}\n");
    for guess in guesses {
        let label = guess.label.clone().unwrap_or_else(|| format!("class {}", guess.index));
        text.push_str(&format!("  {:6.2} %  {label}\n", guess.probability * 100.0));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Format, Lines};
    use crate::classify::Guess;
    use crate::diagnostic::{Code, Diagnostic};

    #[test]
    fn every_format_tells_classes_and_errors() {
        let guess = |index, label: Option<&str>, logit, probability| Guess {
            index,
            label: label.map(str::to_string),
            logit,
            probability,
        };
        let guesses = [guess(7, Some("cat, the \"tame\" one"), 2.5, 0.75), guess(0, None, -1.0, 0.25)];
        let error = Diagnostic::error(Code::BAD_IMAGE, "can't read the image `b.png`: it is a folder");
        let text = |format| {
            let mut lines = Lines::new(format);
            let parts = [
                lines.head(),
                lines.image("a.png", Ok(&guesses)),
                lines.image("b.png", Err(&error)),
                lines.image("c,1.png", Ok(&guesses[1..])),
            ];
            parts.concat()
        };
        insta::assert_snapshot!("table", text(Format::Table));
        insta::assert_snapshot!("jsonl", text(Format::Jsonl));
        insta::assert_snapshot!("csv", text(Format::Csv));
    }
}
