//! What leads where inside a frame.

use crate::ir::NodeId;

/// A tensor on its way between two parts of a frame, or in or out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    pub from: End,
    pub to: End,
    pub tensor: NodeId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// The frame's operand, by its place in [`super::Part::ins`].
    In(usize),
    /// A part, by its place in [`super::Part::children`].
    Child(usize),
    /// The frame's result, by its place in [`super::Part::outs`].
    Out(usize),
}

/// The links of a frame, and the tensors that cross its border.
#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    pub links: Vec<Link>,
    pub ins: Vec<NodeId>,
    pub outs: Vec<NodeId>,
}

impl Links {
    /// For every child, the one that alone reads its one result and reads nothing else.
    pub fn only_next(&self, children: usize) -> Vec<Option<usize>> {
        let mut out: Vec<Option<Link>> = vec![None; children];
        let mut single_out = vec![true; children];
        let mut ins = vec![0usize; children];
        for link in &self.links {
            if let End::Child(from) = link.from {
                single_out[from] &= out[from].is_none();
                out[from] = Some(*link);
            }
            if let End::Child(to) = link.to {
                ins[to] += 1;
            }
        }
        let next = |child: usize| match out[child]?.to {
            End::Child(to) if single_out[child] && ins[to] == 1 => Some(to),
            End::Child(_) | End::In(_) | End::Out(_) => None,
        };
        (0..children).map(next).collect()
    }
}
