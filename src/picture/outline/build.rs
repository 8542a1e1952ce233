//! From the nodes of a graph to its parts, innermost first.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::links::Links;
use super::{End, Kind, Link, Outline, Part, PartId, boxes, split};
use crate::analyse::{Report, Sums};
use crate::ir::{Call, Graph, NodeId};
use crate::ops::Operands;

/// Scopes deeper than this are drawn as one.
const MAX_DEPTH: usize = 48;

/// Boxes, unlike blocks, are only folded in longer rows.
const MIN_EQUAL_BOXES: usize = 4;

pub(super) struct Builder<'g> {
    pub graph: &'g Graph,
    pub parts: Vec<Part>,
    costs: Vec<Sums>,
    /// For each node, where the part of its path below the scope at hand begins.
    start: Vec<usize>,
    /// For each node, the results of the architecture that it is.
    results: HashMap<NodeId, Vec<Arc<str>>>,
    /// For each node, the part at hand that it is in.
    owner: Vec<usize>,
}

pub(super) fn outline<'g>(graph: &'g Graph, report: &Report) -> Outline<'g> {
    let mut counted = report.nodes.iter().map(|node| node.sums);
    let costs = graph.nodes().map(|(_, node)| match node.op.def().operands {
        Operands::Input => Sums::default(),
        Operands::Flow | Operands::Merge { .. } | Operands::Pair { .. } | Operands::Source => {
            counted.next().expect("the report is of this graph")
        }
    });
    let mut results: HashMap<NodeId, Vec<Arc<str>>> = HashMap::new();
    for output in graph.outputs() {
        results.entry(output.node).or_default().push(output.name.clone());
    }
    let mut builder = Builder {
        graph,
        parts: Vec::new(),
        costs: costs.collect(),
        start: vec![0; graph.len()],
        results,
        owner: vec![usize::MAX; graph.len()],
    };
    let nodes: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
    let mut children = builder.children(&nodes, 0);
    for output in graph.outputs() {
        children.push(builder.push(Part {
            ins: vec![output.node],
            nodes: vec![output.node],
            ..Part::new(Kind::Output(output.name.clone()), output.name.clone())
        }));
    }
    builder.frame(Kind::Block, Arc::from(""), None, children);
    Outline { graph, parts: builder.parts, costs: builder.costs }
}

impl Part {
    fn new(kind: Kind, path: Arc<str>) -> Part {
        Part {
            kind,
            path,
            block: None,
            nodes: Vec::new(),
            children: Vec::new(),
            links: Vec::new(),
            ins: Vec::new(),
            outs: Vec::new(),
            sums: Sums::default(),
            ops: 0,
            signature: 0,
        }
    }
}

impl Builder<'_> {
    fn push(&mut self, part: Part) -> PartId {
        self.parts.push(part);
        PartId(self.parts.len() - 1)
    }

    /// The parts of a scope.
    fn children(&mut self, nodes: &[NodeId], depth: usize) -> Vec<PartId> {
        let groups = split::split(self.graph, nodes, &mut self.start);
        let mut children = Vec::with_capacity(groups.len());
        for group in groups {
            match group.leaf {
                true => children.push(self.leaf(group.nodes[0])),
                false if depth >= MAX_DEPTH => {
                    children.extend(group.nodes.iter().map(|node| self.leaf(*node)).collect::<Vec<_>>());
                }
                false => children.push(self.scope(&group, depth)),
            }
        }
        let children = boxes::join(self, &children);
        self.fold(&children)
    }

    /// A scope as a frame, or as what alone is in it.
    fn scope(&mut self, group: &split::Group, depth: usize) -> PartId {
        let first = self.graph.node(group.nodes[0]);
        let path: Arc<str> = Arc::from(&first.path[..group.end]);
        let block = block_of(&first.origin.call, &path);
        group.nodes.iter().for_each(|node| self.start[node.index()] = group.end + 1);
        let children = self.children(&group.nodes, depth + 1);
        if let [only] = children.as_slice() {
            let part = &mut self.parts[only.0];
            if part.kind == Kind::Box || (part.kind == Kind::Block && block.is_none()) {
                part.path = if part.kind == Kind::Box { path } else { part.path.clone() };
                part.block = block.or_else(|| part.block.take());
                return *only;
            }
        }
        self.frame(Kind::Block, path, block, children)
    }

    fn leaf(&mut self, node: NodeId) -> PartId {
        let mut hasher = DefaultHasher::new();
        format!("{:?}", self.graph.node(node).op).hash(&mut hasher);
        let mut ins = Vec::new();
        for input in self.graph.inputs(node) {
            if !ins.contains(&input) {
                ins.push(input);
            }
        }
        self.push(Part {
            nodes: vec![node],
            ins,
            outs: vec![node],
            sums: self.costs[node.index()],
            ops: 1,
            signature: hasher.finish(),
            ..Part::new(Kind::Box, self.graph.node(node).path.clone())
        })
    }

    /// Puts the ops of one box behind those of another, which alone it reads.
    pub fn append(&mut self, id: PartId, other: PartId) {
        let other = std::mem::replace(&mut self.parts[other.0], Part::new(Kind::Box, Arc::from("")));
        let was_light = self.parts[id.0].nodes.iter().all(|node| boxes::is_light(self.graph, *node));
        let is_light = other.nodes.iter().all(|node| boxes::is_light(self.graph, *node));
        let part = &mut self.parts[id.0];
        if was_light && !is_light {
            part.path = other.path;
            part.block = other.block;
        }
        part.nodes.extend(other.nodes);
        part.outs = other.outs;
        part.sums.add_part(&other.sums);
        part.ops += other.ops;
        part.signature = combined([part.signature, other.signature]);
    }

    /// Rows of parts that do the same become one.
    fn fold(&mut self, children: &[PartId]) -> Vec<PartId> {
        let next = self.links(children).only_next(children.len());
        let signature = |builder: &Builder, child: usize| builder.parts[children[child].0].signature;
        let mut taken = vec![false; children.len()];
        let mut folded = Vec::with_capacity(children.len());
        for child in 0..children.len() {
            if taken[child] {
                continue;
            }
            let mut row = vec![child];
            let mut last = child;
            while let Some(after) = next[last].filter(|after| signature(self, *after) == signature(self, child)) {
                row.push(after);
                last = after;
            }
            let needed = if self.parts[children[child].0].kind == Kind::Block { 2 } else { MIN_EQUAL_BOXES };
            if row.len() < needed {
                folded.push(children[child]);
                continue;
            }
            row.iter().for_each(|child| taken[*child] = true);
            let members: Vec<PartId> = row.into_iter().map(|child| children[child]).collect();
            let first = &self.parts[members[0].0];
            let (path, block) = (first.path.clone(), first.block.clone());
            folded.push(self.frame(Kind::Repeat, path, block, members));
        }
        folded
    }

    fn frame(&mut self, kind: Kind, path: Arc<str>, block: Option<Arc<str>>, children: Vec<PartId>) -> PartId {
        let Links { links, ins, outs } = self.links(&children);
        let mut sums = Sums::default();
        let mut signatures = Vec::with_capacity(children.len() + 1);
        let mut ops = 0;
        for child in children.iter().map(|child| &self.parts[child.0]) {
            sums.add_part(&child.sums);
            signatures.push(child.signature);
            ops += child.ops;
        }
        let mut hasher = DefaultHasher::new();
        links.iter().for_each(|link| (link.from, link.to).hash(&mut hasher));
        block.hash(&mut hasher);
        signatures.push(hasher.finish());
        let signature = combined(signatures);
        self.push(Part { kind, path, block, nodes: Vec::new(), children, links, ins, outs, sums, ops, signature })
    }

    /// What leads where among parts, each given after those it reads.
    pub fn links(&mut self, children: &[PartId]) -> Links {
        for (index, child) in children.iter().enumerate() {
            self.own(*child, index);
        }
        let mut found = Links::default();
        let is_in = |builder: &Builder, node: NodeId| {
            let owner = builder.owner[node.index()];
            children.get(owner).is_some().then_some(owner)
        };
        let mut ins: HashMap<NodeId, usize> = HashMap::new();
        for (index, child) in children.iter().enumerate() {
            for tensor in self.parts[child.0].ins.clone() {
                let from = match is_in(self, tensor) {
                    Some(owner) => End::Child(owner),
                    None => End::In(*ins.entry(tensor).or_insert_with(|| {
                        found.ins.push(tensor);
                        found.ins.len() - 1
                    })),
                };
                found.links.push(Link { from, to: End::Child(index), tensor });
            }
        }
        let outputs = children.iter().any(|child| matches!(self.parts[child.0].kind, Kind::Output(_)));
        for (index, child) in children.iter().enumerate().filter(|_| !outputs) {
            for tensor in self.parts[child.0].outs.clone() {
                let outside = self.graph.readers(tensor).iter().any(|reader| is_in(self, *reader).is_none());
                if outside || self.results.contains_key(&tensor) {
                    found.links.push(Link { from: End::Child(index), to: End::Out(found.outs.len()), tensor });
                    found.outs.push(tensor);
                }
            }
        }
        children.iter().for_each(|child| self.own(*child, usize::MAX));
        found
    }

    /// Notes where the nodes of a part are.
    fn own(&mut self, id: PartId, owner: usize) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let part = &self.parts[id.0];
            match part.kind {
                Kind::Output(_) => {}
                Kind::Box => part.nodes.iter().for_each(|node| self.owner[node.index()] = owner),
                Kind::Block | Kind::Repeat => open.extend(&part.children),
            }
        }
    }
}

fn combined(signatures: impl IntoIterator<Item = u64>) -> u64 {
    let mut hasher = DefaultHasher::new();
    signatures.into_iter().for_each(|signature| signature.hash(&mut hasher));
    hasher.finish()
}

/// The block whose call opened a path, on the way to a node.
fn block_of(call: &Option<Arc<Call>>, path: &str) -> Option<Arc<str>> {
    let mut call = call.as_deref();
    while let Some(inner) = call {
        if &*inner.path == path {
            return Some(inner.block.clone());
        }
        call = inner.parent.as_deref().filter(|_| inner.path.len() > path.len());
    }
    None
}
