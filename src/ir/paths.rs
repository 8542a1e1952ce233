//! Nodes by their paths, and what leads to what.

use std::collections::HashSet;

use super::{Graph, NodeId};

impl Graph {
    /// The node that a path means: the last one that has it or lies below it. A block's path means its last result.
    pub fn at(&self, path: &str) -> Option<NodeId> {
        let below = |other: &str| other.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.nodes().filter(|(_, node)| below(&node.path)).map(|(id, _)| id).last()
    }

    /// Every path that [`Graph::at`] knows, those of blocks too, each once, in the order of the nodes.
    pub fn paths(&self) -> Vec<&str> {
        let mut seen = HashSet::new();
        let parts = |path: &'_ str| path.match_indices('.').map(|(at, _)| at).chain([path.len()]).collect::<Vec<_>>();
        let paths = self.nodes().flat_map(|(_, node)| parts(&node.path).into_iter().map(|end| &node.path[..end]));
        paths.filter(|path| seen.insert(*path)).collect()
    }

    /// For every node in order, whether `node` is computed from it. Each leads to itself.
    pub fn leads_to(&self, node: NodeId) -> Vec<bool> {
        let mut leads = vec![false; self.len()];
        leads[node.index()] = true;
        for index in (0..=node.index()).rev() {
            if leads[index] {
                for input in self.inputs(NodeId::new(index)) {
                    leads[input.index()] = true;
                }
            }
        }
        leads
    }
}
