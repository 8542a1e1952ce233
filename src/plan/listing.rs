//! What a plan does, for people and programs to read.

use serde::Serialize;

use super::Plan;
use super::draft::{Draft, Step};
use super::layout::Layout;
use super::sketch::{Joined, ValueId};

/// A plan for batches of one size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// The vector instructions that kernels use.
    pub simd: &'static str,
    pub batch: usize,
    /// The bytes that tensors and scratch lie in.
    pub arena_bytes: usize,
    /// The bytes of all packed weights.
    pub weight_bytes: usize,
    pub steps: Vec<Listed>,
    /// Nodes that no step computes.
    pub removed: Vec<Removed>,
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Where its own node stands in the architecture.
    pub path: String,
    /// What computes it.
    pub kernel: String,
    /// Whether that is one of candle's ops, for want of a kernel.
    pub fallback: bool,
    /// The other nodes that it computes.
    pub joined: Vec<Node>,
    /// The shapes of what it reads, without the batch.
    pub inputs: Vec<Vec<usize>>,
    /// The shape of its result, without the batch.
    pub output: Vec<usize>,
    /// Multiply-accumulates by the definition, for the whole batch.
    pub macs: u64,
    /// How many images of the batch it computes at once.
    pub images: usize,
    /// How many rows of its result it computes before the steps that read them do; 0 for all.
    pub rows: usize,
    /// The bytes of its packed weights.
    pub weight_bytes: usize,
    /// Where the first value of its result lies in the arena, in bytes.
    pub offset: usize,
    /// The step whose result the result is a part of, or is written over by.
    pub inside: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    pub path: String,
    pub op: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Removed {
    #[serde(flatten)]
    pub node: Node,
    pub why: &'static str,
}

impl Plan {
    /// The steps and what was made of the graph's nodes, for batches of `batch`.
    ///
    /// # Errors
    /// A sentence: such a batch does not fit the memory that is free.
    pub fn listing(&self, batch: usize) -> Result<Listing, String> {
        let draft = &self.draft;
        let layout = Layout::new(draft, batch, self.threads())?;
        let mut steps = Vec::new();
        for stretch in layout.stretches() {
            for sweep in layout.sweeps(stretch) {
                for step in sweep.steps.clone() {
                    let rows = (0..sweep.bands()).map(|band| sweep.rows(step, band).len()).max().unwrap_or(0);
                    let rows = if sweep.bands() == 1 { 0 } else { rows };
                    steps.push(listed(draft, &layout, &draft.steps[step], stretch.images, rows));
                }
            }
        }
        let removed = draft.removed.iter().map(|(joined, why)| Removed { node: node(joined), why });
        Ok(Listing {
            simd: self.level.name(),
            batch,
            arena_bytes: 4 * layout.len(),
            weight_bytes: steps.iter().map(|step| step.weight_bytes).sum(),
            steps,
            removed: removed.collect(),
        })
    }
}

fn listed(draft: &Draft, layout: &Layout, step: &Step, images: usize, rows: usize) -> Listed {
    let shape = |value: ValueId| draft.values[value.0].shape.clone();
    let maker = |value: ValueId| draft.steps.iter().find(|step| step.output == value);
    let inside = draft.values[step.output.0].inside.and_then(|(whole, _)| maker(whole));
    let view = layout.view(step.output, 0);
    Listed {
        path: step.path.to_string(),
        kernel: step.work.describe(),
        fallback: step.work.is_fallback(),
        joined: step.joined.iter().map(node).collect(),
        inputs: step.work.reads().into_iter().map(shape).collect(),
        output: shape(step.output),
        macs: layout.batch() as u64 * step.macs,
        images,
        rows,
        weight_bytes: step.work.weight_bytes(),
        offset: 4 * view.start,
        inside: inside.map(|step| step.path.to_string()),
    }
}

fn node(joined: &Joined) -> Node {
    Node { path: joined.path.to_string(), op: joined.op }
}
