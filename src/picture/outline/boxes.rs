//! Which ops share a box.

use super::build::Builder;
use super::{Kind, PartId};
use crate::ir::{Graph, NodeId};
use crate::ops::{Form, Operands};

/// Whether an op only adorns what another one computes: it has one operand, as many elements as that, and multiplies
/// nothing.
pub(super) fn is_light(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    match node.op.def().operands {
        Operands::Source | Operands::Input => false,
        Operands::Flow | Operands::Merge { .. } | Operands::Pair { .. } => {
            let inputs = graph.input_types(id);
            let [input] = inputs.as_slice() else { return false };
            let pools = matches!(node.op.form(&inputs), Form::Pool { .. });
            input.elements() == node.output.elements() && node.op.cost(&inputs, &node.output).macs == 0 && !pools
        }
    }
}

/// Joins the boxes of a frame that are read by the next one alone: norms and activations with the op before them or,
/// where there is none, with the one behind. `children` are in an order in which each comes after those it reads.
pub(super) fn join(builder: &mut Builder, children: &[PartId]) -> Vec<PartId> {
    let links = builder.links(children);
    let next = links.only_next(children.len());
    let mut joined: Vec<Option<PartId>> = children.iter().copied().map(Some).collect();
    // Where the box that a child ended up in stands.
    let mut place: Vec<usize> = (0..children.len()).collect();
    for child in 0..children.len() {
        let at = place[child];
        let (Some(next), Some(id)) = (next[child], joined[at]) else { continue };
        let Some(other) = joined[next].filter(|other| *other == children[next]) else { continue };
        if builder.parts[id.0].kind == Kind::Box && builder.parts[other.0].kind == Kind::Box && fits(builder, id, other)
        {
            builder.append(id, other);
            joined[next] = None;
            place[next] = at;
        }
    }
    joined.into_iter().flatten().collect()
}

/// Whether `other` may follow in the same box: it only adorns, or only what adorns stands in the box so far. A box that
/// began with what adorns ends with what it led to.
fn fits(builder: &Builder, id: PartId, other: PartId) -> bool {
    let light = |part: PartId| builder.parts[part.0].nodes.iter().map(|node| is_light(builder.graph, *node));
    let begins_light = light(id).next() == Some(true);
    let all_light = light(id).all(|light| light);
    let source = builder.parts[id.0].nodes.iter().any(|node| builder.graph.inputs(*node).is_empty());
    !source && (all_light || (!begins_light && light(other).all(|light| light)))
}
