//! Where the tensors of a plan lie.

use std::ops::Range;

use super::draft::{Draft, Returned, Step};
use super::roots::Roots;
use super::sketch::ValueId;
use super::slices::{self, Stretch};
use super::step::Work;
use super::sweeps::{self, Sweep, Uses};
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
    /// The sweeps of all steps, in their order.
    sweeps: Vec<Sweep>,
    /// What each convolution needs to know of its places, for every band that it has rows in.
    convs: Vec<Vec<Option<PlacedConvolution>>>,
}

/// What of a step is computed: the rows of a band, of the images from `first` on.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub sweep: &'a Sweep,
    pub step: usize,
    pub band: usize,
    pub first: usize,
}

impl Layout {
    /// # Errors
    /// A sentence: the tensors of a batch do not fit the memory that is free.
    pub fn new(draft: &Draft, batch: usize, threads: usize) -> Result<Layout, String> {
        let roots = Roots::of(draft);
        let (loads, uses) = (roots.loads(draft), Uses::of(draft, &roots));
        let stretches = slices::stretches(&loads, &roots.cuts(draft), batch, threads);
        let sweeps = stretches.iter().flat_map(|stretch| {
            sweeps::sweeps(draft, &roots, &uses, &loads, stretch.steps.clone(), stretch.images, threads)
        });
        let sweeps = sweeps.collect();
        Layout::with(draft, &roots, stretches, sweeps, batch, threads)
    }

    /// A layout that changes the number of images at every cut there is, and computes row by row between.
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
        let stretches: Vec<Stretch> = bounds.windows(2).enumerate().map(piece).collect();
        let uses = Uses::of(draft, &roots);
        let sweeps = stretches.iter().flat_map(|stretch| sweeps::finest(draft, &roots, &uses, stretch.steps.clone()));
        let sweeps = sweeps.collect();
        Layout::with(draft, &roots, stretches, sweeps, batch, threads).unwrap()
    }

    /// A layout for given stretches.
    fn with(
        draft: &Draft,
        roots: &Roots,
        stretches: Vec<Stretch>,
        sweeps: Vec<Sweep>,
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
        // What is touched by some steps of a sweep is there for all of them.
        let mut windows = vec![None; count];
        for sweep in sweeps.iter().filter(|sweep| sweep.bands() > 1) {
            sweep.windows().for_each(|(value, rows)| windows[value.0] = Some(rows));
            for life in lives.iter_mut().flatten() {
                if life.0 > 0 && sweep.steps.contains(&(life.0 - 1)) {
                    life.0 = sweep.steps.start + 1;
                }
                if life.1 > 0 && sweep.steps.contains(&(life.1 - 1)) {
                    life.1 = sweep.steps.end;
                }
            }
        }
        // The floats of a block: all rows, or those that are kept.
        let block_of = |root: usize| {
            let (row, block, _) = roots.size(draft, root);
            windows[root].map_or(block, |rows| rows * row)
        };
        let mut places = vec![0; count];
        let len = allocate(
            &lives,
            |root| {
                let (_, _, blocks) = roots.size(draft, root);
                // Kernels may read a whole vector at the last pixel.
                (images[root] * blocks * block_of(root) + LANES).next_multiple_of(LANES)
            },
            &mut places,
        );
        check_memory(draft, len, batch)?;
        let views: Vec<View> = (0..count)
            .map(|value| {
                let (root, offset) = roots.of[value];
                let (row, _, blocks) = roots.size(draft, root.0);
                let block = block_of(root.0);
                let [channels, height, width] = draft.values[value].image();
                let halo @ [above, _, left, _] = roots.halos[root.0];
                let pixel = draft.values[root.0].pixel;
                // Where rows are kept, the first that is there changes from band to band.
                let above = if windows[root.0].is_some() { 0 } else { above };
                let start = places[root.0] + offset * block + above * row + left * pixel;
                View { start, channels, height, width, pixel, row, block, image: blocks * block, halo }
            })
            .collect();
        let whole = roots.of.iter().map(|(root, _)| images[root.0] == batch).collect();
        let mut layout = Layout { batch, stretches, len, scratch: len, views, whole, sweeps, convs: Vec::new() };
        let mut convs = Vec::new();
        for stretch in &layout.stretches {
            for sweep in layout.sweeps(stretch) {
                for step in sweep.steps.clone() {
                    let place = |band: usize| {
                        let step_here = &draft.steps[step];
                        let Step { work: Work::Conv { src, layer, add }, output, .. } = step_here else { return None };
                        let part = Part { sweep, step, band, first: 0 };
                        let rows = sweep.rows(step, band);
                        let places = || layout.places(*src, *output, *add, &step_here.work, part);
                        (!rows.is_empty()).then(|| layer.place(&places(), stretch.images, threads))
                    };
                    convs.push((0..sweep.bands()).map(place).collect());
                }
            }
        }
        layout.convs = convs;
        let scratch = layout.convs.iter().flatten().flatten().map(PlacedConvolution::scratch);
        layout.len += scratch.max().unwrap_or(0);
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

    /// The sweeps of a stretch.
    pub fn sweeps(&self, stretch: &Stretch) -> &[Sweep] {
        let at = |step: usize| self.sweeps.partition_point(|sweep| sweep.steps.start < step);
        &self.sweeps[at(stretch.steps.start)..at(stretch.steps.end)]
    }

    /// Where a step writes the rows of a part.
    pub fn written(&self, value: ValueId, part: Part<'_>) -> View {
        let [_, _, left, right] = self.views[value.0].halo;
        let whole = self.view(value, part.first);
        if part.sweep.bands() == 1 {
            return whole;
        }
        let rows = part.sweep.rows(part.step, part.band);
        let [above, below, ..] = whole.halo;
        let above = if rows.start == 0 { above } else { 0 };
        let below = if rows.end == whole.height { below } else { 0 };
        View { halo: [above, below, left, right], ..self.rows(value, rows, part) }
    }

    /// Where a step finds its operand, for the rows of a part.
    pub fn read(&self, value: ValueId, work: &Work, part: Part<'_>) -> View {
        let rows = || sweeps::viewed(work, part.sweep.rows(part.step, part.band));
        if part.sweep.bands() == 1 { self.view(value, part.first) } else { self.rows(value, rows(), part) }
    }

    /// Where a step finds an operand of which it reads the rows that it writes.
    pub fn beside(&self, value: ValueId, part: Part<'_>) -> View {
        let rows = || part.sweep.rows(part.step, part.band);
        if part.sweep.bands() == 1 { self.view(value, part.first) } else { self.rows(value, rows(), part) }
    }

    /// Some rows of a tensor, with no zeros above and below.
    fn rows(&self, value: ValueId, rows: Range<usize>, part: Part<'_>) -> View {
        let whole = self.view(value, part.first);
        let [_, _, left, right] = whole.halo;
        let first = part.sweep.first(value, part.band).unwrap_or(0);
        let row = rows.start.checked_add_signed(-first).expect("rows that are read are there");
        View { start: whole.start + row * whole.row, height: rows.len(), halo: [0, 0, left, right], ..whole }
    }

    /// Where a convolution reads and writes.
    pub fn places(&self, src: ValueId, dst: ValueId, add: Option<ValueId>, work: &Work, part: Part<'_>) -> Places {
        Places {
            src: self.read(src, work, part),
            dst: self.written(dst, part),
            add: add.map(|add| self.beside(add, part)),
        }
    }

    /// Where scratch begins.
    pub fn scratch(&self) -> usize {
        self.scratch
    }

    /// A convolution at its place; the step is one.
    pub fn conv(&self, part: Part<'_>) -> &PlacedConvolution {
        self.convs[part.step][part.band].as_ref().expect("every convolution is placed")
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
