//! A scope's nodes, by the next part of their paths.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;

use crate::ir::{Graph, NodeId};

/// Nodes that stand together.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The length of the path that all of them begin with; the whole path for a node alone.
    pub end: usize,
    /// Whether it is one node rather than a scope.
    pub leaf: bool,
    /// In the graph's order.
    pub nodes: Vec<NodeId>,
}

/// Splits a scope into its nodes and the scopes in it, each after those it reads. `start` is, for each node, where the
/// rest of its path begins. A scope that reads what is computed from itself is dissolved.
pub(super) fn split(graph: &Graph, nodes: &[NodeId], start: &mut [usize]) -> Vec<Group> {
    loop {
        let groups = group(graph, nodes, start);
        let mut owner: HashMap<NodeId, usize> = HashMap::with_capacity(nodes.len());
        for (index, group) in groups.iter().enumerate() {
            owner.extend(group.nodes.iter().map(|node| (*node, index)));
        }
        let mut quotient: DiGraph<(), ()> = DiGraph::with_capacity(groups.len(), nodes.len());
        groups.iter().for_each(|_| {
            quotient.add_node(());
        });
        for (node, to) in nodes.iter().map(|node| (*node, owner[node])) {
            for from in graph.inputs(node).iter().filter_map(|input| owner.get(input)).filter(|from| **from != to) {
                quotient.update_edge((*from as u32).into(), (to as u32).into(), ());
            }
        }
        let mut dissolved = false;
        for circle in tarjan_scc(&quotient).into_iter().filter(|circle| circle.len() > 1) {
            for group in circle.iter().map(|index| &groups[index.index()]).filter(|group| !group.leaf) {
                group.nodes.iter().for_each(|node| start[node.index()] = group.end + 1);
                dissolved = true;
            }
        }
        if !dissolved {
            return ordered(groups, &quotient);
        }
    }
}

fn group(graph: &Graph, nodes: &[NodeId], start: &[usize]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut scopes: HashMap<&str, usize> = HashMap::new();
    for node in nodes {
        let path = &*graph.node(*node).path;
        let rest = path.get(start[node.index()]..).unwrap_or_default();
        match rest.find('.') {
            None => groups.push(Group { end: path.len(), leaf: true, nodes: vec![*node] }),
            Some(dot) => {
                let end = start[node.index()] + dot;
                let index = *scopes.entry(&path[..end]).or_insert(groups.len());
                if index == groups.len() {
                    groups.push(Group { end, leaf: false, nodes: Vec::new() });
                }
                groups[index].nodes.push(*node);
            }
        }
    }
    groups
}

/// Each group after those it reads, and otherwise in the order of their first nodes.
fn ordered(groups: Vec<Group>, quotient: &DiGraph<(), ()>) -> Vec<Group> {
    let mut waits: Vec<usize> =
        quotient.node_indices().map(|id| quotient.edges_directed(id, petgraph::Incoming).count()).collect();
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..groups.len()).filter(|index| waits[*index] == 0).map(Reverse).collect();
    let mut groups: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
    let mut order = Vec::with_capacity(groups.len());
    while let Some(Reverse(index)) = ready.pop() {
        order.extend(groups[index].take());
        for next in quotient.neighbors((index as u32).into()) {
            waits[next.index()] -= 1;
            if waits[next.index()] == 0 {
                ready.push(Reverse(next.index()));
            }
        }
    }
    order
}
