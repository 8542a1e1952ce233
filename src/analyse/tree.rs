//! Costs by block path: `layer1.0.conv1` counts for itself, for `layer1.0` and for `layer1`.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Load, NodeCost, Report, Sums};

/// The paths of a report as a tree, in the order in which they first appear.
#[derive(Clone, Debug)]
pub struct Tree {
    entries: Vec<Entry>,
    roots: Vec<EntryId>,
}

/// The place of an entry in its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryId(usize);

/// A path that a node has or that begins nodes' paths.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The whole path.
    pub path: Arc<str>,
    /// Its last part.
    pub name: Arc<str>,
    /// How many parts it has: 1 at the top.
    pub depth: usize,
    pub children: Vec<EntryId>,
    /// The nodes that have this very path, as places in [`Report::nodes`].
    pub nodes: Vec<usize>,
    /// How many nodes have this path or one below it.
    pub count: usize,
    /// The block whose call opened this path.
    pub block: Option<Arc<str>>,
    /// The last node with this path or below it, as a place in [`Report::nodes`].
    pub last: usize,
    /// What all nodes with this path and below it cost.
    pub sums: Sums,
    /// What they do to memory together.
    pub load: Load,
}

impl Tree {
    pub fn new(report: &Report) -> Tree {
        let mut tree = Tree { entries: Vec::new(), roots: Vec::new() };
        let mut known: HashMap<&str, EntryId> = HashMap::new();
        for (place, node) in report.nodes.iter().enumerate() {
            let ends = node.path.match_indices('.').map(|(at, _)| at).chain([node.path.len()]);
            let mut parent = None;
            for (index, end) in ends.enumerate() {
                let path = &node.path[..end];
                let id = match known.get(path) {
                    Some(id) => *id,
                    None => {
                        let id = tree.open(path, index + 1, node, parent);
                        known.insert(path, id);
                        id
                    }
                };
                let entry = &mut tree.entries[id.0];
                entry.sums.add_part(&node.sums);
                entry.load = entry.load.joined(&node.load);
                entry.last = place;
                entry.count += 1;
                if end == node.path.len() {
                    entry.nodes.push(place);
                }
                parent = Some(id);
            }
        }
        tree
    }

    pub fn roots(&self) -> &[EntryId] {
        &self.roots
    }

    pub fn entry(&self, id: EntryId) -> &Entry {
        &self.entries[id.0]
    }

    /// How many entries have at most `depth` parts.
    pub fn count(&self, depth: usize) -> usize {
        self.entries.iter().filter(|entry| entry.depth <= depth).count()
    }

    /// The most parts that a path has.
    pub fn depth(&self) -> usize {
        self.entries.iter().map(|entry| entry.depth).max().unwrap_or_default()
    }

    /// The entries with at most `depth` parts, each followed by those below it.
    pub fn walk(&self, depth: usize) -> Vec<&Entry> {
        let mut walked = Vec::new();
        let mut open: Vec<EntryId> = self.roots.iter().rev().copied().collect();
        while let Some(id) = open.pop() {
            let entry = self.entry(id);
            if entry.depth <= depth {
                walked.push(entry);
                open.extend(entry.children.iter().rev());
            }
        }
        walked
    }

    fn open(&mut self, path: &str, depth: usize, node: &NodeCost, parent: Option<EntryId>) -> EntryId {
        let id = EntryId(self.entries.len());
        let name = path.rsplit('.').next().unwrap_or(path);
        self.entries.push(Entry {
            path: Arc::from(path),
            name: Arc::from(name),
            depth,
            children: Vec::new(),
            nodes: Vec::new(),
            count: 0,
            block: block_of(node, path),
            last: 0,
            sums: Sums::default(),
            load: Load::default(),
        });
        match parent {
            Some(parent) => self.entries[parent.0].children.push(id),
            None => self.roots.push(id),
        }
        id
    }
}

/// The block that was called with this path, on the way to the node.
fn block_of(node: &NodeCost, path: &str) -> Option<Arc<str>> {
    let mut call = node.call.as_deref();
    while let Some(inner) = call {
        if &*inner.path == path {
            return Some(inner.block.clone());
        }
        // Calls further out have shorter paths.
        if inner.path.len() < path.len() {
            return None;
        }
        call = inner.parent.as_deref();
    }
    None
}
