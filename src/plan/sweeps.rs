//! Steps that compute an image by bands of rows: each of them some rows, before any begins with the next ones. What one
//! writes is then in the nearest cache when the next reads it, and only the rows that are still read need memory.

use std::ops::Range;

use super::draft::{Draft, Returned};
use super::roots::Roots;
use super::sketch::ValueId;
use super::slices::{Load, NEAR, TENSORS, WEIGHTS, tensor_rate};
use super::step::Work;
use crate::kernels::{Convolution, Span};

/// Consecutive steps and the bands that they compute each image in.
#[derive(Clone, Debug)]
pub(super) struct Sweep {
    pub steps: Range<usize>,
    /// For each step the row of its result that it comes to with each band.
    ends: Vec<Vec<usize>>,
    /// For each step whose result these steps alone read, what is kept of it.
    kept: Vec<Option<Kept>>,
    /// For each step its result.
    made: Vec<ValueId>,
}

/// The rows of a tensor that are in memory.
#[derive(Clone, Debug)]
struct Kept {
    /// The first of them in each band, counted from the first row of the image: those before it are zeros above.
    first: Vec<isize>,
    /// One past the last of them when each band ends, with the zeros below the image.
    ends: Vec<usize>,
    /// How many there are at most.
    rows: usize,
}

/// Steps in a sweep, at most.
const STEPS: usize = 8;
/// Rows of the last step's result in a band.
const ROWS: [usize; 4] = [4, 8, 16, 32];
/// Nanoseconds to begin and end a step for another band.
const CALL: f64 = 1500.0;
/// Steps whose tensors take fewer nanoseconds to come and go are not worth a sweep.
const LEAST: f64 = 25_000.0;
/// Nanoseconds to move a byte that is kept for the next band.
const MOVE: f64 = 1.0 / 30.0;
/// Packed weights of more bytes than this are not read anew for every band.
const WEIGHTS_AT_MOST: usize = 384 << 10;

impl Sweep {
    /// A step for all rows at once.
    fn whole(draft: &Draft, step: usize) -> Sweep {
        let made = draft.steps[step].output;
        let [_, height, _] = draft.values[made.0].image();
        Sweep { steps: step..step + 1, ends: vec![vec![height]], kept: vec![None], made: vec![made] }
    }

    /// Steps that compute so many bands.
    fn new(draft: &Draft, roots: &Roots, uses: &Uses, steps: Range<usize>, bands: usize) -> Sweep {
        let made: Vec<ValueId> = steps.clone().map(|step| draft.steps[step].output).collect();
        let mut sweep =
            Sweep { ends: vec![Vec::new(); steps.len()], kept: vec![None; steps.len()], made, steps: steps.clone() };
        // Readers come first, since they say how far their operands have to be.
        for step in steps.clone().rev() {
            let index = step - steps.start;
            let value = sweep.made[index];
            let readers: Vec<usize> =
                uses.readers[value.0].iter().copied().filter(|reader| steps.contains(reader)).collect();
            sweep.ends[index] = (0..bands).map(|band| sweep.end(draft, value, &readers, band, bands)).collect();
            if uses.is_inner(draft, roots, value, &steps) {
                sweep.kept[index] = Some(sweep.kept(draft, roots.halos[value.0], step, &readers));
            }
        }
        sweep
    }

    /// The row that a value has to come to with a band.
    fn end(&self, draft: &Draft, value: ValueId, readers: &[usize], band: usize, bands: usize) -> usize {
        let [_, height, _] = draft.values[value.0].image();
        if band + 1 == bands {
            return height;
        }
        let needed = |reader: &usize| {
            let rows = 0..self.ends[reader - self.steps.start][band];
            let end = if rows.is_empty() { 0 } else { reads(&draft.steps[*reader].work, value, rows).end };
            end.clamp(0, height as isize) as usize
        };
        readers.iter().map(needed).max().unwrap_or(height * (band + 1) / bands)
    }

    /// What is kept of a step's result for its readers in the sweep.
    fn kept(&self, draft: &Draft, [above, below, ..]: [usize; 4], step: usize, readers: &[usize]) -> Kept {
        let value = draft.steps[step].output;
        let height = |value: ValueId| draft.values[value.0].image()[1];
        let mut kept = Kept { first: Vec::new(), ends: Vec::new(), rows: 0 };
        for band in 0..self.bands_of(step) {
            // The first row that a reader needs still, unless it is through.
            let needed = |reader: &usize| {
                let row = self.rows(*reader, band).start;
                let is_through = row == height(draft.steps[*reader].output);
                let first = || reads(&draft.steps[*reader].work, value, row..row + 1).start.max(-(above as isize));
                (!is_through).then(first)
            };
            let Range { start, end } = self.rows(step, band);
            let first = match start {
                0 => -(above as isize),
                start => readers.iter().filter_map(needed).min().unwrap_or(start as isize).min(start as isize),
            };
            let end = if end == height(value) { end + below } else { end };
            kept.rows = kept.rows.max(end.saturating_add_signed(-first));
            kept.first.push(first);
            kept.ends.push(end);
        }
        kept
    }

    fn bands_of(&self, step: usize) -> usize {
        self.ends[step - self.steps.start].len()
    }

    pub fn bands(&self) -> usize {
        self.bands_of(self.steps.start)
    }

    /// The rows of its result that a step computes with a band.
    pub fn rows(&self, step: usize, band: usize) -> Range<usize> {
        let ends = &self.ends[step - self.steps.start];
        let start = if band == 0 { 0 } else { ends[band - 1] };
        start..ends[band]
    }

    /// The results of which only some rows are in memory, with how many those are at most.
    pub fn windows(&self) -> impl Iterator<Item = (ValueId, usize)> {
        self.made.iter().zip(&self.kept).filter_map(|(value, kept)| Some((*value, kept.as_ref()?.rows)))
    }

    /// The first row of a tensor that is in memory with a band, where not all are.
    pub fn first(&self, value: ValueId, band: usize) -> Option<isize> {
        let index = self.step_of(value)? - self.steps.start;
        Some(self.kept[index].as_ref()?.first[band])
    }

    /// The step that makes a value.
    fn step_of(&self, value: ValueId) -> Option<usize> {
        Some(self.steps.start + self.made.iter().position(|made| *made == value)?)
    }

    /// What is kept of a step's result when a band begins: from which row in memory on, and how many rows; they move to the
    /// front.
    pub fn slide(&self, step: usize, band: usize) -> Option<(usize, usize)> {
        let index = step - self.steps.start;
        let kept = self.kept[index].as_ref()?;
        let before = band.checked_sub(1)?;
        let by = kept.first[band] - kept.first[before];
        let count = kept.ends[before] as isize - kept.first[band];
        (by > 0 && count > 0).then_some((by as usize, count as usize))
    }
}

/// Who reads what.
pub(super) struct Uses {
    /// The steps that read each value.
    readers: Vec<Vec<usize>>,
    /// How many values lie in each root, itself among them.
    within: Vec<usize>,
    results: Vec<bool>,
}

impl Uses {
    pub fn of(draft: &Draft, roots: &Roots) -> Uses {
        let count = draft.values.len();
        let mut uses = Uses { readers: vec![Vec::new(); count], within: vec![0; count], results: vec![false; count] };
        for (index, step) in draft.steps.iter().enumerate() {
            step.work.reads().into_iter().for_each(|value| uses.readers[value.0].push(index));
        }
        roots.of.iter().for_each(|(root, _)| uses.within[root.0] += 1);
        for result in &draft.results {
            if let Returned::Stored { value, .. } = result {
                uses.results[value.0] = true;
            }
        }
        uses
    }

    /// Whether these steps alone read a value that one of them makes, in memory of its own.
    fn is_inner(&self, draft: &Draft, roots: &Roots, value: ValueId, steps: &Range<usize>) -> bool {
        let readers = &self.readers[value.0];
        let alone = roots.of[value.0].0 == value && self.within[value.0] == 1 && !draft.inputs.contains(&value);
        alone && !self.results[value.0] && !readers.is_empty() && readers.iter().all(|step| steps.contains(step))
    }
}

/// The rows of an operand that some rows of a result are computed from; some may lie above or below the image.
fn reads(work: &Work, operand: ValueId, rows: Range<usize>) -> Range<isize> {
    let same = rows.start as isize..rows.end as isize;
    let window = |stride: usize, extent: usize, before: usize| {
        let start = |row: usize| (row * stride) as isize - before as isize;
        start(rows.start)..start(rows.end - 1) + extent as isize
    };
    match work {
        Work::Conv { src, layer, add } => {
            let reach = layer.reach();
            let window = window(reach.stride[0], reach.extent[0], reach.before[0]);
            match (*src == operand, *add == Some(operand)) {
                (true, true) => window.start.min(same.start)..window.end.max(same.end),
                (true, false) => window,
                (false, _) => same,
            }
        }
        Work::Depthwise { layer, .. } => {
            let reach = layer.reach();
            window(reach.stride[0], reach.extent[0], reach.before[0])
        }
        Work::Pool { pooling, .. } => {
            let spans = &pooling.rows[rows];
            span_of(spans).map_or(0..0, |[from, to]| from as isize..to as isize)
        }
        _ => same,
    }
}

/// From the first to the last row of some spans.
pub(super) fn span_of(spans: &[Span]) -> Option<[usize; 2]> {
    let from = spans.iter().map(|span| span.from).min()?;
    Some([from, spans.iter().map(|span| span.to).max()?])
}

/// The rows of the first operand that a step's view of it begins and ends with, for some rows of the result.
pub(super) fn viewed(work: &Work, rows: Range<usize>) -> Range<usize> {
    let strided = |stride: usize| rows.start * stride..(rows.end - 1) * stride + 1;
    match work {
        Work::Conv { layer, .. } => strided(layer.reach().stride[0]),
        Work::Depthwise { layer, .. } => strided(layer.reach().stride[0]),
        Work::Pool { pooling, .. } => span_of(&pooling.rows[rows]).map_or(0..0, |[from, to]| from..to),
        _ => rows,
    }
}

/// Whether a step can compute some rows of an image alone, and where it writes is not where it reads.
fn can_sweep(draft: &Draft, roots: &Roots, step: usize) -> bool {
    let work = &draft.steps[step].work;
    let by_rows = match work {
        Work::Conv { layer, .. } => matches!(layer, Convolution::Direct(_)),
        Work::Depthwise { .. }
        | Work::Pool { .. }
        | Work::Affine { .. }
        | Work::Activation { .. }
        | Work::Slope { .. }
        | Work::Binary { .. } => true,
        Work::Mean { .. }
        | Work::Gate { .. }
        | Work::Gather { .. }
        | Work::Reshape { .. }
        | Work::Lrn { .. }
        | Work::Softmax { .. }
        | Work::Fallback { .. } => false,
    };
    let root = |value: ValueId| roots.of[value.0].0;
    let output = draft.steps[step].output;
    by_rows && work.reads().iter().all(|value| root(*value) != root(output))
}

/// The sweeps that take the least time for some steps that compute so many images at once. What is chosen changes no
/// result.
pub(super) fn sweeps(
    draft: &Draft,
    roots: &Roots,
    uses: &Uses,
    loads: &[Load],
    steps: Range<usize>,
    images: usize,
    threads: usize,
) -> Vec<Sweep> {
    // Threads that share an image would exchange the rows between theirs with every band.
    if !images.is_multiple_of(threads) {
        return steps.map(|step| Sweep::whole(draft, step)).collect();
    }
    let plain = |step: usize| loads[step].tensors as f64 * tensor_rate(images, loads[step].tensors, threads);
    // The least time up to each step, and the last sweep until there.
    let mut best: Vec<(f64, Option<Sweep>)> = vec![(0.0, None)];
    for end in steps.start + 1..=steps.end {
        let whole = best[end - 1 - steps.start].0 + plain(end - 1);
        let mut least = (whole, None);
        let mut from = end;
        while from > steps.start && end - from < STEPS && can_sweep(draft, roots, from - 1) {
            from -= 1;
            let run = from..end;
            let weights: usize = loads[run.clone()].iter().map(|load| load.weights).sum();
            let saved: f64 = run.clone().map(plain).sum();
            if weights > WEIGHTS_AT_MOST || run.len() < 2 {
                continue;
            }
            if saved <= LEAST {
                continue;
            }
            let [_, height, _] = draft.values[draft.steps[end - 1].output.0].image();
            for rows in ROWS {
                let bands = height.div_ceil(rows);
                if bands < 2 {
                    break;
                }
                let sweep = Sweep::new(draft, roots, uses, run.clone(), bands);
                let time = best[from - steps.start].0 + time(draft, roots, loads, &sweep, weights, images, threads);
                if time < least.0 {
                    least = (time, Some(sweep));
                }
            }
        }
        best.push(least);
    }
    let mut chosen = Vec::new();
    let mut end = steps.end;
    while end > steps.start {
        let sweep = best[end - steps.start].1.take().unwrap_or_else(|| Sweep::whole(draft, end - 1));
        end = sweep.steps.start;
        chosen.push(sweep);
    }
    chosen.reverse();
    chosen
}

/// The nanoseconds that a sweep takes to move tensors and weights, for one image.
fn time(
    draft: &Draft,
    roots: &Roots,
    loads: &[Load],
    sweep: &Sweep,
    weights: usize,
    images: usize,
    threads: usize,
) -> f64 {
    let bands = sweep.bands();
    let bytes = |value: ValueId| 4 * draft.values[value.0].shape.iter().product::<usize>();
    let mut inner = 0;
    let mut near = weights;
    let mut moved = 0;
    for (value, rows) in sweep.windows() {
        inner += bytes(value);
        let (row, _, blocks) = roots.size(draft, value.0);
        near += 4 * blocks * rows * row;
        let slides = (1..bands).filter_map(|band| sweep.slide(sweep.step_of(value)?, band));
        moved += 4 * blocks * row * slides.map(|(_, rows)| rows).sum::<usize>();
    }
    let all: usize = loads[sweep.steps.clone()].iter().map(|load| load.tensors).sum();
    // Each inner tensor is written once and read at least once.
    let outer = all.saturating_sub(2 * inner);
    near += outer / bands;
    let stays = if near <= NEAR { 0.0 } else { 2.0 * inner as f64 * TENSORS[0] };
    outer as f64 * tensor_rate(images, outer, threads)
        + stays
        + moved as f64 * MOVE
        + bands as f64 * (sweep.steps.len() as f64 * CALL + weights as f64 * WEIGHTS[0])
}

/// Sweeps of as many steps as can be, row by row.
#[cfg(test)]
pub(super) fn finest(draft: &Draft, roots: &Roots, uses: &Uses, steps: Range<usize>) -> Vec<Sweep> {
    let mut sweeps = Vec::new();
    let mut from = steps.start;
    while from < steps.end {
        let mut end = from;
        while end < steps.end && can_sweep(draft, roots, end) {
            end += 1;
        }
        if end - from < 2 {
            sweeps.push(Sweep::whole(draft, from));
            from += 1;
            continue;
        }
        let [_, height, _] = draft.values[draft.steps[end - 1].output.0].image();
        sweeps.push(Sweep::new(draft, roots, uses, from..end, height));
        from = end;
    }
    sweeps
}

#[cfg(test)]
mod tests {
    use super::super::passes::testing::drafted;
    use super::*;

    /// The first row that is kept in each band, and how many there are at most.
    type First = (Vec<isize>, usize);

    /// The rows that each step computes with each band, and what is kept of it.
    fn finest_of(body: &str) -> Vec<(Vec<usize>, Option<First>)> {
        let draft = drafted(body);
        let roots = Roots::of(&draft);
        let uses = Uses::of(&draft, &roots);
        let sweeps = finest(&draft, &roots, &uses, 0..draft.steps.len());
        let [sweep] = sweeps.as_slice() else { panic!("{sweeps:?}") };
        let rows = |step: usize| (0..sweep.bands()).map(|band| sweep.rows(step, band).len()).collect();
        let kept = |step: usize| sweep.kept[step].as_ref().map(|kept| (kept.first.clone(), kept.rows));
        sweep.steps.clone().map(|step| (rows(step), kept(step))).collect()
    }

    #[test]
    fn a_step_is_ahead_of_its_readers_by_what_their_windows_reach() {
        let found = finest_of("input image[3, 5, 6]\nconv(20, 3) -> conv(20, 3, groups = 20) -> conv(20, 1)");
        // Zeros above the image are there with the first band, and below it with the last rows.
        assert_eq!(found[0], (vec![2, 1, 1, 1, 0], Some((vec![-1, 0, 1, 2, 3], 4))));
        assert_eq!(found[1], (vec![1; 5], Some((vec![0, 1, 2, 3, 4], 1))));
        assert_eq!(found[2], (vec![1; 5], None));
    }

    #[test]
    fn windows_of_strides_and_pools() {
        let found = finest_of("input image[3, 9, 6]\nconv(20, 3) -> max_pool(3, 2, pad = 1) -> conv(20, 1)");
        assert_eq!(found[0].0, [2, 2, 2, 2, 1]);
        assert_eq!(found[1].0, [1; 5]);
        assert_eq!(found[0].1, Some((vec![0, 1, 3, 5, 7], 3)));
    }

    #[test]
    fn small_tensors_go_through_each_step_at_once() {
        let draft = drafted("input image[3, 5, 6]\nconv(20, 3) -> conv(20, 3, groups = 20)");
        let roots = Roots::of(&draft);
        let uses = Uses::of(&draft, &roots);
        let chosen = |images, threads| sweeps(&draft, &roots, &uses, &roots.loads(&draft), 0..2, images, threads);
        assert!([chosen(1, 1), chosen(8, 2)].iter().all(|sweeps| sweeps.len() == 2));
        let draft = drafted("input image[3, 400, 400]\nconv(20, 3) -> conv(20, 3, groups = 20)");
        let chosen = |images, threads| sweeps(&draft, &roots, &uses, &roots.loads(&draft), 0..2, images, threads);
        assert_eq!((chosen(1, 1).len(), chosen(8, 2).len(), chosen(1, 2).len()), (1, 1, 2));
    }
}
