//! What differs between architectures: tables for people, plain, in colour and as Markdown, and JSON.

mod fold;
mod json;
mod rows;

pub use json::json;

use fold::{Row, fold};

use super::numbers::{bytes, counted, grouped, percent, short, signed};
use super::{Column, Grid, convention};
use crate::analyse::{Counting, Sums};
use crate::diff::{Diff, Kind};

/// Two files, and what differs between their architectures.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The names of the files.
    pub before: String,
    pub after: String,
    /// Whose rules costs are counted by, too.
    pub counting: Option<Counting>,
    /// Architectures that the second file alone has, with their costs.
    pub added: Vec<(String, Sums)>,
    /// Architectures that the first file alone has.
    pub removed: Vec<(String, Sums)>,
    /// Those of both, in the second file's order.
    pub archs: Vec<Diff>,
}

impl Compared {
    pub fn is_same(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.archs.iter().all(Diff::is_empty)
    }
}

/// How tables look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub markdown: bool,
    pub colour: bool,
    /// Whether every row is shown, and what follows from changes path by path rather than op by op.
    pub all: bool,
    /// The columns that text may take.
    pub width: Option<u16>,
}

/// The most rows of a table where not all are asked for.
const SHOWN: usize = 40;

/// All that differs, as a table each of totals, changes, what follows from them, and renames.
pub fn tables(compared: &Compared, look: Look) -> String {
    let mut parts = Vec::new();
    for diff in compared.archs.iter().filter(|diff| !diff.is_empty()) {
        parts.push(draw(&totals(compared, diff), look));
        parts.extend(sections(diff, compared.counting, look.all).iter().map(|grid| draw(grid, look)));
    }
    let alone = alone(compared);
    if !alone.rows.is_empty() {
        parts.push(draw(&alone, look));
    }
    let same: Vec<&Diff> = compared.archs.iter().filter(|diff| diff.is_empty()).collect();
    if !same.is_empty() {
        parts.push(same_line(compared, &same));
    }
    let told = convention(compared.counting, None);
    if !told.is_empty() && !compared.is_same() {
        let mark = if look.markdown { "- " } else { "" };
        parts.push(told.iter().map(|line| format!("{mark}{line}\n")).collect());
    }
    parts.join("\n")
}

/// `net (old.arch) -> net (new.arch)` and its figures.
fn totals(compared: &Compared, diff: &Diff) -> Grid {
    let (before, after) = (&diff.before.sums, &diff.after.sums);
    let row = |name: &str, figure: fn(&Sums) -> u64, shown: fn(u64) -> String| {
        let (x, y) = (figure(before), figure(after));
        let delta = i128::from(y) - i128::from(x);
        vec![name.to_string(), shown(x), shown(y), signed(delta, shown), percent(delta, x)]
    };
    Grid {
        title: format!("{} ({}) -> {} ({})", diff.before.arch, compared.before, diff.after.arch, compared.after),
        head: Vec::new(),
        columns: vec![
            Column::left("figure"),
            Column::right("before"),
            Column::right("after"),
            Column::right("change"),
            Column::right("percent"),
        ],
        rows: [
            Some(row("params", |sums| sums.params, grouped)),
            Some(row("MACs", |sums| sums.macs, grouped)),
            Some(row("FLOPs", |sums| sums.flops, grouped)),
            compared.counting.map(|counting| row(counting.convention.name(), |sums| sums.counted, grouped)),
            Some(row("activations", Sums::activation_bytes, bytes)),
            Some(row("weights", Sums::weight_bytes, bytes)),
        ]
        .into_iter()
        .flatten()
        .collect(),
        total: None,
    }
}

fn sections(diff: &Diff, counting: Option<Counting>, all: bool) -> Vec<Grid> {
    let changed = |kind: Kind| matches!(kind, Kind::Added | Kind::Removed | Kind::Changed);
    let changes = fold(rows::changes(diff), |unit| unit.what.clone());
    let consequences = match all {
        true => fold(rows::resized(diff), |unit| format!("{} {}", unit.what, unit.output)),
        false => fold::by_what(rows::resized(diff)),
    };
    let places = diff.entries.iter().filter(|entry| changed(entry.kind())).count();
    let resized = diff.entries.iter().filter(|entry| entry.kind() == Kind::Resized).count();
    let mut sections = Vec::new();
    if !changes.is_empty() {
        sections.push(costs(format!("Changes: {}", counted(places as u64, "node")), changes, counting, all));
    }
    if !consequences.is_empty() {
        let title = format!("What follows, in shapes and costs alone: {}", counted(resized as u64, "node"));
        sections.push(costs(title, consequences, counting, all));
    }
    sections.extend(rows::renames(diff, all));
    sections.extend(rows::outputs(diff));
    sections
}

/// A table of changes with what each costs.
fn costs(title: String, rows: Vec<Row>, counting: Option<Counting>, all: bool) -> Grid {
    let shown = if all { rows.len() } else { SHOWN };
    let more = rows.len().saturating_sub(shown);
    let head = (more > 0).then(|| format!("The first {shown} rows of {}; `--all` shows all.", rows.len()));
    let signs = rows.iter().any(|row| row.kind != Kind::Resized);
    let mut columns = vec![
        Column::left("where"),
        Column::left("what"),
        Column::left("output"),
        Column::right("params"),
        Column::right("MACs"),
        Column::right("activations"),
    ];
    columns.extend(counting.map(|counting| Column::right(counting.convention.name())));
    if signs {
        columns.insert(0, Column::left(" "));
    }
    let cells = |row: Row| {
        let sign = signs.then(|| rows::sign(row.kind).to_string());
        let cells = [
            row.paths(),
            format!("{}{}", row.what, row.places()),
            row.output.unwrap_or_default(),
            signed(row.delta.params, grouped),
            signed(row.delta.macs, short),
            signed(row.delta.activation_bytes, bytes),
        ];
        let counted = counting.map(|_| signed(row.delta.counted, grouped));
        sign.into_iter().chain(cells).chain(counted).collect()
    };
    let rows = rows.into_iter().take(shown).map(cells).collect();
    Grid { title, head: head.into_iter().collect(), columns, rows, total: None }
}

/// Architectures that one file alone has.
fn alone(compared: &Compared) -> Grid {
    let row = |sign: &str, file: &str, (name, sums): &(String, Sums)| {
        vec![sign.to_string(), name.clone(), format!("only in {file}"), grouped(sums.params), short(sums.macs)]
    };
    let removed = compared.removed.iter().map(|arch| row("-", &compared.before, arch));
    let added = compared.added.iter().map(|arch| row("+", &compared.after, arch));
    Grid {
        title: "Architectures of one side".to_string(),
        head: Vec::new(),
        columns: vec![
            Column::left(" "),
            Column::left("architecture"),
            Column::left("where"),
            Column::right("params"),
            Column::right("MACs"),
        ],
        rows: removed.chain(added).collect(),
        total: None,
    }
}

fn same_line(compared: &Compared, same: &[&Diff]) -> String {
    let names: Vec<String> = same
        .iter()
        .map(|diff| match diff.before.arch == diff.after.arch {
            true => diff.after.arch.to_string(),
            false => format!("{} and {}", diff.before.arch, diff.after.arch),
        })
        .collect();
    format!("The same in {} and {}: {}\n", compared.before, compared.after, names.join(", "))
}

fn draw(grid: &Grid, look: Look) -> String {
    if look.markdown {
        return grid.to_markdown();
    }
    let text = grid.to_text(look.width);
    if look.colour { coloured(&text) } else { text }
}

/// Rows after their sign, red, green or yellow; lines that a narrow screen wraps go on in their row's colour.
fn coloured(text: &str) -> String {
    let mut shown = String::new();
    let mut colour = "";
    for (index, line) in text.lines().enumerate() {
        let mut bytes = line.bytes();
        colour = match (bytes.next(), bytes.next()) {
            (Some(b'+'), Some(b' ')) => "32",
            (Some(b'-'), Some(b' ')) => "31",
            (Some(b'~'), Some(b' ')) => "33",
            (Some(b' '), _) if index > 0 => colour,
            _ => "",
        };
        match (index, colour) {
            (0, _) => shown.push_str(&format!("\x1b[1m{line}\x1b[0m\n")),
            (_, "") => shown.push_str(&format!("{line}\n")),
            (_, colour) => shown.push_str(&format!("\x1b[{colour}m{line}\x1b[0m\n")),
        }
    }
    shown
}
