//! A graph as the tree of its paths: each scope a sequence of nodes and scopes, with what is needed to recognise them.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::attributes;
use crate::ir::{Graph, Node, NodeId};

pub(super) type ScopeId = usize;

/// The scope that all nodes are in.
pub(super) const ROOT: ScopeId = 0;

/// The scopes of a graph, each after the one that it is in.
#[derive(Debug)]
pub(super) struct Scopes {
    list: Vec<Scope>,
}

#[derive(Debug)]
pub(super) struct Scope {
    pub path: Arc<str>,
    /// The scope that it is in, and its place among the items there; nothing for the root.
    pub parent: Option<(ScopeId, usize)>,
    /// The block whose call opened it.
    pub block: Option<Arc<str>>,
    pub items: Vec<Item>,
    /// The nodes in it and below.
    pub size: usize,
    /// How many nodes of each op these are.
    pub ops: BTreeMap<&'static str, usize>,
}

/// A node or a scope, in its scope.
#[derive(Debug)]
pub(super) struct Item {
    pub what: What,
    /// The last part of its path.
    pub name: Box<str>,
    /// Whether somebody chose the name, rather than the order of things.
    pub labelled: bool,
    /// Equal for the same ops with the same attributes under the same labels, at the same height and width.
    pub placed: u64,
    /// The same at any height and width.
    pub exact: u64,
    /// The same without its own label.
    pub bare: u64,
    /// Equal for the same ops.
    pub loose: u64,
    /// The height and width of its last result, or what else its shape has besides channels.
    pub extent: Box<[usize]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Node(NodeId),
    Scope(ScopeId),
}

impl Scopes {
    pub fn new(graph: &Graph) -> Scopes {
        let parents: HashSet<&str> =
            graph.nodes().flat_map(|(_, node)| node.path.match_indices('.').map(|(at, _)| &node.path[..at])).collect();
        let mut scopes = Scopes { list: vec![Scope::new("", None, None)] };
        let mut known: HashMap<&str, ScopeId> = HashMap::from([("", ROOT)]);
        for (id, node) in graph.nodes() {
            // A node with the path of a scope is in it, without a name.
            let (inside, name) = match (parents.contains(&*node.path), node.path.rsplit_once('.')) {
                (true, _) => (&*node.path, ""),
                (false, Some((scope, name))) => (scope, name),
                (false, None) => ("", &*node.path),
            };
            let scope = scopes.open(inside, node, &mut known);
            let labelled = !name.is_empty() && !is_counted(name, Some(node.op.def().short));
            let bare = attributes::token(node);
            let exact = hash((bare, if labelled { name } else { "" }));
            let extent = extent(node.output.shape());
            scopes.list[scope].items.push(Item {
                what: What::Node(id),
                name: name.into(),
                labelled,
                placed: hash((exact, &extent)),
                exact,
                bare,
                loose: hash(node.op.def().name),
                extent,
            });
            scopes.list[scope].size += 1;
            *scopes.list[scope].ops.entry(node.op.def().name).or_default() += 1;
        }
        // A scope stands behind the one it is in, so that the inner ones are complete first.
        for scope in (0..scopes.list.len()).rev() {
            scopes.close(scope);
        }
        scopes
    }

    pub fn get(&self, id: ScopeId) -> &Scope {
        &self.list[id]
    }

    /// Every node of a scope and below it, in the order of the items.
    pub fn nodes(&self, scope: ScopeId) -> Vec<NodeId> {
        let mut nodes = Vec::with_capacity(self.list[scope].size);
        let mut open = vec![What::Scope(scope)];
        while let Some(what) = open.pop() {
            match what {
                What::Node(node) => nodes.push(node),
                What::Scope(scope) => open.extend(self.list[scope].items.iter().rev().map(|item| item.what)),
            }
        }
        nodes
    }

    /// The scopes right inside one.
    pub fn inner(&self, scope: ScopeId) -> impl Iterator<Item = ScopeId> {
        self.list[scope].items.iter().filter_map(|item| match item.what {
            What::Scope(inner) => Some(inner),
            What::Node(_) => None,
        })
    }

    /// A number for the whole graph, equal where all items are.
    pub fn fingerprint(&self) -> u64 {
        hash(self.list[ROOT].items.iter().map(|item| (item.exact, &item.name)).collect::<Vec<_>>())
    }

    /// The scope with a path, which is made with those around it where it is new.
    fn open<'g>(&mut self, path: &'g str, node: &'g Node, known: &mut HashMap<&'g str, ScopeId>) -> ScopeId {
        if let Some(scope) = known.get(path) {
            return *scope;
        }
        let mut scope = ROOT;
        for end in path.match_indices('.').map(|(at, _)| at).chain([path.len()]) {
            scope = match known.get(&path[..end]) {
                Some(scope) => *scope,
                None => {
                    let id = self.list.len();
                    let block = block_of(node, &path[..end]);
                    let name = path[..end].rsplit('.').next().unwrap_or(path);
                    self.list[scope].items.push(Item {
                        what: What::Scope(id),
                        name: name.into(),
                        labelled: !is_counted(name, block.as_deref()),
                        placed: 0,
                        exact: 0,
                        bare: 0,
                        loose: 0,
                        extent: Box::default(),
                    });
                    let place = self.list[scope].items.len() - 1;
                    self.list.push(Scope::new(&path[..end], Some((scope, place)), block));
                    known.insert(&node.path[..end], id);
                    id
                }
            };
        }
        scope
    }

    /// Tells the scope around one, and the item that stands for it there, what is in it.
    fn close(&mut self, id: ScopeId) {
        let Some((parent, place)) = self.list[id].parent else { return };
        let scope = &self.list[id];
        let all = |token: fn(&Item) -> u64| hash(scope.items.iter().map(token).collect::<Vec<_>>());
        let (placed, bare, loose) = (all(|item| item.placed), all(|item| item.exact), all(|item| item.loose));
        let extent = scope.items.last().map(|item| item.extent.clone()).unwrap_or_default();
        let (size, ops) = (scope.size, scope.ops.clone());
        let parent = &mut self.list[parent];
        parent.size += size;
        for (op, count) in ops {
            *parent.ops.entry(op).or_default() += count;
        }
        let item = &mut parent.items[place];
        let label = if item.labelled { &*item.name } else { "" };
        (item.placed, item.exact) = (hash((placed, label)), hash((bare, label)));
        (item.bare, item.loose, item.extent) = (bare, loose, extent);
    }
}

impl Scope {
    fn new(path: &str, parent: Option<(ScopeId, usize)>, block: Option<Arc<str>>) -> Scope {
        Scope { path: Arc::from(path), parent, block, items: Vec::new(), size: 0, ops: BTreeMap::new() }
    }
}

/// What a shape has besides channels: `[C, H, W]` and `[N, D]`.
fn extent(shape: &[usize]) -> Box<[usize]> {
    match shape {
        [_] => Box::default(),
        [tokens, _] => Box::new([*tokens]),
        [_, rest @ ..] => rest.into(),
        [] => Box::default(),
    }
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Whether a name comes from counting: a position in a `seq`, or a word and its ordinal.
fn is_counted(name: &str, word: Option<&str>) -> bool {
    let digits = word.and_then(|word| name.strip_prefix(word)).unwrap_or(name);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The block that was called with this path, on the way to the node.
fn block_of(node: &Node, path: &str) -> Option<Arc<str>> {
    let mut call = node.origin.call.as_deref();
    while let Some(inner) = call {
        if &*inner.path == path {
            return Some(inner.block.clone());
        }
        call = inner.parent.as_deref();
    }
    None
}
