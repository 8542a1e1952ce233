//! What differs between nodes that belong together, and which nodes have no partner.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::align::Alignment;
use super::attributes::{self, Attribute};
use super::scopes::{ROOT, Scopes};
use super::{Entry, Side, Spot, Whole};
use crate::ir::{Graph, NodeId};

/// All differences of two aligned sides: those of the second in its order, each removed node where it stood.
pub(super) fn compare(
    a: &Side<'_>,
    b: &Side<'_>,
    scopes_a: &Scopes,
    scopes_b: &Scopes,
    pairs: &Alignment,
) -> Vec<Entry> {
    let reach = Reach::new(a.graph, b.graph, pairs);
    let wholes_a = wholes(scopes_a, &pairs.to_after);
    let wholes_b = wholes(scopes_b, &pairs.to_before);
    let spot = |side: &Side<'_>, id: NodeId, wholes: &[Option<Whole>]| {
        let node = side.graph.node(id);
        Spot {
            path: node.path.clone(),
            op: node.op.def().name,
            detail: node.op.detail(),
            shape: node.output.shape().to_vec(),
            sums: side.cost(id),
            weights: side.graph.weights(id).len(),
            whole: wholes[id.index()].clone(),
        }
    };
    let mut entries = Vec::new();
    let mut next = 0;
    let mut removed_before = |end: usize, entries: &mut Vec<Entry>| {
        while next < end {
            let id = NodeId::new(next);
            if pairs.to_after[next].is_none() {
                entries.push(Entry { before: Some(spot(a, id, &wholes_a)), after: None, attributes: Vec::new() });
            }
            next += 1;
        }
    };
    for (id, node) in b.graph.nodes() {
        let Some(partner) = pairs.to_before[id.index()] else {
            entries.push(Entry { before: None, after: Some(spot(b, id, &wholes_b)), attributes: Vec::new() });
            continue;
        };
        removed_before(partner.index(), &mut entries);
        let old = a.graph.node(partner);
        let mut attributes = attributes::differing(old, node);
        attributes.extend(reach.rewired(partner, id));
        let same_cost = a.cost(partner) == b.cost(id) && old.output == node.output;
        if !attributes.is_empty() || !same_cost || old.path != node.path {
            let (before, after) = (spot(a, partner, &wholes_a), spot(b, id, &wholes_b));
            entries.push(Entry { before: Some(before), after: Some(after), attributes });
        }
    }
    removed_before(a.graph.len(), &mut entries);
    entries
}

/// For nodes without a partner, the largest scope around them none of whose nodes has one.
fn wholes(scopes: &Scopes, partners: &[Option<NodeId>]) -> Vec<Option<Whole>> {
    let mut wholes = vec![None; partners.len()];
    let mut open = vec![ROOT];
    while let Some(scope) = open.pop() {
        let nodes = scopes.nodes(scope);
        if scope == ROOT || nodes.iter().any(|node| partners[node.index()].is_some()) {
            open.extend(scopes.inner(scope));
            continue;
        }
        let scope = scopes.get(scope);
        let whole = Whole { path: scope.path.clone(), block: scope.block.clone(), nodes: scope.size };
        for node in nodes {
            wholes[node.index()] = Some(whole.clone());
        }
    }
    wholes
}

/// What nodes read, where added and removed nodes are looked through.
pub(super) struct Reach<'a> {
    a: &'a Graph,
    b: &'a Graph,
    /// For every node, the nodes of `b` that it leads back to: its partner, or those that its operands lead back to.
    from_a: Vec<Front>,
    from_b: Vec<Front>,
}

/// Nodes with partners; nothing where there are too many to keep.
type Front = Option<Arc<BTreeSet<NodeId>>>;

/// The most nodes that a front keeps.
const MAX_FRONT: usize = 32;

impl<'a> Reach<'a> {
    pub fn new(a: &'a Graph, b: &'a Graph, pairs: &Alignment) -> Reach<'a> {
        let from_a = fronts(a, |id| pairs.to_after[id.index()]);
        let from_b = fronts(b, |id| pairs.to_before[id.index()].map(|_| id));
        Reach { a, b, from_a, from_b }
    }

    /// Whether two nodes are the same but for what was added or removed behind them.
    pub fn meet(&self, a: NodeId, b: NodeId) -> bool {
        match (&self.from_a[a.index()], &self.from_b[b.index()]) {
            (Some(a), Some(b)) => !a.is_disjoint(b) || a.is_empty() || b.is_empty(),
            _ => true,
        }
    }

    /// How the operands of a pair differ.
    fn rewired(&self, a: NodeId, b: NodeId) -> Option<Attribute> {
        let (inputs_a, inputs_b) = (self.a.inputs(a), self.b.inputs(b));
        if inputs_a.len() != inputs_b.len() {
            return Some(Attribute::new("inputs", inputs_a.len().to_string(), inputs_b.len().to_string()));
        }
        if inputs_a.iter().zip(&inputs_b).all(|(a, b)| self.meet(*a, *b)) {
            return None;
        }
        let paths = |graph: &Graph, inputs: &[NodeId]| {
            inputs.iter().map(|id| graph.node(*id).path.to_string()).collect::<Vec<_>>().join(", ")
        };
        Some(Attribute::new("reads", paths(self.a, &inputs_a), paths(self.b, &inputs_b)))
    }
}

fn fronts(graph: &Graph, partner: impl Fn(NodeId) -> Option<NodeId>) -> Vec<Front> {
    let mut fronts: Vec<Front> = Vec::with_capacity(graph.len());
    for (id, _) in graph.nodes() {
        let front = match partner(id) {
            Some(partner) => Some(Arc::new(BTreeSet::from([partner]))),
            None => match graph.inputs(id).as_slice() {
                [only] => fronts[only.index()].clone(),
                several => {
                    let sets: Option<Vec<_>> = several.iter().map(|input| fronts[input.index()].clone()).collect();
                    let all = sets.map(|sets| sets.iter().flat_map(|set| set.iter().copied()).collect::<BTreeSet<_>>());
                    all.filter(|all| all.len() <= MAX_FRONT).map(Arc::new)
                }
            },
        };
        fronts.push(front);
    }
    fronts
}
