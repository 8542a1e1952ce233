//! A graph in the language of Graphviz: frames are clusters.

use std::fmt::Write;

use super::colour::{Colour, Family, cost_colours, cost_step};
use super::layout::Shown;
use super::outline::{End, Kind, Link, Outline, PartId};
use super::words;

/// The picture as a `.dot` file, on light paper.
pub fn dot(outline: &Outline, shown: Shown, colour: Colour) -> String {
    let mut text = format!("digraph {} {{\n", quoted(&outline.graph.name));
    text.push_str("  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=11];\n");
    text.push_str("  edge [fontname=\"Helvetica\", fontsize=9, color=\"#5b6675\"];\n");
    text.push_str("  graph [fontname=\"Helvetica\", fontsize=11, style=rounded, color=\"#aab4c0\"];\n");
    let mut writer = Writer { outline, unfold: shown.unfold, colour, text };
    writer.inside(outline.root(), shown.depth + 1, 1);
    writer.text + "}\n"
}

struct Writer<'a> {
    outline: &'a Outline<'a>,
    unfold: bool,
    colour: Colour,
    text: String,
}

/// A way into a part or out of it: the box that is first or last on it.
type Ends = Vec<PartId>;

impl Writer<'_> {
    /// Writes a part; the boxes that take its operands, and those that give its results. `level` is the indent.
    fn part(&mut self, id: PartId, depth: usize, level: usize, times: usize) -> (Vec<Ends>, Ends) {
        let part = self.outline.part(id);
        match part.kind {
            Kind::Repeat if !self.unfold => self.part(part.children[0], depth, level, times * part.children.len()),
            Kind::Block if depth > 0 => self.cluster(id, depth - 1, level, times),
            Kind::Repeat => self.cluster(id, depth, level, times),
            Kind::Box | Kind::Output(_) | Kind::Block => {
                let words = words::of(self.outline, id, times);
                let label =
                    if words.line.is_empty() { words.title } else { format!("{}\n{}", words.title, words.line) };
                let [[fill, border], _] = match (self.colour, Family::of_part(self.outline, part)) {
                    (Colour::Op, family) => family.colours().map(|pair| pair.map(str::to_string)),
                    (Colour::Cost, Family::Port) => Family::Port.colours().map(|pair| pair.map(str::to_string)),
                    (Colour::Cost, _) => cost_colours(cost_step(self.outline, part, times)),
                };
                let indent = "  ".repeat(level);
                let _ = writeln!(
                    self.text,
                    "{indent}n{} [label={}, fillcolor=\"{fill}\", color=\"{border}\"];",
                    id.0,
                    quoted(&label)
                );
                (vec![vec![id]; part.ins.len()], vec![id; part.outs.len()])
            }
        }
    }

    fn cluster(&mut self, id: PartId, depth: usize, level: usize, times: usize) -> (Vec<Ends>, Ends) {
        let words = words::of(self.outline, id, times);
        let indent = "  ".repeat(level);
        let label = if words.line.is_empty() { words.title } else { format!("{}\n{}", words.title, words.line) };
        let _ = writeln!(self.text, "{indent}subgraph cluster_{} {{\n{indent}  label={};", id.0, quoted(&label));
        let ends = self.inside(id, depth, level + 1);
        let _ = writeln!(self.text, "{indent}}}");
        ends
    }

    fn inside(&mut self, id: PartId, depth: usize, level: usize) -> (Vec<Ends>, Ends) {
        let part = self.outline.part(id);
        let depth = if id == self.outline.root() { depth - 1 } else { depth };
        let children: Vec<(Vec<Ends>, Ends)> =
            part.children.iter().map(|child| self.part(*child, depth, level, 1)).collect();
        let (mut ins, mut outs) = (vec![Vec::new(); part.ins.len()], Vec::new());
        for link in &part.links {
            match (link.from, link.to) {
                (End::In(operand), End::Child(_)) => ins[operand].extend(self.enters(id, link, &children)),
                (End::Child(_), End::Out(_)) => outs.extend(self.leaves(id, link, &children)),
                (End::Child(_), End::Child(_)) => {
                    let shape = words::shape(self.outline.graph, link.tensor);
                    if let Some(from) = self.leaves(id, link, &children) {
                        for to in self.enters(id, link, &children) {
                            let indent = "  ".repeat(level);
                            let _ = writeln!(self.text, "{indent}n{} -> n{} [label={}];", from.0, to.0, quoted(&shape));
                        }
                    }
                }
                (End::In(_) | End::Out(_), _) | (End::Child(_), End::In(_)) => {}
            }
        }
        (ins, outs)
    }

    fn enters(&self, id: PartId, link: &Link, children: &[(Vec<Ends>, Ends)]) -> Ends {
        let End::Child(child) = link.to else { return Vec::new() };
        let part = self.outline.part(self.outline.part(id).children[child]);
        let operand = part.ins.iter().position(|tensor| *tensor == link.tensor).unwrap_or(0);
        children[child].0.get(operand).cloned().unwrap_or_default()
    }

    fn leaves(&self, id: PartId, link: &Link, children: &[(Vec<Ends>, Ends)]) -> Option<PartId> {
        let End::Child(child) = link.from else { return None };
        let part = self.outline.part(self.outline.part(id).children[child]);
        let result = part.outs.iter().position(|tensor| *tensor == link.tensor).unwrap_or(0);
        children[child].1.get(result).copied()
    }
}

/// A text as DOT writes it, with line breaks.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {}
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
