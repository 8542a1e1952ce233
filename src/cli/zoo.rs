//! `archc zoo`: the architectures built into archc.

use std::io::Write;

use super::console::{Console, Exit, Failure};
use crate::analyse::analyse;
use crate::diagnostic::Diagnostics;
use crate::expand::{Program, Settings};
use crate::report::{Column, Grid, grouped, short};
use crate::source::SourceMap;

/// List the built-in architectures, or show the source of one
///
/// `zoo:NAME` means a built-in architecture wherever a FILE is wanted.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ZooArgs {
    /// An architecture or a family: print the text of its file
    name: Option<String>,
    /// `table` is for people, `md` for documents
    #[arg(long, value_enum, default_value_t = Format::Table, conflicts_with = "name")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Md,
}

const EXAMPLES: &str = "\
Examples:
  archc zoo                            what there is
  archc zoo resnet50 > mine.arch       start from a file of the zoo
  archc stats zoo:resnet50             use one where a FILE is wanted";

/// Prints the list, or the text of one file.
///
/// # Errors
/// There is no such architecture, or standard output can't be written.
pub fn zoo(args: &ZooArgs, console: &mut Console) -> Result<Exit, Failure> {
    let mut sources = SourceMap::new();
    let Some(name) = &args.name else {
        return list(&mut sources, args.format, console);
    };
    match sources.open_target(&format!("zoo:{name}")) {
        Ok(target) => {
            console.out().write_all(sources.file(target.file).text.as_bytes())?;
            Ok(Exit::Fine)
        }
        Err(diagnostic) => Ok(console.report_one(diagnostic, &sources)),
    }
}

fn list(sources: &mut SourceMap, format: Format, console: &mut Console) -> Result<Exit, Failure> {
    let mut grid = Grid {
        title: "The architectures built into archc".to_string(),
        head: vec![
            "`archc stats zoo:NAME` counts one, `archc zoo NAME` prints its source.".to_string(),
            "MACs: multiply-accumulates for one image of the default size.".to_string(),
        ],
        columns: vec![
            Column::left("name"),
            Column::left("file"),
            Column::right("params"),
            Column::right("MACs"),
            Column::left("about"),
        ],
        rows: Vec::new(),
        total: None,
    };
    for (family, _) in SourceMap::zoo() {
        let Ok(target) = sources.open_target(&format!("zoo:{family}")) else {
            unreachable!("`{family}` is the name of a family");
        };
        let program = Program::load(sources, target.file, &mut Diagnostics::new());
        for arch in program.archs().iter().filter(|arch| arch.is_complete()) {
            let graph = program.expand(sources, &arch.name, &Settings::default(), &mut Diagnostics::new());
            let (params, macs) = match graph.and_then(|graph| analyse(&graph).ok()) {
                Some(report) => (grouped(report.total.params), short(report.total.macs)),
                None => (String::new(), String::new()),
            };
            let file = sources.file(target.file).name.clone();
            grid.rows.push(vec![arch.name.to_string(), file, params, macs, first_sentence(&arch.doc)]);
        }
    }
    let text = match format {
        Format::Table => grid.to_text(console.table_width()),
        Format::Md => grid.to_markdown(),
    };
    console.out().write_all(text.as_bytes())?;
    Ok(Exit::Fine)
}

/// The first sentence of a text, on one line. Dots in parentheses, as in "(He et al. 2015)", end none.
fn first_sentence(text: &str) -> String {
    let paragraph = text.split("\n\n").next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    let mut open = 0;
    for (at, letter) in paragraph.char_indices() {
        match letter {
            '(' => open += 1,
            ')' => open -= 1,
            '.' if open == 0 && paragraph[at + 1..].starts_with(' ') => return paragraph[..at].to_string(),
            _ => {}
        }
    }
    paragraph.trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::first_sentence;

    #[test]
    fn a_sentence_ends_outside_parentheses() {
        let text = "ResNet-50 (He et al. 2015,\n\"Deep ...\"), version 1.5: as is. More.\n\nStill more.";
        assert_eq!(first_sentence(text), "ResNet-50 (He et al. 2015, \"Deep ...\"), version 1.5: as is");
        assert_eq!(first_sentence("One."), "One");
        assert_eq!(first_sentence(""), "");
    }
}
