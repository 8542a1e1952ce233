//! What other programs count for the same architecture, to the unit: each has rules of its own, in a file of its own.
//!
//! A rule sees a node as the program sees what PyTorch runs in evaluation mode. Some totals depend on how a program in
//! PyTorch is written, which a graph does not tell; [`Written`] says what is supposed.

mod applied;
mod fvcore;
mod ptflops;
mod thop;
mod torchinfo;
mod written;

use applied::Applied;
pub use written::Written;

use crate::ir::{Graph, NodeId, TensorType};
use crate::ops::WeightSpec;

/// Whose rules are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    Macs,
    Flops,
    Torchinfo,
    Fvcore,
    Ptflops,
    PtflopsAten,
    Thop,
}

/// What there is to say of a convention.
struct Texts {
    name: &'static str,
    /// Which figure of which program it is.
    source: &'static str,
    /// What it includes and leaves out, a line each.
    includes: &'static [&'static str],
}

impl Convention {
    /// In the order of the documentation.
    pub const ALL: &[Convention] = &[
        Convention::Macs,
        Convention::Flops,
        Convention::Torchinfo,
        Convention::Fvcore,
        Convention::Ptflops,
        Convention::PtflopsAten,
        Convention::Thop,
    ];

    /// What it is called: `torchinfo`.
    pub fn name(self) -> &'static str {
        self.texts().name
    }

    /// Which figure of which program it is.
    pub fn source(self) -> &'static str {
        self.texts().source
    }

    /// What it includes and leaves out, a line each.
    pub fn includes(self) -> &'static [&'static str] {
        self.texts().includes
    }

    fn texts(self) -> &'static Texts {
        match self {
            Convention::Macs => &Texts {
                name: "macs",
                source: "the MACs of archc",
                includes: &["Multiply-accumulates of convolutions, linear layers and matrix products; no biases."],
            },
            Convention::Flops => &Texts {
                name: "flops",
                source: "the FLOPs of archc",
                includes: &["2 x MACs, and every other op's own count, biases among them."],
            },
            Convention::Torchinfo => &torchinfo::TEXTS,
            Convention::Fvcore => &fvcore::TEXTS,
            Convention::Ptflops => &ptflops::TEXTS,
            Convention::PtflopsAten => &ptflops::ATEN,
            Convention::Thop => &thop::TEXTS,
        }
    }
}

/// A convention, and how the program in PyTorch is supposed to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counting {
    pub convention: Convention,
    pub written: Written,
}

impl Counting {
    /// What is supposed of the program, where that makes a difference.
    pub fn supposes(self) -> Option<&'static str> {
        match self.convention {
            Convention::Ptflops | Convention::Thop => Some(self.written.text()),
            Convention::Macs
            | Convention::Flops
            | Convention::Torchinfo
            | Convention::Fvcore
            | Convention::PtflopsAten => None,
        }
    }

    /// What it counts for a node of `batch` images, whose MACs and FLOPs are known. Saturates at `u64::MAX`.
    pub(super) fn count(
        self,
        graph: &Graph,
        id: NodeId,
        inputs: &[&TensorType],
        weights: &[WeightSpec],
        batch: u64,
        [macs, flops]: [u64; 2],
    ) -> u64 {
        let node = graph.node(id);
        let applied = Applied {
            op: node.op.def().name,
            args: &node.args,
            inputs,
            output: &node.output,
            weights,
            batch,
            is_function: self.written.is_function(graph, node, weights),
        };
        match self.convention {
            Convention::Macs => macs,
            Convention::Flops => flops,
            Convention::Torchinfo => torchinfo::count(&applied),
            Convention::Fvcore => fvcore::count(&applied),
            Convention::Ptflops => ptflops::count(&applied),
            Convention::PtflopsAten => ptflops::count_aten(&applied),
            Convention::Thop => thop::count(&applied),
        }
    }
}
