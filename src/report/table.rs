//! Tables of costs by what a user asks to see.

use std::borrow::Cow;

use super::figure::{Figure, Row};
use super::layers::{depth_of_a_screen, head as head_of_one};
use super::{Align, By, Column, Grid, Subject, View, conventions, csv, grouped, rows};
use crate::analyse::{Counting, Tree};

/// Why a table can't be made as asked: a sentence and help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub message: String,
    pub help: String,
}

/// What every row of one architecture can show.
const OF_ROWS: &[Figure] = &[
    Figure::Nodes,
    Figure::Params,
    Figure::ParamsShare,
    Figure::Buffers,
    Figure::WeightBytes,
    Figure::Macs,
    Figure::MacsShare,
    Figure::Flops,
    Figure::Convention,
    Figure::Activations,
    Figure::ActivationBytes,
    Figure::PeakMemory,
    Figure::SavedMemory,
    Figure::BytesMoved,
    Figure::Intensity,
    Figure::Latency,
    Figure::LatencyShare,
];

/// What the rows of nodes and blocks can, besides.
const OF_PATHS: &[Figure] =
    &[Figure::Op, Figure::Detail, Figure::Output, Figure::ReceptiveField, Figure::Stride, Figure::Centre];

pub(super) const OF_ARCHS: &[Figure] = &[
    Figure::Inputs,
    Figure::Nodes,
    Figure::Layers,
    Figure::Params,
    Figure::ParamsRatio,
    Figure::Buffers,
    Figure::WeightBytes,
    Figure::Macs,
    Figure::MacsRatio,
    Figure::Flops,
    Figure::Convention,
    Figure::Activations,
    Figure::ActivationBytes,
    Figure::ReceptiveField,
    Figure::Stride,
    Figure::Centre,
    Figure::PeakMemory,
    Figure::SavedMemory,
    Figure::TrainingMemory,
    Figure::BytesMoved,
    Figure::Intensity,
    Figure::Latency,
];

/// A table before it is drawn for people or written for programs.
pub struct Table {
    pub(super) title: String,
    pub(super) head: Vec<String>,
    /// What says which row it is: headings for people and for programs.
    pub(super) keys: Vec<[Cow<'static, str>; 2]>,
    pub(super) figures: Vec<Figure>,
    /// The cells of the keys, for people and for programs, and the row.
    pub(super) rows: Vec<(Vec<[String; 2]>, Row)>,
    /// Whose rules are counted by, too, and what that means, a sentence a line.
    pub(super) counting: Option<Counting>,
    pub(super) foot: Vec<String>,
    /// What shares and ratios are of.
    pub(super) base: Row,
    /// Whether `base` is shown below the others, as what they sum up to.
    pub(super) has_total: bool,
    /// Whether counts of zero are left out.
    pub(super) blank: bool,
}

/// The table of what is asked to see of architectures.
///
/// # Errors
/// Columns that there are not, and rows that only one architecture has.
pub fn table(subjects: &[Subject], view: &View, exact: bool) -> Result<Table, Refused> {
    match (subjects, view.by) {
        ([only], None | Some(By::Op | By::Block | By::Layer)) => one(only, view, exact),
        (several, None | Some(By::Arch)) => archs(several, view, exact),
        (_, Some(By::Op | By::Block | By::Layer)) => Err(Refused {
            message: "`--by` shows the parts of one architecture, and there are several".to_string(),
            help: "name one, as in `net.arch:small`, or write `--format json`, which has the parts of each".to_string(),
        }),
    }
}

fn one(subject: &Subject, view: &View, exact: bool) -> Result<Table, Refused> {
    let report = &subject.report;
    let device = view.device.as_ref();
    let mut head = head_of_one(subject);
    let by = match view.by {
        // Programs get every node where no depth is asked for.
        None if exact && view.depth.is_none() => Some(By::Layer),
        by => by,
    };
    let with_paths: Vec<Figure> = OF_PATHS.iter().chain(OF_ROWS).copied().collect();
    let (possible, key): (&[Figure], [&'static str; 2]) = match by {
        Some(By::Op) => (OF_ROWS, ["op", "op"]),
        Some(By::Block | By::Layer | By::Arch) | None => (&with_paths, ["path", "path"]),
    };
    let usual: &[Figure] = match (by, exact) {
        (Some(By::Op), false) => {
            &[Figure::Nodes, Figure::Params, Figure::Macs, Figure::MacsShare, Figure::Flops, Figure::ActivationBytes]
        }
        (Some(By::Op), true) => {
            &[Figure::Nodes, Figure::Params, Figure::Buffers, Figure::Macs, Figure::Flops, Figure::Activations]
        }
        (_, false) => &[Figure::Op, Figure::Output, Figure::Params, Figure::Macs, Figure::MacsShare],
        (_, true) => &[
            Figure::Op,
            Figure::Detail,
            Figure::Output,
            Figure::Params,
            Figure::Buffers,
            Figure::Macs,
            Figure::Flops,
            Figure::Activations,
        ],
    };
    let rows: Vec<(Vec<[String; 2]>, Row)> = match by {
        Some(By::Op) => rows::ops(report, device).into_iter().map(|(op, row)| (vec![[op.clone(), op]], row)).collect(),
        Some(By::Layer) => {
            rows::layers(report, device).into_iter().map(|(path, row)| (vec![[path.clone(), path]], row)).collect()
        }
        Some(By::Block) => {
            let tree = Tree::new(report);
            let depth = view.depth.unwrap_or_else(|| tree.depth());
            let rows = rows::paths(report, &tree, depth, true, device).into_iter();
            rows.map(|(entry, row)| (vec![[entry.path.to_string(), entry.path.to_string()]], row)).collect()
        }
        Some(By::Arch) | None => {
            let tree = Tree::new(report);
            let depth = view.depth.unwrap_or_else(|| depth_of_a_screen(&tree));
            if depth < tree.depth() {
                head.push(format!("Blocks are summed at depth {depth}; `--depth {}` shows every layer.", tree.depth()));
            }
            let rows = rows::paths(report, &tree, depth, false, device).into_iter();
            rows.map(|(entry, row)| {
                let indented = format!("{}{}", "  ".repeat(entry.depth - 1), entry.name);
                (vec![[indented, entry.path.to_string()]], row)
            })
            .collect()
        }
    };
    let figures = view.figures(usual, possible)?;
    let base =
        Row { what: String::new(), op: String::new(), field: None, arch: None, ..rows::of_subject(subject, view) };
    let title = format!("{} ({})", report.arch, subject.file);
    head.extend(notes(&figures, view));
    Ok(Table {
        title,
        head,
        keys: vec![key.map(Cow::Borrowed)],
        figures,
        rows,
        counting: view.counting,
        foot: convention(view.counting, Some(report.total.counted)),
        base,
        has_total: true,
        blank: true,
    })
}

fn archs(subjects: &[Subject], view: &View, exact: bool) -> Result<Table, Refused> {
    let batch = subjects.first().map_or(1, |first| first.report.batch);
    let mut head = conventions(batch);
    let several_files = subjects.iter().any(|subject| subject.file != subjects[0].file);
    let usual: &[Figure] = match exact {
        false => &[
            Figure::Inputs,
            Figure::Params,
            Figure::ParamsRatio,
            Figure::Macs,
            Figure::MacsRatio,
            Figure::Flops,
            Figure::ActivationBytes,
            Figure::WeightBytes,
        ],
        true => &[
            Figure::Inputs,
            Figure::Params,
            Figure::Buffers,
            Figure::Macs,
            Figure::Flops,
            Figure::Activations,
            Figure::WeightBytes,
            Figure::ParamsRatio,
            Figure::MacsRatio,
        ],
    };
    let figures = view.figures(usual, OF_ARCHS)?;
    if figures.iter().any(|figure| matches!(figure, Figure::ParamsRatio | Figure::MacsRatio)) {
        head.push("Ratios are to the first row.".to_string());
    }
    head.extend(notes(&figures, view));
    let mut keys = vec![["architecture", "name"].map(Cow::Borrowed)];
    if several_files || exact {
        keys.push(["file", "file"].map(Cow::Borrowed));
    }
    let rows: Vec<(Vec<[String; 2]>, Row)> = subjects
        .iter()
        .map(|subject| {
            let mut key = vec![subject.report.arch.to_string(), subject.file.clone()];
            key.truncate(keys.len());
            (key.into_iter().map(|word| [word.clone(), word]).collect(), rows::of_subject(subject, view))
        })
        .collect();
    let count = subjects.len();
    let title = match (several_files, subjects) {
        (_, [only]) => format!("{} ({})", only.report.arch, only.file),
        (true, _) => format!("{count} architectures"),
        (false, several) => format!("{count} architectures of {}", several.first().map_or("", |first| &first.file)),
    };
    let base = rows.first().map_or_else(Row::default, |(_, row)| row.clone());
    let (counting, foot) = (view.counting, convention(view.counting, None));
    Ok(Table { title, head, keys, figures, rows, counting, foot, base, has_total: false, blank: false })
}

/// What the columns mean, a sentence a line.
pub(super) fn notes(figures: &[Figure], view: &View) -> Vec<String> {
    let mut notes: Vec<String> = figures.iter().filter_map(|figure| figure.note()).collect();
    if figures.contains(&Figure::TrainingMemory) {
        notes.push(format!("Optimiser: {}, {} float32 a parameter.", view.optimizer.name(), view.optimizer.states()));
    }
    if let Some(device) = view.device.as_ref().filter(|_| figures.contains(&Figure::Latency)) {
        notes.push(format!("Device: {device}."));
    }
    notes
}

/// What a convention is and, where there is one total, what it comes to; a sentence a line, and nothing of none.
pub fn convention(counting: Option<Counting>, total: Option<u64>) -> Vec<String> {
    let Some(counting) = counting else { return Vec::new() };
    let convention = counting.convention;
    let total = total.map_or(String::new(), |total| format!("{}, ", grouped(total)));
    let mut lines = vec![format!("{}: {total}{}.", convention.name(), convention.source())];
    lines.extend(convention.includes().iter().copied().chain(counting.supposes()).map(str::to_string));
    lines
}

impl Table {
    /// For a terminal or a text file, wrapped at `width` columns where that is given.
    pub fn text(&self, width: Option<u16>) -> String {
        let mut text = self.grid().to_text(width);
        for (index, line) in self.foot.iter().enumerate() {
            let gap = if index == 0 { "\n" } else { "" };
            text.push_str(&format!("{gap}{line}\n"));
        }
        text
    }

    /// A Markdown section.
    pub fn markdown(&self) -> String {
        let mut text = self.grid().to_markdown();
        for (index, line) in self.foot.iter().enumerate() {
            let gap = if index == 0 { "\n" } else { "" };
            text.push_str(&format!("{gap}- {line}\n"));
        }
        text
    }

    /// For people: short numbers, a row of totals.
    pub fn grid(&self) -> Grid {
        let mut columns: Vec<Column> =
            self.keys.iter().map(|[heading, _]| Column { name: heading.clone(), align: Align::Left }).collect();
        columns.extend(self.figures.iter().map(|figure| figure.column(self.counting)));
        let cells = |row: &Row| {
            self.figures.iter().map(|figure| figure.cell(row, &self.base).human(self.blank)).collect::<Vec<_>>()
        };
        let rows = self.rows.iter().map(|(keys, row)| {
            let keys = keys.iter().map(|[human, _]| human.clone());
            keys.chain(cells(row)).collect()
        });
        let total = self.has_total.then(|| {
            let mut total = vec![String::new(); self.keys.len()];
            total[0] = "total".to_string();
            total.extend(cells(&self.base));
            total
        });
        Grid { title: self.title.clone(), head: self.head.clone(), rows: rows.collect(), columns, total }
    }

    /// For programs, as comma-separated values: exact numbers, no total.
    pub fn csv(&self) -> String {
        let keys = self.keys.iter().map(|[_, name]| &**name);
        let header: Vec<&str> = keys.chain(self.figures.iter().map(|figure| figure.name())).collect();
        let rows = self.rows.iter().map(|(keys, row)| {
            let keys = keys.iter().map(|[_, exact]| exact.clone());
            keys.chain(self.figures.iter().map(|figure| figure.cell(row, &self.base).exact())).collect::<Vec<String>>()
        });
        csv::write(&header, rows)
    }
}
