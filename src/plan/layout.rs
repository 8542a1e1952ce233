//! Where the tensors of a plan lie.

use super::draft::{Draft, Result_, Step};
use super::sketch::ValueId;
use super::step::Work;
use crate::kernels::{Arena, LANES, PlacedConvolution, View, clear_halo};

/// The places of all tensors, for one size of batch.
#[derive(Debug)]
pub(super) struct Layout {
    batch: usize,
    len: usize,
    /// Where the scratch of convolutions begins, behind all tensors.
    scratch: usize,
    views: Vec<View>,
    /// Rows and columns of zeros around each root: above, below, left, right.
    halos: Vec<[usize; 4]>,
    /// The roots that come to be with each step.
    begins: Vec<Vec<ValueId>>,
    /// What each convolution needs to know of its places.
    convs: Vec<Option<PlacedConvolution>>,
}

impl Layout {
    pub fn new(draft: &Draft, batch: usize, threads: usize) -> Layout {
        let count = draft.values.len();
        let root_of = |value: ValueId| {
            let (mut root, mut block) = (value, 0);
            while let Some((parent, offset)) = draft.values[root.0].inside {
                (root, block) = (parent, block + offset);
            }
            (root, block)
        };
        let roots: Vec<(ValueId, usize)> = (0..count).map(|value| root_of(ValueId(value))).collect();

        let mut halos = vec![[0; 4]; count];
        for step in &draft.steps {
            if let Some((src, reach)) = halo(draft, &step.work, step.output) {
                let halo = &mut halos[roots[src.0].0.0];
                for side in 0..4 {
                    halo[side] = halo[side].max(reach[side]);
                }
            }
        }

        // The first and the last step that touch each root; inputs are there before the first.
        let mut lives: Vec<Option<(usize, usize)>> = vec![None; count];
        let mut touch = |value: ValueId, step: usize| {
            let life = lives[roots[value.0].0.0].get_or_insert((step, step));
            life.0 = life.0.min(step);
            life.1 = life.1.max(step);
        };
        draft.inputs.iter().for_each(|input| touch(*input, 0));
        for (index, step) in draft.steps.iter().enumerate() {
            touch(step.output, index + 1);
            step.work.reads().into_iter().for_each(|value| touch(value, index + 1));
        }
        for result in &draft.results {
            if let Result_::Stored { value, .. } = result {
                touch(*value, draft.steps.len() + 1);
            }
        }

        let size = |root: usize| {
            let [channels, height, width] = draft.values[root].image();
            let [above, below, left, right] = halos[root];
            let pixel = draft.values[root].pixel;
            let blocks = if pixel == LANES { channels.div_ceil(LANES) } else { 1 };
            let row = (left + width + right) * pixel;
            (row, (above + height + below) * row, blocks)
        };
        let mut places = vec![0; count];
        let len = allocate(
            &lives,
            |root| {
                let (_, block, blocks) = size(root);
                // Kernels may read a whole vector at the last pixel.
                (batch * blocks * block + LANES).next_multiple_of(LANES)
            },
            &mut places,
        );
        let views: Vec<View> = (0..count)
            .map(|value| {
                let (root, offset) = roots[value];
                let (row, block, blocks) = size(root.0);
                let [channels, height, width] = draft.values[value].image();
                let [above, _, left, _] = halos[root.0];
                let pixel = draft.values[root.0].pixel;
                let start = places[root.0] + offset * block + above * row + left * pixel;
                View { start, channels, height, width, pixel, row, block, image: blocks * block }
            })
            .collect();
        let mut begins = vec![Vec::new(); draft.steps.len()];
        for (root, life) in lives.iter().enumerate() {
            if let Some((first @ 1.., _)) = life
                && halos[root] != [0; 4]
                && *first <= draft.steps.len()
            {
                begins[first - 1].push(ValueId(root));
            }
        }
        let view = |value: ValueId| &views[value.0];
        let place = |step: &Step| match &step.work {
            Work::Conv { src, layer, add } => {
                Some(layer.place(view(*src), view(step.output), add.map(view), batch, threads))
            }
            _ => None,
        };
        let convs: Vec<Option<PlacedConvolution>> = draft.steps.iter().map(place).collect();
        let scratch = len;
        let len = len + convs.iter().flatten().map(PlacedConvolution::scratch).max().unwrap_or(0);
        Layout { batch, len, scratch, views, convs, halos, begins }
    }

    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Floats of the arena.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn view(&self, value: ValueId) -> &View {
        &self.views[value.0]
    }

    /// Where scratch begins.
    pub fn scratch(&self) -> usize {
        self.scratch
    }

    /// A convolution at its place; `step` is one.
    pub fn conv(&self, step: usize) -> &PlacedConvolution {
        self.convs[step].as_ref().expect("every convolution is placed")
    }

    /// The roots with zeros around them that come to be with a step.
    pub fn begins(&self, step: usize) -> &[ValueId] {
        &self.begins[step]
    }

    /// Writes the zeros around a root.
    pub fn clear(&self, arena: &mut Arena, root: ValueId) {
        clear_halo(arena, &self.views[root.0], self.halos[root.0], self.batch);
    }
}

/// How far a step reads beyond its operand's edges.
fn halo(draft: &Draft, work: &Work, output: ValueId) -> Option<(ValueId, [usize; 4])> {
    let (src, reach) = match work {
        Work::Conv { src, layer, .. } => (*src, layer.reach()),
        Work::Depthwise { src, layer } => (*src, layer.reach()),
        _ => return None,
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

/// Gives every root a place such that none that live at the same time overlap, the largest first; returns the length.
fn allocate(lives: &[Option<(usize, usize)>], size: impl Fn(usize) -> usize, places: &mut [usize]) -> usize {
    let mut order: Vec<(usize, usize)> =
        (0..lives.len()).filter(|root| lives[*root].is_some()).map(|root| (size(root), root)).collect();
    order.sort_by_key(|(size, root)| (std::cmp::Reverse(*size), *root));
    let mut placed: Vec<(usize, usize, (usize, usize))> = Vec::new();
    let mut len = 0;
    for (size, root) in order {
        let life = lives[root].expect("filtered above");
        let mut taken: Vec<(usize, usize)> = placed
            .iter()
            .filter(|(_, _, other)| other.0 <= life.1 && life.0 <= other.1)
            .map(|(from, to, _)| (*from, *to))
            .collect();
        taken.sort_unstable();
        let mut at = 0;
        for (from, to) in taken {
            if at + size <= from {
                break;
            }
            at = at.max(to);
        }
        places[root] = at;
        placed.push((at, at + size, life));
        len = len.max(at + size);
    }
    len
}
