//! Where an architecture's cost is: bars of its stages.

use std::fmt::Write;

use super::Compared;
use crate::analyse::{Counting, Sums};
use crate::picture::font::{self, Weight};
use crate::picture::outline::{Kind, Outline, PartId};
use crate::picture::svg::escape;
use crate::picture::words;
use crate::report::{Figure, counted, short};

/// A part with more than this share of the MACs is not a stage but what stages are in.
const MOST: f64 = 0.85;
/// A repetition of more parts than this is one stage, however much of the network it is.
const MOST_PARTS: usize = 40;
/// Parts with less than this share of all costs belong to the stage before them.
const LEAST: f64 = 0.004;
/// The size of the names, as the page's style has it, and the length of a whole bar on a page of usual width.
const TEXT: f64 = 10.5;
const LENGTH: f64 = 900.0;

struct Stage {
    name: String,
    path: String,
    sums: Sums,
    /// How many small parts behind it are counted with it.
    behind: u64,
}

/// What a bar is of, and how to count it.
type Bar = (Figure, fn(&Sums) -> u64);

const BARS: [Bar; 3] = [
    (Figure::Macs, |sums| sums.macs),
    (Figure::Params, |sums| sums.params),
    (Figure::Activations, |sums| sums.activation_elements),
];

/// The bar of what a convention counts, where one is asked for.
const COUNTED: Bar = (Figure::Convention, |sums| sums.counted);

/// The bars of one architecture, which are as long as its share of the most among those compared.
pub fn bars(one: &Compared, compared: &[Compared], counting: Option<Counting>) -> String {
    let stages = stages(&one.outline);
    let mut html = format!("<section class=\"stages\"><h3>{}</h3>\n", escape(&one.outline.graph.name));
    for (figure, count) in BARS.into_iter().chain(counting.map(|_| COUNTED)) {
        let name = figure.words(counting);
        let whole = count(&one.report.total);
        let most = compared.iter().map(|other| count(&other.report.total)).max().unwrap_or(0);
        let _ = write!(
            html,
            "<div class=\"bar\"><span>{name} <b>{}</b></span><div class=\"way\"><div class=\"length\" style=\"--share: {:.3}%\">",
            short(whole),
            100.0 * share(whole, most)
        );
        for (index, stage) in stages.iter().enumerate() {
            let part = count(&stage.sums);
            if part > 0 {
                html += &segment(stage, index % 12, part, share(part, whole), name);
            }
        }
        html += "</div></div></div>\n";
    }
    html + "</section>\n"
}

/// A piece of a bar. Its name stands on it where there is room.
fn segment(stage: &Stage, colour: usize, part: u64, share: f64, figure: &str) -> String {
    let room = share * LENGTH - 8.0;
    let text = if font::width(&stage.name, TEXT, Weight::Regular) < room { escape(&stage.name) } else { String::new() };
    let behind = match stage.behind {
        0 => String::new(),
        behind => format!(", with {} behind it", counted(behind, "small part")),
    };
    format!(
        "<i class=\"c{colour}\" style=\"width: {percent:.3}%\" title=\"{path}{behind}: {} {figure}, {percent:.1} %\">{text}</i>",
        short(part),
        path = escape(&stage.path),
        percent = 100.0 * share
    )
}

/// The outermost parts, or those in the one that is nearly all of it.
fn stages(outline: &Outline) -> Vec<Stage> {
    let mut parts: Vec<PartId> = outline.part(outline.root()).children.clone();
    while let Some(large) = parts.iter().position(|id| is_most(outline, *id)) {
        let inside = outline.part(parts[large]).children.iter().copied();
        parts.splice(large..=large, inside);
    }
    let total = outline.part(outline.root()).sums;
    let mut stages: Vec<Stage> = Vec::new();
    for id in parts {
        let part = outline.part(id);
        let largest = BARS.iter().map(|(_, count)| share(count(&part.sums), count(&total))).fold(0.0, f64::max);
        if largest == 0.0 {
            continue;
        }
        match stages.last_mut().filter(|_| largest < LEAST) {
            Some(last) => {
                last.sums.add_part(&part.sums);
                last.behind += 1;
            }
            None => stages.push(Stage { name: name(outline, id), path: path(outline, id), sums: part.sums, behind: 0 }),
        }
    }
    stages
}

fn is_most(outline: &Outline, id: PartId) -> bool {
    let part = outline.part(id);
    let can_be_split = match part.kind {
        Kind::Block => !part.children.is_empty(),
        Kind::Repeat => part.children.len() <= MOST_PARTS,
        Kind::Box | Kind::Output(_) => false,
    };
    can_be_split && share(part.sums.macs, outline.part(outline.root()).sums.macs) > MOST
}

/// `layer1`; for a mere number what it is: `inception_a ×4`, `conv 3x3`.
fn name(outline: &Outline, id: PartId) -> String {
    let part = outline.part(id);
    let last = words::last(&part.path);
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
    if is_number || part.kind == Kind::Repeat { words::of(outline, id, 1).title } else { last.to_string() }
}

/// Its path, with the last of a repetition: `features.6 to features.9`.
fn path(outline: &Outline, id: PartId) -> String {
    let part = outline.part(id);
    match part.children.last().filter(|_| part.kind == Kind::Repeat) {
        Some(last) => format!("{} to {}", part.path, outline.part(*last).path),
        None => part.path.to_string(),
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
