//! What has memory of its own in a plan: how large each tensor is there, with the zeros around it, and when it is needed.

use super::draft::{Draft, Returned, Step};
use super::sketch::ValueId;
use super::slices::{Cut, Load};
use super::step::Work;
use crate::kernels::LANES;

/// The first and the last step that touch a root, counted from 1: inputs are there before the first.
type Life = (usize, usize);

/// Tensors with memory of their own, which others lie inside.
pub(super) struct Roots {
    /// The root of each value, and its first block in it.
    pub of: Vec<(ValueId, usize)>,
    /// Rows and columns of zeros around each: above, below, left, right.
    pub halos: Vec<[usize; 4]>,
    /// When each is needed.
    pub lives: Vec<Option<Life>>,
}

impl Roots {
    pub fn of(draft: &Draft) -> Roots {
        let count = draft.values.len();
        let root_of = |value: ValueId| {
            let (mut root, mut block) = (value, 0);
            while let Some((parent, offset)) = draft.values[root.0].inside {
                (root, block) = (parent, block + offset);
            }
            (root, block)
        };
        let of: Vec<(ValueId, usize)> = (0..count).map(|value| root_of(ValueId(value))).collect();
        let mut halos = vec![[0; 4]; count];
        for step in &draft.steps {
            if let Some((src, reach)) = halo(draft, &step.work, step.output) {
                let halo = &mut halos[of[src.0].0.0];
                for side in 0..4 {
                    halo[side] = halo[side].max(reach[side]);
                }
            }
        }
        let mut lives: Vec<Option<Life>> = vec![None; count];
        let mut touch = |value: ValueId, step: usize| {
            let life = lives[of[value.0].0.0].get_or_insert((step, step));
            life.0 = life.0.min(step);
            life.1 = life.1.max(step);
        };
        draft.inputs.iter().for_each(|input| touch(*input, 0));
        for (index, step) in draft.steps.iter().enumerate() {
            touch(step.output, index + 1);
            step.work.reads().into_iter().for_each(|value| touch(value, index + 1));
        }
        for result in &draft.results {
            if let Returned::Stored { value, .. } = result {
                touch(*value, draft.steps.len() + 1);
            }
        }
        Roots { of, halos, lives }
    }

    /// The floats of a row and of a block of a root, and its blocks.
    pub fn size(&self, draft: &Draft, root: usize) -> (usize, usize, usize) {
        let [channels, height, width] = draft.values[root].image();
        let [above, below, left, right] = self.halos[root];
        let pixel = draft.values[root].pixel;
        let blocks = if pixel == LANES { channels.div_ceil(LANES) } else { 1 };
        let row = (left + width + right) * pixel;
        (row, (above + height + below) * row, blocks)
    }

    /// What each step moves.
    pub fn loads(&self, draft: &Draft) -> Vec<Load> {
        let bytes = |value: ValueId| 4 * draft.values[value.0].shape.iter().product::<usize>();
        let load = |step: &Step| Load {
            tensors: step.work.reads().into_iter().chain([step.output]).map(bytes).sum(),
            weights: step.work.weight_bytes(),
        };
        draft.steps.iter().map(load).collect()
    }

    /// Where no more than one tensor lives on.
    pub fn cuts(&self, draft: &Draft) -> Vec<Cut> {
        // How many come to be and go before each step, and their bytes.
        let steps = draft.steps.len();
        let mut changes = vec![(0i64, 0i64); steps + 2];
        for (root, life) in self.lives.iter().enumerate() {
            if let Some((first, last)) = life {
                let bytes = 4 * draft.values[root].shape.iter().product::<usize>() as i64;
                changes[(*first).min(steps)].0 += 1;
                changes[(*first).min(steps)].1 += bytes;
                changes[(*last).min(steps + 1)].0 -= 1;
                changes[(*last).min(steps + 1)].1 -= bytes;
            }
        }
        let mut alive = (0, 0);
        let mut cuts = Vec::new();
        for (step, change) in changes.iter().enumerate().take(steps) {
            alive = (alive.0 + change.0, alive.1 + change.1);
            if step > 0 && alive.0 <= 1 {
                cuts.push(Cut { step, tensors: alive.1 as usize });
            }
        }
        cuts
    }
}

/// How far a step reads beyond its operand's edges.
fn halo(draft: &Draft, work: &Work, output: ValueId) -> Option<(ValueId, [usize; 4])> {
    let (src, reach) = if let Work::Conv { src, layer, .. } = work {
        (*src, layer.reach())
    } else if let Work::Depthwise { src, layer } = work {
        (*src, layer.reach())
    } else {
        return None;
    };
    let [_, height, width] = draft.values[src.0].image();
    let [_, rows, columns] = draft.values[output.0].image();
    let after = |axis: usize, out: usize, size: usize| {
        let last = (out - 1) * reach.stride[axis] + reach.extent[axis];
        last.saturating_sub(reach.before[axis] + size)
    };
    let [above, left] = reach.before;
    Some((src, [above, after(0, rows, height), left, after(1, columns, width)]))
}
