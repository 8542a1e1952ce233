//! The typed graph that an architecture expands to.
//!
//! A [`Graph`] is built node by node with [`Graph::add`], which asks the op for the type of its result: a node without
//! a type, or with one that its inputs do not allow, can't exist.

mod paths;
mod types;

use std::sync::Arc;

use petgraph::Direction;
use petgraph::graph::DiGraph;
use petgraph::visit::EdgeRef;

pub use petgraph::graph::NodeIndex as NodeId;
pub use types::{MAX_ELEMENTS, TensorType};

use crate::diagnostic::Label;
use crate::ops::{Args, Op, OpError, WeightSpec};
use crate::source::Span;

/// One application of an op.
#[derive(Clone, Debug)]
pub struct Node {
    pub op: Arc<dyn Op>,
    /// What the op was made from; empty for an input.
    pub args: Args,
    /// Where it stands in the architecture, as in `layer1.0.conv1`; its weights' names start with it.
    pub path: Arc<str>,
    /// The type of its one result.
    pub output: TensorType,
    pub origin: Origin,
}

/// The stage that wrote a node, and the block calls that led there.
#[derive(Clone, Debug)]
pub struct Origin {
    pub span: Span,
    pub call: Option<Arc<Call>>,
}

/// A block call: where it stands and which one led to it.
#[derive(Clone, Debug)]
pub struct Call {
    /// The stage that calls.
    pub span: Span,
    /// The name of the block.
    pub block: Arc<str>,
    /// The path of the scope that the call opened.
    pub path: Arc<str>,
    pub parent: Option<Arc<Call>>,
}

impl Call {
    /// The calls from this one outwards, as labels.
    pub fn chain(call: &Option<Arc<Call>>) -> Vec<Label> {
        let mut labels = Vec::new();
        let mut next = call.as_deref();
        while let Some(call) = next {
            let text = format!("in `{}`, called as `{}`", call.block, shortened(&call.path));
            labels.push(Label { span: call.span, text });
            next = call.parent.as_deref();
        }
        labels
    }
}

/// A path as it is shown in a line: the end of a long one tells the most.
fn shortened(path: &str) -> String {
    const SHOWN: usize = 60;
    match path.char_indices().rev().nth(SHOWN) {
        None => path.to_string(),
        Some((start, _)) => format!("...{}", &path[start..]),
    }
}

/// A result of the architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    pub name: Arc<str>,
    pub node: NodeId,
    /// Whether it is the end of the main flow, rather than a side branch.
    pub main: bool,
}

/// A static graph of ops over typed tensors.
///
/// Nodes are in an order in which each comes after its inputs. An edge holds the position of the operand it feeds;
/// [`Graph::inputs`] is the only way to read them, since petgraph lists edges in another order.
#[derive(Clone, Debug)]
pub struct Graph {
    /// The name of the architecture.
    pub name: Arc<str>,
    nodes: DiGraph<Node, u32>,
    inputs: Vec<NodeId>,
    outputs: Vec<Output>,
}

impl Graph {
    pub fn new(name: Arc<str>) -> Graph {
        Graph { name, nodes: DiGraph::new(), inputs: Vec::new(), outputs: Vec::new() }
    }

    /// Adds a node for `op`, which no arguments are known of, applied to `inputs`.
    ///
    /// # Errors
    /// What the op says of inputs that it can't take.
    pub fn add(
        &mut self,
        op: Arc<dyn Op>,
        inputs: &[NodeId],
        path: Arc<str>,
        origin: Origin,
    ) -> Result<NodeId, OpError> {
        self.add_made(op, Args::default(), inputs, path, origin)
    }

    /// Adds a node for `op`, made from `args`, applied to `inputs`.
    ///
    /// # Errors
    /// What the op says of inputs that it can't take.
    pub fn add_made(
        &mut self,
        op: Arc<dyn Op>,
        args: Args,
        inputs: &[NodeId],
        path: Arc<str>,
        origin: Origin,
    ) -> Result<NodeId, OpError> {
        let types: Vec<&TensorType> = inputs.iter().map(|input| &self.nodes[*input].output).collect();
        let output = op.infer(&types)?;
        output.check_size()?;
        let is_input = op.def().operands == crate::ops::Operands::Input;
        let node = self.nodes.add_node(Node { op, args, path, output, origin });
        for (position, input) in inputs.iter().enumerate() {
            self.nodes.add_edge(*input, node, position as u32);
        }
        if is_input {
            self.inputs.push(node);
        }
        Ok(node)
    }

    pub fn add_output(&mut self, output: Output) {
        self.outputs.push(output);
    }

    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// All nodes, each after its inputs.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &Node)> {
        self.nodes.node_indices().map(|id| (id, &self.nodes[id]))
    }

    pub fn len(&self) -> usize {
        self.nodes.node_count()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The operands of a node, in order.
    pub fn inputs(&self, id: NodeId) -> Vec<NodeId> {
        let mut edges: Vec<(u32, NodeId)> =
            self.nodes.edges_directed(id, Direction::Incoming).map(|edge| (*edge.weight(), edge.source())).collect();
        edges.sort_unstable_by_key(|(position, _)| *position);
        edges.into_iter().map(|(_, source)| source).collect()
    }

    /// The types of a node's operands, in order.
    pub fn input_types(&self, id: NodeId) -> Vec<&TensorType> {
        self.inputs(id).into_iter().map(|input| &self.nodes[input].output).collect()
    }

    /// The nodes that read a node's result, each once, in order.
    pub fn readers(&self, id: NodeId) -> Vec<NodeId> {
        let mut readers: Vec<NodeId> = self.nodes.neighbors_directed(id, Direction::Outgoing).collect();
        readers.sort_unstable();
        readers.dedup();
        readers
    }

    /// The weights of a node, in the order its op takes them.
    pub fn weights(&self, id: NodeId) -> Vec<WeightSpec> {
        self.nodes[id].op.weights(&self.input_types(id))
    }

    /// The name of one weight of a node: `layer1.0.conv1.weight`. A weight without a name of its own has the path's.
    pub fn weight_name(&self, id: NodeId, weight: &WeightSpec) -> String {
        match (&*self.nodes[id].path, weight.name) {
            (path, "") => path.to_string(),
            (path, name) => format!("{path}.{name}"),
        }
    }

    /// The architecture's inputs, in the order they are declared.
    pub fn graph_inputs(&self) -> &[NodeId] {
        &self.inputs
    }

    /// The architecture's results, in the order they are declared.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The end of the main flow.
    pub fn main_output(&self) -> Option<&Output> {
        self.outputs.iter().rev().find(|output| output.main)
    }
}
