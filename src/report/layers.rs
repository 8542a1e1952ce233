//! One architecture, as the tree of its block paths.

use super::numbers::{bytes, grouped, shape, share, short};
use super::{Column, Grid, Subject, conventions};
use crate::analyse::{Entry, Port, Report, Sums, Tree};

/// How many rows a tree has at most where its depth is left open, if that is possible.
pub const ROWS_OF_A_SCREEN: usize = 40;

const COLUMNS: [Column; 6] = [
    Column::left("path"),
    Column::left("op"),
    Column::left("output"),
    Column::right("params"),
    Column::right("MACs"),
    Column::right("MACs %"),
];

/// The tree down to paths of `depth` parts. Left open, it goes as deep as fits a screen.
pub fn layers(subject: &Subject, depth: Option<usize>) -> Grid {
    let report = &subject.report;
    let tree = Tree::new(report);
    let depth = depth.unwrap_or_else(|| depth_of_a_screen(&tree));
    let total = &report.total;
    let rows = tree.walk(depth).into_iter().map(|entry| {
        let name = format!("{}{}", "  ".repeat(entry.depth - 1), entry.name);
        row(name, op(report, &tree, entry), shape(&report.nodes[entry.last].output), &entry.sums, total)
    });
    let mut head = vec![
        format!("{} -> {}", ports(&report.inputs), ports(&report.outputs)),
        format!(
            "{} parameters, {} buffers, {} of weights",
            grouped(total.params),
            grouped(total.buffers),
            bytes(total.weight_bytes())
        ),
        format!(
            "{} MACs, {} FLOPs, {} activation elements ({})",
            grouped(total.macs),
            grouped(total.flops),
            grouped(total.activation_elements),
            bytes(total.activation_bytes())
        ),
    ];
    head.extend(conventions(report.batch));
    if depth < tree.depth() {
        head.push(format!("Blocks are summed at depth {depth}; `--depth {}` shows every layer.", tree.depth()));
    }
    Grid {
        title: format!("{} ({})", report.arch, subject.file),
        head,
        columns: COLUMNS.to_vec(),
        rows: rows.collect(),
        total: Some(row("total".to_string(), String::new(), String::new(), total, total)),
    }
}

fn row(name: String, op: String, output: String, sums: &Sums, total: &Sums) -> Vec<String> {
    let count = |number: u64, shown: fn(u64) -> String| if number == 0 { String::new() } else { shown(number) };
    vec![name, op, output, count(sums.params, grouped), count(sums.macs, short), share(sums.macs, total.macs)]
}

/// What stands at a path: a block, an op and what sets it apart, or how many calls of one block.
pub(super) fn op(report: &Report, tree: &Tree, entry: &Entry) -> String {
    if let Some(block) = &entry.block {
        return block.to_string();
    }
    if let Some(place) = entry.nodes.last() {
        let node = &report.nodes[*place];
        return format!("{} {}", node.op, node.detail).trim_end().to_string();
    }
    let mut blocks = entry.children.iter().map(|child| &tree.entry(*child).block);
    match blocks.next() {
        Some(Some(block)) if blocks.all(|other| other.as_ref() == Some(block)) => {
            format!("{} x {block}", entry.children.len())
        }
        Some(_) | None => String::new(),
    }
}

fn ports(ports: &[Port]) -> String {
    ports.iter().map(|port| format!("{} {}", port.name, shape(&port.shape))).collect::<Vec<_>>().join(", ")
}

/// The largest depth whose rows fit a screen; 1 where none does.
fn depth_of_a_screen(tree: &Tree) -> usize {
    let mut depth = 1;
    while depth < tree.depth() && tree.count(depth + 1) <= ROWS_OF_A_SCREEN {
        depth += 1;
    }
    depth
}
