//! Which nodes of two graphs are the same ones: scope by scope, each scope's items as a sequence.
//!
//! In a pair of scopes, items that are equal are landmarks; what lies between them is paired by how alike it is. Only at
//! the end are nodes that found no partner looked for elsewhere, since a scope may have been put around them.

use super::Side;
use super::scopes::{Item, ROOT, Scope, ScopeId, Scopes, What};
use super::sequence::{self, Budget};
use crate::ir::{Node, NodeId};

/// The partner of every node, on both sides.
#[derive(Debug)]
pub(super) struct Alignment {
    pub to_after: Vec<Option<NodeId>>,
    pub to_before: Vec<Option<NodeId>>,
}

impl Alignment {
    pub fn mirrored(self) -> Alignment {
        Alignment { to_after: self.to_before, to_before: self.to_after }
    }
}

/// The most pairs of items that are looked at one by one.
const MAX_CELLS: usize = 1 << 20;

/// Pairs the nodes of two sides. Seen from the other side, the pairs are the same.
pub(super) fn align(a: &Side<'_>, b: &Side<'_>, scopes_a: &Scopes, scopes_b: &Scopes) -> Alignment {
    let key = |side: &Side<'_>, scopes: &Scopes| (side.graph.len(), scopes.fingerprint());
    if key(a, scopes_a) > key(b, scopes_b) {
        return Aligner::new(b, a, scopes_b, scopes_a).run().mirrored();
    }
    Aligner::new(a, b, scopes_a, scopes_b).run()
}

struct Aligner<'a> {
    a: &'a Side<'a>,
    b: &'a Side<'a>,
    scopes_a: &'a Scopes,
    scopes_b: &'a Scopes,
    pairs: Alignment,
    /// Scopes that belong together and whose items have not been looked at.
    open: Vec<(ScopeId, ScopeId)>,
    budget: Budget,
}

/// By what items are equal, the strictest first.
const TOKENS: [fn(&Item) -> u64; 4] = [|item| item.placed, |item| item.exact, |item| item.bare, |item| item.loose];

impl<'a> Aligner<'a> {
    fn new(a: &'a Side<'a>, b: &'a Side<'a>, scopes_a: &'a Scopes, scopes_b: &'a Scopes) -> Aligner<'a> {
        let pairs = Alignment { to_after: vec![None; a.graph.len()], to_before: vec![None; b.graph.len()] };
        let budget = Budget::new(a.graph.len() + b.graph.len());
        Aligner { a, b, scopes_a, scopes_b, pairs, open: vec![(ROOT, ROOT)], budget }
    }

    fn run(mut self) -> Alignment {
        while let Some((a, b)) = self.open.pop() {
            self.items(&self.scopes_a.get(a).items, &self.scopes_b.get(b).items, 0);
        }
        self.moved();
        self.pairs
    }

    /// Pairs two sequences by tokens, and what lies between by the next looser ones.
    fn items(&mut self, a: &[Item], b: &[Item], level: usize) {
        let Some(token) = TOKENS.get(level) else { return };
        let tokens = |items: &[Item]| items.iter().map(token).collect::<Vec<u64>>();
        let pairs = sequence::align(&tokens(a), &tokens(b), &mut self.budget);
        for (x, y) in &pairs {
            self.pair(&a[*x], &b[*y]);
        }
        for (range_a, range_b) in sequence::gaps(&pairs, a.len(), b.len()) {
            let (a, b) = (&a[range_a], &b[range_b]);
            let cells = a.len().saturating_mul(b.len());
            if cells == 0 {
                continue;
            }
            if cells <= MAX_CELLS && self.budget.take(cells as u64) {
                self.alike(a, b);
            } else {
                self.items(a, b, level + 1);
            }
        }
    }

    /// Pairs two short sequences so that the sum of what is alike is largest.
    fn alike(&mut self, a: &[Item], b: &[Item]) {
        let width = b.len() + 1;
        let mut best = vec![0u32; (a.len() + 1) * width];
        for x in (0..a.len()).rev() {
            for y in (0..b.len()).rev() {
                let apart = best[(x + 1) * width + y].max(best[x * width + y + 1]);
                let together = self.likeness(&a[x], &b[y]).map(|score| score + best[(x + 1) * width + y + 1]);
                best[x * width + y] = together.map_or(apart, |together| together.max(apart));
            }
        }
        let (mut x, mut y) = (0, 0);
        while x < a.len() && y < b.len() {
            let here = best[x * width + y];
            let together = self.likeness(&a[x], &b[y]).map(|score| score + best[(x + 1) * width + y + 1]);
            if together == Some(here) {
                self.pair(&a[x], &b[y]);
                (x, y) = (x + 1, y + 1);
            } else if here == best[(x + 1) * width + y] {
                x += 1;
            } else {
                y += 1;
            }
        }
    }

    fn pair(&mut self, a: &Item, b: &Item) {
        match (a.what, b.what) {
            (What::Node(a), What::Node(b)) => self.pair_nodes(a, b),
            (What::Scope(a), What::Scope(b)) => self.open.push((a, b)),
            // Two tokens that are equal by chance.
            (What::Node(_), What::Scope(_)) | (What::Scope(_), What::Node(_)) => {}
        }
    }

    fn pair_nodes(&mut self, a: NodeId, b: NodeId) {
        self.pairs.to_after[a.index()] = Some(b);
        self.pairs.to_before[b.index()] = Some(a);
    }

    /// How much speaks for two items being the same one; nothing where they can't be.
    fn likeness(&self, a: &Item, b: &Item) -> Option<u32> {
        let same_label = a.labelled && b.labelled && a.name == b.name;
        let (kind, weight) = match (a.what, b.what) {
            (What::Node(x), What::Node(y)) => {
                let kind = if a.bare == b.bare { Some(800) } else { self.nodes_alike(x, y) };
                (kind, 1)
            }
            (What::Scope(x), What::Scope(y)) => {
                let (x, y) = (self.scopes_a.get(x), self.scopes_b.get(y));
                let kind = match (a.bare == b.bare, a.loose == b.loose) {
                    (true, _) => Some(1000),
                    (false, true) => Some(700),
                    (false, false) => scopes_alike(x, y),
                };
                (kind, 1 + x.size.min(y.size).min(15) as u32)
            }
            (What::Node(_), What::Scope(_)) | (What::Scope(_), What::Node(_)) => (None, 0),
        };
        let kind = match kind {
            None if same_label && weight > 0 => 100,
            kind => kind?,
        };
        let name = match (a.labelled, b.labelled) {
            (true, true) if same_label => 300,
            (true, true) => -100,
            _ if a.name == b.name => 50,
            _ => 0,
        };
        let place = if a.extent == b.extent { 60 } else { 0 };
        Some((kind.saturating_add_signed(name).max(1) + place) * weight)
    }

    /// Nodes of one op, or of ops that could stand for each other: `relu` and `silu`, `max_pool` and `avg_pool`.
    fn nodes_alike(&self, a: NodeId, b: NodeId) -> Option<u32> {
        let (node_a, node_b) = (self.a.graph.node(a), self.b.graph.node(b));
        if node_a.op.def().name == node_b.op.def().name {
            let count = node_a.args.iter().count() as u32;
            let equal = node_a.args.iter().filter(|(name, arg)| node_b.args.get(name) == Some(*arg)).count() as u32;
            return Some(400 + 300 * equal / count.max(1));
        }
        let class = |side: &Side<'_>, id: NodeId, node: &Node| {
            let keeps_shape = side.graph.input_types(id).first().is_some_and(|input| **input == node.output);
            let cost = side.cost(id);
            (node.op.def().operands, keeps_shape, cost.params > 0, cost.macs > 0, cost.flops > 0, node.output.rank())
        };
        (class(self.a, a, node_a) == class(self.b, b, node_b)).then_some(200)
    }

    /// Pairs runs of equal nodes with results of equal shapes that no scope has brought together. A run needs a node that
    /// computes with weights: there are many ReLUs, and that two of them are equal says nothing.
    fn moved(&mut self) {
        let left = |partners: &[Option<NodeId>]| -> Vec<NodeId> {
            (0..partners.len()).filter(|index| partners[*index].is_none()).map(NodeId::new).collect()
        };
        let (a, b) = (left(&self.pairs.to_after), left(&self.pairs.to_before));
        if a.is_empty() || b.is_empty() {
            return;
        }
        let tokens = |side: &Side<'_>, nodes: &[NodeId]| -> Vec<u64> {
            nodes.iter().map(|id| super::attributes::shaped_token(side.graph.node(*id))).collect()
        };
        let pairs = sequence::align(&tokens(self.a, &a), &tokens(self.b, &b), &mut self.budget);
        for run in pairs.chunk_by(|one, next| next.0 == one.0 + 1 && next.1 == one.1 + 1) {
            if run.iter().any(|(x, _)| self.a.cost(a[*x]).macs > 0) {
                for (x, y) in run {
                    self.pair_nodes(a[*x], b[*y]);
                }
            }
        }
    }
}

/// Scopes that one block opened, or half of whose ops are the same.
fn scopes_alike(a: &Scope, b: &Scope) -> Option<u32> {
    let common: usize = a.ops.iter().map(|(op, count)| (*count).min(b.ops.get(op).copied().unwrap_or(0))).sum();
    let share = (1000 * 2 * common / (a.size + b.size).max(1)) as u32;
    let one_block = a.block.is_some() && a.block == b.block;
    match (one_block, share) {
        (true, share) => Some(300 + share / 3),
        (false, share) if share >= 500 => Some(share / 2),
        (false, _) => None,
    }
}
