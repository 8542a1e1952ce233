//! One architecture, as the tree of its block paths.

use super::numbers::{bytes, grouped, shape};
use super::{Grid, Subject, View, conventions, table};
use crate::analyse::{Entry, Port, Report, Tree};

/// How many rows a tree has at most where its depth is left open, if that is possible.
pub const ROWS_OF_A_SCREEN: usize = 40;

/// The tree down to paths of `depth` parts. Left open, it goes as deep as fits a screen.
pub fn layers(subject: &Subject, depth: Option<usize>) -> Grid {
    let view = View { depth, ..View::default() };
    let table = table(std::slice::from_ref(subject), &view, false);
    table.unwrap_or_else(|_| unreachable!("the usual columns are there")).grid()
}

/// What an architecture is and costs in all, a sentence a line.
pub(super) fn head(subject: &Subject) -> Vec<String> {
    let report = &subject.report;
    let total = &report.total;
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
    head
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
pub(super) fn depth_of_a_screen(tree: &Tree) -> usize {
    let mut depth = 1;
    while depth < tree.depth() && tree.count(depth + 1) <= ROWS_OF_A_SCREEN {
        depth += 1;
    }
    depth
}
