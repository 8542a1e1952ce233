//! What is written on boxes, frames and links.

use super::font::{self, Weight};
use super::outline::{Kind, Outline, Part, PartId};
use crate::ir::{Graph, NodeId};
use crate::ops::Operands;
use crate::report;

/// The font size of titles, of the line below, and of shapes.
pub const TITLE_SIZE: f64 = 12.0;
pub const LINE_SIZE: f64 = 10.0;
pub const SHAPE_SIZE: f64 = 9.5;

/// Longer texts are cut, so that no box is wider than a page.
const MAX_CHARS: usize = 48;

/// The words of a box or frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// What it is: `conv 3x3, stride 2`, `bottleneck ×6`.
    pub title: String,
    /// Its name, and what else is in it: `conv1 · bn · relu`. May be empty.
    pub line: String,
}

impl Words {
    pub fn width(&self) -> f64 {
        let title = font::width(&self.title, TITLE_SIZE, Weight::SemiBold);
        title.max(font::width(&self.line, LINE_SIZE, Weight::Regular))
    }

    /// The height of a box with these words.
    pub fn height(&self) -> f64 {
        if self.line.is_empty() { 26.0 } else { 38.0 }
    }
}

/// The words of a part that stands for `times` parts.
pub fn of(outline: &Outline, id: PartId, times: usize) -> Words {
    let part = outline.part(id);
    let times = if times > 1 { format!(" ×{times}") } else { String::new() };
    let (title, line) = match &part.kind {
        Kind::Output(name) => (name.to_string(), String::new()),
        Kind::Box => boxed(outline, part),
        Kind::Repeat => {
            let what = part.block.as_deref().unwrap_or_else(|| last(&part.path)).to_string();
            (format!("{what} ×{}", part.children.len()), String::new())
        }
        Kind::Block => {
            let what = part.block.as_deref().unwrap_or_else(|| named(&part.path)).to_string();
            let line = if part.block.is_some() { part.path.to_string() } else { String::new() };
            (what, line)
        }
    };
    Words { title: cut(&title) + &times, line: cut(&line) }
}

fn boxed(outline: &Outline, part: &Part) -> (String, String) {
    let Some(main) = outline.main(part) else { return (part.path.to_string(), String::new()) };
    let node = outline.graph.node(main);
    let short = |id: &NodeId| outline.graph.node(*id).op.def().short.to_string();
    let detail = node.op.detail();
    let title = match (node.op.def().operands, detail.is_empty()) {
        (Operands::Input, _) => return (node.path.to_string(), String::new()),
        (_, true) => node.op.def().name.to_string(),
        (_, false) => format!("{} {detail}", node.op.def().name),
    };
    let name = last(&part.path).to_string();
    let others = part.nodes.iter().filter(|id| **id != main).map(short);
    (title, std::iter::once(name).chain(others).collect::<Vec<_>>().join(" · "))
}

/// The shape of a tensor: `64x112x112`.
pub fn shape(graph: &Graph, tensor: NodeId) -> String {
    cut(&report::shape(graph.node(tensor).output.shape()))
}

/// How wide a shape is on a link.
pub fn label_width(text: &str) -> f64 {
    font::width(text, SHAPE_SIZE, Weight::Regular)
}

/// The last part of a path.
pub fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The end of a path from the last part on that is no number.
fn named(path: &str) -> &str {
    let numbers = path.rsplit('.').take_while(|part| part.bytes().all(|byte| byte.is_ascii_digit())).count();
    match path.rmatch_indices('.').nth(numbers) {
        Some((at, _)) => &path[at + 1..],
        None => path,
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        None => text.to_string(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
