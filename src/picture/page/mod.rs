//! A graph as a page: one HTML file that fetches nothing. It holds the outline as JSON, and a script that draws what is
//! open of it.

use std::collections::HashMap;

use serde::Serialize;

use super::colour::{self, COST_STEPS, Colour, Family, PAPER};
use super::layout::{Item, Layers};
use super::outline::{End, Kind, Outline, PartId};
use super::{svg, words};
use crate::analyse::Sums;
use crate::ir::{Call, Node, NodeId};
use crate::source::{SourceMap, Span};

const SHELL: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const PLACES: &str = include_str!("places.js");

/// The page. `depth` is how many levels of frames are open at first.
pub fn html(outline: &Outline, sources: &SourceMap, colour: Colour, depth: usize) -> String {
    let name = &outline.graph.name;
    let [before, after] = shell(name);
    before + &data(outline, sources, colour, depth) + &after
}

/// What stands before and behind the data of a page.
pub(super) fn shell(name: &str) -> [String; 2] {
    let parts = [
        ("{{name}}", svg::escape(name)),
        ("{{style}}", format!("{}{STYLE}", colours())),
        ("{{script}}", format!("{PLACES}{SCRIPT}")),
    ];
    let page = filled(SHELL, &parts);
    let (before, after) = page.split_once("{{data}}").expect("the page has it, behind all that is filled in");
    [before.to_string(), after.to_string()]
}

/// The data of a page, as it stands in a script.
pub(super) fn data(outline: &Outline, sources: &SourceMap, colour: Colour, depth: usize) -> String {
    let colour = match colour {
        Colour::Op => "op",
        Colour::Cost => "cost",
    };
    let data = Data { depth, colour, ..Data::new(outline, sources) };
    // No text can end the script that holds it.
    serde_json::to_string(&data).expect("it has only text and numbers").replace('<', "\\u003c")
}

/// A text with words in it replaced, each once; what is put in is not looked at again.
pub(super) fn filled(shell: &str, parts: &[(&str, String)]) -> String {
    let mut page = String::new();
    let mut rest = shell;
    for (name, text) in parts {
        let (before, after) = rest.split_once(name).expect("the page has it, in this order");
        page += before;
        page += text;
        rest = after;
    }
    page + rest
}

/// What the script reads; `page.js` says how.
#[derive(Serialize)]
struct Data<'a> {
    name: &'a str,
    depth: usize,
    colour: &'static str,
    root: usize,
    parts: Vec<PartData<'a>>,
    nodes: Vec<NodeData<'a>>,
    sources: Vec<SourceData>,
    legend: Vec<[&'static str; 2]>,
    steps: usize,
}

#[derive(Serialize)]
struct PartData<'a> {
    kind: &'static str,
    title: String,
    line: String,
    path: &'a str,
    block: Option<&'a str>,
    family: &'static str,
    nodes: Vec<usize>,
    children: Vec<usize>,
    ins: Vec<usize>,
    outs: Vec<usize>,
    /// From, to, tensor, and the bends on the way. An end is a letter and a number: `i0`, `c3`, `o0`.
    links: Vec<(String, String, usize, Vec<String>)>,
    rows: Vec<Vec<String>>,
    sums: [u64; 4],
    ops: usize,
}

#[derive(Serialize)]
struct NodeData<'a> {
    path: &'a str,
    op: &'static str,
    detail: String,
    shape: String,
    inputs: Vec<usize>,
    sums: [u64; 4],
    /// A place in `sources`.
    source: usize,
}

/// `net.arch:12`, what stands there, and the block calls that led there. Many nodes have the same.
type SourceData = (String, String, Vec<String>);

fn sums(sums: &Sums) -> [u64; 4] {
    [sums.params, sums.macs, sums.flops, sums.activation_elements]
}

impl<'a> Data<'a> {
    fn new(outline: &'a Outline, sources: &SourceMap) -> Data<'a> {
        // What joined another box is not among what is drawn.
        let mut order = vec![outline.root()];
        let mut at = 0;
        while at < order.len() {
            order.extend(&outline.part(order[at]).children);
            at += 1;
        }
        let number: HashMap<PartId, usize> = order.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        let mut origins = Vec::new();
        let mut known: HashMap<SourceData, usize> = HashMap::new();
        let mut origin = |node: &Node| {
            let (place, code) = place(sources, node.origin.span);
            let data = (place, code, calls(sources, node.origin.call.as_deref()));
            *known.entry(data).or_insert_with_key(|data| {
                origins.push(data.clone());
                origins.len() - 1
            })
        };
        let nodes: Vec<NodeData> = outline
            .graph
            .nodes()
            .map(|(id, node)| NodeData {
                path: &node.path,
                op: node.op.def().name,
                detail: node.op.detail(),
                shape: words::shape(outline.graph, id),
                inputs: numbers(&outline.graph.inputs(id)),
                sums: sums(outline.cost(id)),
                source: origin(node),
            })
            .collect();
        Data {
            name: &outline.graph.name,
            depth: 0,
            colour: "op",
            root: 0,
            parts: order.iter().map(|id| part(outline, *id, &number)).collect(),
            nodes,
            sources: origins,
            legend: Family::ALL.iter().map(|family| [family.class(), family.words()]).collect(),
            steps: COST_STEPS,
        }
    }
}

fn part<'a>(outline: &'a Outline, id: PartId, number: &HashMap<PartId, usize>) -> PartData<'a> {
    let part = outline.part(id);
    let words = words::of(outline, id, 1);
    let layers = Layers::of(part);
    let end = |end: End| match end {
        End::In(index) => format!("i{index}"),
        End::Child(index) => format!("c{index}"),
        End::Out(index) => format!("o{index}"),
    };
    let links = part.links.iter().zip(&layers.bends).map(|(link, bends)| {
        let bends = bends.iter().map(|bend| format!("b{bend}")).collect();
        (end(link.from), end(link.to), link.tensor.index(), bends)
    });
    let item = |item: &Item| match item {
        Item::Port(port) => end(*port),
        Item::Bend(index) => format!("b{index}"),
    };
    PartData {
        kind: match part.kind {
            Kind::Box => "box",
            Kind::Output(_) => "output",
            Kind::Block => "block",
            Kind::Repeat => "repeat",
        },
        title: words.title,
        line: words.line,
        path: &part.path,
        block: part.block.as_deref(),
        family: Family::of_part(outline, part).class(),
        nodes: numbers(&part.nodes),
        children: part.children.iter().map(|child| number[child]).collect(),
        ins: numbers(&part.ins),
        outs: numbers(&part.outs),
        links: links.collect(),
        rows: layers.rows.iter().map(|row| row.iter().map(item).collect()).collect(),
        sums: sums(&part.sums),
        ops: part.ops,
    }
}

fn numbers(nodes: &[NodeId]) -> Vec<usize> {
    nodes.iter().map(|node| node.index()).collect()
}

/// `net.arch:12`, and what stands there.
fn place(sources: &SourceMap, span: Span) -> (String, String) {
    const SHOWN: usize = 160;
    let file = sources.file(span.file);
    let (line, _) = file.line_column(span.start);
    let code = file.text.lines().nth(line - 1).unwrap_or_default().trim();
    (format!("{}:{line}", file.name), code.chars().take(SHOWN).collect())
}

/// The block calls from the innermost outwards.
fn calls(sources: &SourceMap, mut call: Option<&Call>) -> Vec<String> {
    const SHOWN: usize = 8;
    let mut calls = Vec::new();
    while let Some(inner) = call.filter(|_| calls.len() < SHOWN) {
        calls.push(format!("{} at {}", inner.block, place(sources, inner.span).0));
        call = inner.parent.as_deref();
    }
    calls
}

/// The colours of both papers as rules: dark where the page is dark, which its `data-theme` or else the system says.
pub(super) fn colours() -> String {
    let rules = |paper: usize, prefix: &str| {
        let [back, ink, faint, frame, inside] = PAPER[paper];
        let mut rules = format!(
            "{prefix} {{ --paper: {back}; --ink: {ink}; --faint: {faint}; --frame: {frame}; --inside: {inside}; color-scheme: {} }}\n",
            if paper == 0 { "light" } else { "dark" }
        );
        for family in Family::ALL {
            let [fill, stroke] = family.colours()[paper];
            rules += &format!("{prefix} .{} {{ fill: {fill}; stroke: {stroke} }}\n", family.class());
        }
        for step in 0..COST_STEPS {
            let [fill, stroke] = &colour::cost_colours(step)[paper];
            rules += &format!("{prefix} .cost{step} {{ fill: {fill}; stroke: {stroke} }}\n");
        }
        rules
    };
    format!(
        "{}@media (prefers-color-scheme: dark) {{\n{}}}\n{}",
        rules(0, ":root"),
        rules(1, ":root:not([data-theme=light])"),
        rules(1, ":root[data-theme=dark]")
    )
}
