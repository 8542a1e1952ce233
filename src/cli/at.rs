//! `--at`: which node a user means.

use super::Failure;
use crate::diagnostic;
use crate::ir::{Graph, NodeId};

/// The node with a path, or the last one of a block; `target` is the file as the user named it.
///
/// # Errors
/// There is none; the failure says what may be meant and how to list all.
pub fn find(graph: &Graph, path: &str, target: &str) -> Result<NodeId, Failure> {
    graph.at(path).ok_or_else(|| {
        let paths = graph.paths();
        let depth = paths.iter().map(|path| path.split('.').count()).max().unwrap_or(1);
        let hint = diagnostic::did_you_mean(path, paths.iter().copied());
        let hint = hint.map_or(String::new(), |hint| format!("{hint} "));
        let input = if target == "-" { " < FILE" } else { "" };
        Failure::usage(format!("`{}` has no node `{path}`", graph.name))
            .help(format!("{hint}`archc stats {target} --depth {depth}{input}` lists all of them"))
    })
}

/// A node as messages show it: "`classifier.2`, relu [1000, 13, 13]".
pub fn shown(graph: &Graph, node: NodeId) -> String {
    let node = graph.node(node);
    format!("`{}`, {} {}", node.path, node.op.def().name, node.output)
}
