//! `archc weights ls`: what a weights file holds.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::console::{Console, Exit, Failure, counted};
use crate::report::{Column, Grid, bytes, grouped};
use crate::source::SourceMap;
use crate::weights::{Entry, WeightSource, WeightsFile};

/// List the tensors of a weights file
///
/// In the file's order, with their shapes, types and sizes. Values are not read. The exit code is 0, or 2 when the file
/// can't be read.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct LsArgs {
    /// A safetensors file or a PyTorch checkpoint
    file: PathBuf,
    /// `table` is for people; `json` and `csv` have exact numbers
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
}

const EXAMPLES: &str = "\
Examples:
  archc weights ls resnet50.safetensors
  archc weights ls checkpoint.pth | grep running
  archc weights ls net.pth --format json | jq '.tensors[].name'
  archc weights ls net.pth --format csv > tensors.csv";

/// Prints the list to standard output.
///
/// # Errors
/// Standard output can't be written.
pub fn ls(args: &LsArgs, console: &mut Console) -> Result<Exit, Failure> {
    let file = match WeightsFile::open(&args.file) {
        Ok(file) => file,
        Err(diagnostic) => {
            console.report_one(diagnostic, &SourceMap::new());
            return Ok(Exit::Usage);
        }
    };
    for note in file.notes() {
        console.note(format!("note: {note}"));
    }
    let listing = Listing::new(&file);
    match args.format {
        Format::Table => {
            let width = console.table_width();
            console.out().write_all(listing.table().to_text(width).as_bytes())?;
        }
        Format::Json => {
            serde_json::to_writer(console.out(), &listing).map_err(std::io::Error::from)?;
            writeln!(console.out())?;
        }
        Format::Csv => listing.csv(console.out())?,
    }
    Ok(Exit::Fine)
}

/// What is printed; `docs/weights.md` describes the JSON.
#[derive(Serialize)]
struct Listing<'a> {
    file: &'a str,
    format: &'static str,
    elements: u64,
    bytes: u64,
    tensors: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    shape: Vec<usize>,
    dtype: String,
    elements: u64,
    bytes: u64,
}

impl<'a> Listing<'a> {
    fn new(file: &'a WeightsFile) -> Listing<'a> {
        let row = |name: String| {
            let entry: &Entry = &file.tensors()[&name];
            Row {
                shape: entry.shape.clone(),
                dtype: entry.dtype.to_string(),
                elements: entry.elements() as u64,
                bytes: entry.bytes() as u64,
                name,
            }
        };
        let tensors: Vec<Row> = file.order().into_iter().map(row).collect();
        // A tensor can be a view of what others hold, so sums may be larger than the file.
        let sum = |of: fn(&Row) -> u64| tensors.iter().map(of).fold(0, u64::saturating_add);
        Listing {
            file: file.name(),
            format: file.format().name(),
            elements: sum(|row| row.elements),
            bytes: sum(|row| row.bytes),
            tensors,
        }
    }

    fn table(&self) -> Grid {
        let row = |row: &Row| {
            vec![row.name.clone(), shape(&row.shape), row.dtype.clone(), grouped(row.elements), bytes(row.bytes)]
        };
        Grid {
            title: self.file.to_string(),
            head: vec![format!("{}, {}.", self.format, counted(self.tensors.len(), "tensor"))],
            columns: vec![
                Column::left("name"),
                Column::left("shape"),
                Column::left("type"),
                Column::right("elements"),
                Column::right("bytes"),
            ],
            rows: self.tensors.iter().map(row).collect(),
            total: Some(vec![
                "total".to_string(),
                String::new(),
                String::new(),
                grouped(self.elements),
                bytes(self.bytes),
            ]),
        }
    }

    fn csv(&self, out: &mut impl Write) -> Result<(), Failure> {
        let mut table = csv::Writer::from_writer(Vec::new());
        let mut record = |cells: [&str; 5]| table.write_record(cells).map_err(std::io::Error::other);
        record(["name", "shape", "dtype", "elements", "bytes"])?;
        for row in &self.tensors {
            let (elements, bytes) = (row.elements.to_string(), row.bytes.to_string());
            record([&row.name, &crate::report::shape(&row.shape), &row.dtype, &elements, &bytes])?;
        }
        let text = table.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
        out.write_all(&text)?;
        Ok(())
    }
}

/// `64x3x7x7`; `-` for a tensor of one number without dimensions.
fn shape(shape: &[usize]) -> String {
    if shape.is_empty() { "-".to_string() } else { crate::report::shape(shape) }
}
