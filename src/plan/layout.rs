//! Where the tensors of a plan lie.

use super::draft::{Draft, Returned, Step};
use super::sketch::ValueId;
use super::step::Work;
use crate::kernels::{Arena, LANES, PlacedConvolution, View, clear_halo};
use crate::memory;
use crate::report::bytes;

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
    /// # Errors
    /// A sentence: the tensors of a batch do not fit the memory that is free.
    pub fn new(draft: &Draft, batch: usize, threads: usize) -> Result<Layout, String> {
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
            if let Returned::Stored { value, .. } = result {
                touch(*value, draft.steps.len() + 1);
            }
        }

        check_size(draft, &halos, batch)?;
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
        check_memory(draft, len, batch)?;
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
        let place = |step: &Step| {
            let Work::Conv { src, layer, add } = &step.work else { return None };
            Some(layer.place(view(*src), view(step.output), add.map(view), batch, threads))
        };
        let convs: Vec<Option<PlacedConvolution>> = draft.steps.iter().map(place).collect();
        let scratch = len;
        let len = len + convs.iter().flatten().map(PlacedConvolution::scratch).max().unwrap_or(0);
        Ok(Layout { batch, len, scratch, views, convs, halos, begins })
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

/// Makes sure that all lengths can be reckoned with: a block of a tensor has places of 32 bits, and a batch of a tensor fits
/// any memory there is.
fn check_size(draft: &Draft, halos: &[[usize; 4]], batch: usize) -> Result<(), String> {
    for (value, [above, below, left, right]) in draft.values.iter().zip(halos) {
        let [channels, height, width] = value.image();
        let places = (height + above + below).checked_mul(width + left + right);
        let floats =
            places.and_then(|places| places.checked_mul(LANES)).filter(|floats| u32::try_from(*floats).is_ok());
        let Some(floats) = floats else {
            return Err(format!("an image of {height}x{width} pixels is too large to compute"));
        };
        let all = floats.checked_mul(channels.div_ceil(LANES)).and_then(|all| all.checked_mul(batch));
        if all.is_none_or(|all| all as u64 >= 1 << 46) {
            return Err(format!("a batch of {batch} images of {channels}x{height}x{width} is too large to compute"));
        }
    }
    Ok(())
}

/// Makes sure that tensors in an arena of `len` floats fit the memory that is free, beside the inputs and results that
/// come and go as candle's.
fn check_memory(draft: &Draft, len: usize, batch: usize) -> Result<(), String> {
    let inputs = draft.inputs.iter().map(|input| &draft.values[input.0].shape);
    let results = draft.results.iter().filter_map(|result| match result {
        Returned::Stored { shape, .. } => Some(shape),
        Returned::Constant(_) => None,
    });
    let outside = inputs.chain(results).map(|shape| batch * shape.iter().product::<usize>()).sum::<usize>();
    let needed = 4 * (len + outside) as u64;
    match memory::available().filter(|available| needed > *available) {
        Some(available) => {
            let (needed, available) = (bytes(needed), bytes(available));
            Err(format!(
                "a batch of {batch} takes {needed}, and {available} are free; a smaller batch or image takes less"
            ))
        }
        None => Ok(()),
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
