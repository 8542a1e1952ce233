//! A graph as a tree of boxes and frames: what a picture shows, before anything has a place.
//!
//! An op that changes no shape and multiplies nothing (norms, activations, dropout) shares a box with the op before or
//! behind it. A block is a frame; equal blocks in a row are a [`Kind::Repeat`]. Inside a frame the links between its
//! parts have no circle: a scope that is left and entered again, so that no frame could be drawn around it, is dissolved
//! into the scope around it.

mod boxes;
mod build;
mod links;
mod split;

use std::sync::Arc;

use crate::analyse::{Report, Sums};
use crate::ir::{Graph, NodeId};

pub use links::{End, Link};

/// The parts of a graph.
#[derive(Debug)]
pub struct Outline<'g> {
    pub graph: &'g Graph,
    parts: Vec<Part>,
    /// What each node costs, by its index.
    costs: Vec<Sums>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartId(pub usize);

/// A box, or a frame and what is in it.
#[derive(Clone, Debug)]
pub struct Part {
    pub kind: Kind,
    /// The path of the block, or of the op that gives the box its name; empty for the whole graph.
    pub path: Arc<str>,
    /// The block whose call made it.
    pub block: Option<Arc<str>>,
    /// Of a box: its ops, in order.
    pub nodes: Vec<NodeId>,
    /// Of a frame: the parts in it, each after those it reads.
    pub children: Vec<PartId>,
    pub links: Vec<Link>,
    /// The tensors from outside that it reads, each once.
    pub ins: Vec<NodeId>,
    /// The tensors it makes that are read outside, each once.
    pub outs: Vec<NodeId>,
    pub sums: Sums,
    /// How many ops are in it.
    pub ops: usize,
    /// Equal for parts that do the same, whatever the shapes they do it to.
    signature: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Box,
    /// A result of the architecture, by its name.
    Output(Arc<str>),
    Block,
    /// Parts that do the same, one after the other.
    Repeat,
}

impl<'g> Outline<'g> {
    /// `report` is that of `graph`.
    pub fn new(graph: &'g Graph, report: &Report) -> Outline<'g> {
        build::outline(graph, report)
    }

    pub fn root(&self) -> PartId {
        PartId(self.parts.len() - 1)
    }

    pub fn part(&self, id: PartId) -> &Part {
        &self.parts[id.0]
    }

    pub fn parts(&self) -> impl ExactSizeIterator<Item = (PartId, &Part)> {
        self.parts.iter().enumerate().map(|(index, part)| (PartId(index), part))
    }

    pub fn cost(&self, node: NodeId) -> &Sums {
        &self.costs[node.index()]
    }

    /// The op of a box that says the most: the one that is no norm or activation.
    pub fn main(&self, part: &Part) -> Option<NodeId> {
        let heavy = part.nodes.iter().find(|node| !boxes::is_light(self.graph, **node));
        heavy.or(part.nodes.first()).copied()
    }

    /// How many boxes are drawn where frames are open to `depth` levels and, unless `unfold`, one part stands for a
    /// repetition.
    pub fn drawn(&self, depth: usize, unfold: bool) -> usize {
        self.drawn_below(self.root(), depth + 1, unfold)
    }

    fn drawn_below(&self, id: PartId, depth: usize, unfold: bool) -> usize {
        let part = self.part(id);
        match part.kind {
            Kind::Box | Kind::Output(_) => 1,
            Kind::Repeat if !unfold => part.children.first().map_or(0, |first| self.drawn_below(*first, depth, unfold)),
            Kind::Repeat => part.children.iter().map(|child| self.drawn_below(*child, depth, unfold)).sum(),
            Kind::Block if depth == 0 => 1,
            Kind::Block => part.children.iter().map(|child| self.drawn_below(*child, depth - 1, unfold)).sum(),
        }
    }

    /// The most frames around a box.
    pub fn depth(&self) -> usize {
        let mut depths = vec![0; self.parts.len()];
        for (id, part) in self.parts() {
            let inner = part.children.iter().map(|child| depths[child.0]).max().unwrap_or(0);
            depths[id.0] = inner + usize::from(part.kind == Kind::Block);
        }
        depths[self.root().0].saturating_sub(1)
    }
}
