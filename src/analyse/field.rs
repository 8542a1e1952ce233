//! Receptive fields: which pixels of the input each place of a result is computed from.
//!
//! Rows and columns are followed apart, and exactly: through windows, dilation, padding, pooling with sizes that do not
//! divide, upsampling and transposed convolutions (whose places differ in turn). A result that paths of several branches
//! lead to reads the union of what they read, from the first pixel to the last.

mod lines;

use std::sync::Arc;

use lines::Line;

use crate::ir::{Graph, NodeId, TensorType};
use crate::ops::{Operands, Reach};

/// What one place of a result sees of the input, along rows and columns: `[rows, columns]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// The pixels from the first to the last that a place reads, at the place that reads the most. They count also where
    /// they lie outside of the image, in its padding. Nothing where every value reads the whole image.
    pub size: [Option<u64>; 2],
    /// How many pixels lie between neighbouring places; below 1 where an upsampled image is finer than the input. Nothing
    /// where places are not told apart any more, and where branches of different strides meet.
    pub stride: [Option<f64>; 2],
    /// The middle of what the first place reads, in pixels from the middle of the first pixel; nothing where there is no
    /// stride.
    pub centre: [Option<f64>; 2],
    /// Whether the result is a map: its places are places of the image.
    pub is_map: bool,
}

impl Field {
    /// Rows or columns, whichever are fewer; those of the whole image where every value reads all.
    pub fn smaller(&self, image: [u64; 2]) -> u64 {
        [0, 1].map(|axis| self.size[axis].unwrap_or(image[axis])).into_iter().min().unwrap_or(0)
    }
}

/// The rows and columns of the largest image among the inputs; nothing where none is an image.
pub fn image_size(graph: &Graph) -> Option<[u64; 2]> {
    let sizes = graph.graph_inputs().iter().filter_map(|input| match graph.node(*input).output.shape() {
        [_, height, width] => Some([*height as u64, *width as u64]),
        _ => None,
    });
    sizes.reduce(|a, b| [a[0].max(b[0]), a[1].max(b[1])])
}

/// The receptive field of every node, in order; nothing for what is computed from no image. Several images are laid over
/// one another at their first pixels.
pub fn fields(graph: &Graph) -> Vec<Option<Field>> {
    let lines = follow(graph);
    let nodes = graph.nodes().zip(lines);
    nodes.map(|((_, node), lines)| lines.map(|lines| field(&lines, &node.output))).collect()
}

/// The last map on the way to the main output: what is pooled or flattened in a classifier, the result itself in a fully
/// convolutional network.
pub fn last_map(graph: &Graph, fields: &[Option<Field>]) -> Option<NodeId> {
    let leads = graph.leads_to(graph.main_output()?.node);
    let is_map = |id: &NodeId| leads[id.index()] && fields[id.index()].is_some_and(|field| field.is_map);
    graph.nodes().map(|(id, _)| id).filter(is_map).last()
}

fn field(lines: &Lines, output: &TensorType) -> Field {
    let places = |line: &Line| line.dim.map_or(1, |dim| output.shape()[dim]);
    let [rows, columns] = &**lines;
    let both = [rows, columns];
    let steps = both.map(|line| line.step());
    Field {
        size: both.map(|line| line.size(places(line))),
        stride: steps.map(|step| step.map(|(stride, _)| stride)),
        centre: steps.map(|step| step.map(|(_, centre)| centre)),
        is_map: both.iter().all(|line| line.dim.is_some()),
    }
}

/// Rows and columns; nodes that read alike share them.
type Lines = Arc<[Line; 2]>;

fn follow(graph: &Graph) -> Vec<Option<Lines>> {
    let mut all: Vec<Option<Lines>> = Vec::with_capacity(graph.len());
    for (id, node) in graph.nodes() {
        let lines = match node.op.def().operands {
            Operands::Input => (node.output.rank() == 3).then(|| Arc::new([Line::pixels(1), Line::pixels(2)])),
            Operands::Source => None,
            Operands::Flow | Operands::Merge { .. } | Operands::Pair { .. } => {
                let inputs = graph.inputs(id);
                let types: Vec<&TensorType> = inputs.iter().map(|input| &graph.node(*input).output).collect();
                let reads: Vec<Option<&Lines>> = inputs.iter().map(|input| all[input.index()].as_ref()).collect();
                match reads.iter().any(Option::is_some) {
                    true => Some(read(&node.op.reach(&types, &node.output), &reads, &types, &node.output)),
                    false => None,
                }
            }
        };
        all.push(lines);
    }
    all
}

/// What a result reads by its op's reach, of operands one of which reads an image.
fn read(reach: &Reach, reads: &[Option<&Lines>], types: &[&TensorType], output: &TensorType) -> Lines {
    let first = || reads.iter().zip(types).find_map(|(lines, ty)| lines.map(|lines| (lines, ty)));
    match reach {
        Reach::Same => {
            if let ([Some(only)], [ty]) = (reads, types)
                && ty.rank() == output.rank()
            {
                return Arc::clone(only);
            }
            let operands = || reads.iter().zip(types).filter_map(|(lines, ty)| lines.map(|lines| (lines, ty)));
            Arc::new([0, 1].map(|axis| {
                let lines = operands().map(|(lines, ty)| lines[axis].broadcast(ty.shape(), output.shape()));
                lines.reduce(|a, b| a.union(b)).unwrap_or_else(|| Line::whole(None))
            }))
        }
        Reach::Along(along) => match first() {
            Some((lines, _)) => Arc::new([0, 1].map(|axis| match lines[axis].dim == Some(*along) {
                true => Line::whole(Some(*along)),
                false => lines[axis].clone(),
            })),
            None => Arc::new([Line::whole(None), Line::whole(None)]),
        },
        Reach::Steps(steps) => match first() {
            Some((lines, _)) => Arc::new([0, 1].map(|axis| {
                // The line that runs along this axis of the image is stepped over; one that does not stays as it is.
                let line = &lines[axis];
                match line.dim {
                    Some(dim @ (1 | 2)) => line.step_by(&steps[dim - 1]),
                    Some(_) | None => line.clone(),
                }
            })),
            None => Arc::new([Line::whole(None), Line::whole(None)]),
        },
        Reach::Dims(dims) => match first() {
            Some((lines, ty)) => Arc::new([0, 1].map(|axis| lines[axis].moved(dims, ty.shape()))),
            None => Arc::new([Line::whole(None), Line::whole(None)]),
        },
        Reach::All => Arc::new([Line::whole(None), Line::whole(None)]),
    }
}

#[cfg(test)]
mod tests;
