//! Where the tensors of a plan lie.

use super::draft::{Draft, Returned, Step};
use super::sketch::ValueId;
use super::slices::{self, Cut, Load, Stretch};
use super::step::Work;
use crate::kernels::{LANES, PlacedConvolution, Places, View};
use crate::memory;
use crate::report::bytes;

/// The places of all tensors, for one size of batch.
#[derive(Debug)]
pub(super) struct Layout {
    batch: usize,
    /// How many images the steps compute at once.
    stretches: Vec<Stretch>,
    len: usize,
    /// Where the scratch of convolutions begins, behind all tensors.
    scratch: usize,
    /// The places of the first images that are there.
    views: Vec<View>,
    /// Whether all images of the batch are there at once, rather than those of a stretch.
    whole: Vec<bool>,
    /// What each convolution needs to know of its places.
    convs: Vec<Option<PlacedConvolution>>,
}

/// The first and the last step that touch a root, counted from 1: inputs are there before the first.
type Life = (usize, usize);

impl Layout {
    /// # Errors
    /// A sentence: the tensors of a batch do not fit the memory that is free.
    pub fn new(draft: &Draft, batch: usize, threads: usize) -> Result<Layout, String> {
        let roots = Roots::of(draft);
        let stretches = slices::stretches(&roots.loads(draft), &roots.cuts(draft), batch, threads);
        Layout::with(draft, &roots, stretches, batch, threads)
    }

    /// A layout that changes the number of images at every cut there is.
    #[cfg(test)]
    pub fn in_pieces(draft: &Draft, batch: usize, threads: usize) -> Layout {
        let roots = Roots::of(draft);
        let mut bounds: Vec<usize> = roots.cuts(draft).iter().map(|cut| cut.step).collect();
        bounds.insert(0, 0);
        bounds.push(draft.steps.len());
        let piece = |(index, bounds): (usize, &[usize])| Stretch {
            steps: bounds[0]..bounds[1],
            images: if index % 3 == 1 { batch } else { 1 },
        };
        let stretches = bounds.windows(2).enumerate().map(piece).collect();
        Layout::with(draft, &roots, stretches, batch, threads).unwrap()
    }

    /// A layout for given stretches.
    fn with(
        draft: &Draft,
        roots: &Roots,
        stretches: Vec<Stretch>,
        batch: usize,
        threads: usize,
    ) -> Result<Layout, String> {
        let count = draft.values.len();
        check_size(draft, &roots.halos, batch)?;
        let mut lives = roots.lives.clone();
        let mut images = vec![batch; count];
        for (root, life) in lives.iter_mut().enumerate() {
            let Some(life) = life else { continue };
            let around = |step: usize| stretches.iter().find(|stretch| stretch.steps.contains(&(step - 1)));
            let [first, last] = [life.0, life.1].map(|step| if step == 0 { None } else { around(step) });
            if first.is_some() && first == last {
                images[root] = first.map_or(batch, |stretch| stretch.images);
            } else {
                // All parts of the batch touch it.
                if let Some(stretch) = first.filter(|stretch| stretch.images < batch) {
                    life.0 = stretch.steps.start + 1;
                }
                if let Some(stretch) = last.filter(|stretch| stretch.images < batch) {
                    life.1 = stretch.steps.end;
                }
            }
        }
        let mut places = vec![0; count];
        let len = allocate(
            &lives,
            |root| {
                let (_, block, blocks) = roots.size(draft, root);
                // Kernels may read a whole vector at the last pixel.
                (images[root] * blocks * block + LANES).next_multiple_of(LANES)
            },
            &mut places,
        );
        check_memory(draft, len, batch)?;
        let views: Vec<View> = (0..count)
            .map(|value| {
                let (root, offset) = roots.of[value];
                let (row, block, blocks) = roots.size(draft, root.0);
                let [channels, height, width] = draft.values[value].image();
                let halo @ [above, _, left, _] = roots.halos[root.0];
                let pixel = draft.values[root.0].pixel;
                let start = places[root.0] + offset * block + above * row + left * pixel;
                View { start, channels, height, width, pixel, row, block, image: blocks * block, halo }
            })
            .collect();
        let whole = roots.of.iter().map(|(root, _)| images[root.0] == batch).collect();
        let mut layout = Layout { batch, stretches, len, scratch: len, views, whole, convs: Vec::new() };
        let place = |step: usize, images: usize| {
            let Step { work: Work::Conv { src, layer, add }, output, .. } = &draft.steps[step] else { return None };
            Some(layer.place(&layout.places(*src, *output, *add, 0), images, threads))
        };
        let steps =
            layout.stretches.iter().flat_map(|stretch| stretch.steps.clone().map(|step| (step, stretch.images)));
        layout.convs = steps.map(|(step, images)| place(step, images)).collect();
        layout.len += layout.convs.iter().flatten().map(PlacedConvolution::scratch).max().unwrap_or(0);
        Ok(layout)
    }

    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The stretches that the steps are run in, one after the other.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// Floats of the arena.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Where the images of a batch from `first` on lie.
    pub fn view(&self, value: ValueId, first: usize) -> View {
        let view = &self.views[value.0];
        View { start: view.start + if self.whole[value.0] { first * view.image } else { 0 }, ..*view }
    }

    /// Where a convolution reads and writes, for the images from `first` on.
    pub fn places(&self, src: ValueId, dst: ValueId, add: Option<ValueId>, first: usize) -> Places {
        let view = |value: ValueId| self.view(value, first);
        Places { src: view(src), dst: view(dst), add: add.map(view) }
    }

    /// Where scratch begins.
    pub fn scratch(&self) -> usize {
        self.scratch
    }

    /// A convolution at its place; `step` is one.
    pub fn conv(&self, step: usize) -> &PlacedConvolution {
        self.convs[step].as_ref().expect("every convolution is placed")
    }
}

/// Tensors with memory of their own, which others lie inside.
struct Roots {
    /// The root of each value, and its first block in it.
    of: Vec<(ValueId, usize)>,
    /// Rows and columns of zeros around each: above, below, left, right.
    halos: Vec<[usize; 4]>,
    /// When each is needed.
    lives: Vec<Option<Life>>,
}

impl Roots {
    fn of(draft: &Draft) -> Roots {
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
    fn size(&self, draft: &Draft, root: usize) -> (usize, usize, usize) {
        let [channels, height, width] = draft.values[root].image();
        let [above, below, left, right] = self.halos[root];
        let pixel = draft.values[root].pixel;
        let blocks = if pixel == LANES { channels.div_ceil(LANES) } else { 1 };
        let row = (left + width + right) * pixel;
        (row, (above + height + below) * row, blocks)
    }

    /// What each step moves.
    fn loads(&self, draft: &Draft) -> Vec<Load> {
        let bytes = |value: ValueId| 4 * draft.values[value.0].shape.iter().product::<usize>();
        let load = |step: &Step| Load {
            tensors: step.work.reads().into_iter().chain([step.output]).map(bytes).sum(),
            weights: step.work.weight_bytes(),
        };
        draft.steps.iter().map(load).collect()
    }

    /// Where no more than one tensor lives on.
    fn cuts(&self, draft: &Draft) -> Vec<Cut> {
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
