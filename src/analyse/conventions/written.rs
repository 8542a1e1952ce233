//! How PyTorch's program is written, where programs that count tell the difference: `nn.ReLU()` is a module, which hooks
//! see, and `F.relu(x)` a function, which they don't.

use crate::ir::{Graph, Node};
use crate::ops::WeightSpec;

/// Which ops without weights PyTorch's program calls as functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Those that torchvision's programs do, by the names of the zoo and the standard library; all others are modules.
    Published,
    /// None: each op is a module.
    Modules,
    /// All.
    Functions,
}

/// Ops of an architecture that are functions.
struct Functions {
    archs: &'static [&'static str],
    /// What their paths begin with.
    within: &'static str,
    ops: &'static [&'static str],
}

/// Ops of these blocks are functions: the one of torchvision's `BasicConv2d`.
static BLOCKS: &[&str] = &["conv_bn_relu"];

static ARCHS: &[Functions] = &[
    Functions { archs: &["inception_v3"], within: "Mixed_", ops: &["avg_pool", "max_pool"] },
    Functions { archs: &["mobilenet_v2"], within: "", ops: &["global_avg_pool"] },
    Functions {
        archs: &["densenet121", "densenet161", "densenet169", "densenet201"],
        within: "",
        ops: &["global_avg_pool"],
    },
    // The last one, behind `norm5`; the first is `relu0`.
    Functions {
        archs: &["densenet121", "densenet161", "densenet169", "densenet201"],
        within: "features.relu2",
        ops: &["relu"],
    },
];

impl Written {
    /// What is supposed, as a sentence.
    pub(super) fn text(self) -> &'static str {
        match self {
            Written::Published => {
                "Ops without weights are taken for modules, and for functions where torchvision's programs call them."
            }
            Written::Modules => "Ops without weights are taken for modules.",
            Written::Functions => "Ops without weights are taken for functions.",
        }
    }

    /// Whether a node of a graph, which has these weights, is a function.
    pub(super) fn is_function(self, graph: &Graph, node: &Node, weights: &[WeightSpec]) -> bool {
        match self {
            Written::Modules => false,
            Written::Functions => true,
            Written::Published => {
                let block = node.origin.call.as_deref().map(|call| &*call.block);
                let in_block = weights.is_empty() && block.is_some_and(|block| BLOCKS.contains(&block));
                let op = node.op.def().name;
                in_block
                    || ARCHS.iter().any(|functions| {
                        functions.archs.contains(&&*graph.name)
                            && node.path.starts_with(functions.within)
                            && functions.ops.contains(&op)
                    })
            }
        }
    }
}
