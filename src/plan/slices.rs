//! How many images of a batch the steps compute at once: few where their tensors would outgrow the caches, many where
//! weights come from memory.

use std::ops::Range;

/// Steps that compute some images of the batch one after the other, before they begin with the next images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub steps: Range<usize>,
    /// A divisor of the batch.
    pub images: usize,
}

/// What a step moves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// The bytes of all tensors that it reads and writes, for one image.
    pub tensors: usize,
    /// The bytes of its packed weights.
    pub weights: usize,
}

/// A place between steps where stretches may end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// The step before which it is.
    pub step: usize,
    /// The bytes of the tensors that live on behind it, for one image.
    pub tensors: usize,
}

/// Bytes of a core's own cache that tensors may fill.
pub(super) const NEAR: usize = 768 << 10;
/// Bytes of the last cache that they may fill.
const LAST: usize = 12 << 20;
/// Nanoseconds for a byte of tensors that is in the last cache, and in memory.
pub(super) const TENSORS: [f64; 2] = [1.0 / 80.0, 1.0 / 35.0];
/// The same for weights, which are asked for before they are needed.
pub(super) const WEIGHTS: [f64; 2] = [1.0 / 300.0, 1.0 / 77.0];
/// Nanoseconds for a step to begin and to end.
const STEP: f64 = 3000.0;
/// More cuts than these are not weighed against each other.
const CUTS: usize = 500;

/// Nanoseconds for a byte of a step's tensors, which are so many for one image.
pub(super) fn tensor_rate(images: usize, tensors: usize, threads: usize) -> f64 {
    match images * tensors {
        all if all <= threads * NEAR => 0.0,
        all => rate(TENSORS, all),
    }
}

fn rate(rates: [f64; 2], bytes: usize) -> f64 {
    if bytes <= LAST { rates[0] } else { rates[1] }
}

/// The stretches that take the least time, for a batch on so many threads. The figures above are a processor's; what is
/// chosen by them changes no result.
pub(super) fn stretches(loads: &[Load], cuts: &[Cut], batch: usize, threads: usize) -> Vec<Stretch> {
    if batch == 1 || loads.is_empty() {
        return vec![Stretch { steps: 0..loads.len(), images: batch }];
    }
    let every = cuts.len().div_ceil(CUTS).max(1);
    let mut bounds = vec![Cut { step: 0, tensors: 0 }];
    bounds.extend(cuts.iter().step_by(every));
    bounds.push(Cut { step: loads.len(), tensors: 0 });
    // Threads have images of their own, so that none waits for what another has written, if the batch allows it.
    let divides = |count: &usize| batch.is_multiple_of(*count) && threads.is_multiple_of(*count);
    let own = (1..=threads).rev().find(divides).unwrap_or(1);
    let images: Vec<usize> = (own..=batch).step_by(own).filter(|images| batch.is_multiple_of(*images)).collect();

    // For each number of images, the time of one image in all steps before a step.
    let before = images.iter().map(|images| {
        let mut sums = vec![0.0];
        for load in loads {
            let moved = load.tensors as f64 * tensor_rate(*images, load.tensors, threads);
            sums.push(sums[sums.len() - 1] + moved + STEP / *images as f64);
        }
        sums
    });
    let before: Vec<Vec<f64>> = before.collect();
    let mut weights = vec![0];
    loads.iter().for_each(|load| weights.push(weights[weights.len() - 1] + load.weights));

    // The least time up to each bound, with the bound and the images that the last stretch begins with.
    let mut best: Vec<(f64, usize, usize)> = vec![(0.0, 0, 0)];
    for to in 1..bounds.len() {
        let mut least = (f64::INFINITY, 0, 0);
        for from in 0..to {
            let (first, last) = (bounds[from].step, bounds[to].step);
            let bytes = weights[last] - weights[first];
            // What goes from one stretch to the next is written and read once, for the whole batch.
            let handed = 2.0 * bounds[from].tensors as f64 * rate(TENSORS, batch * bounds[from].tensors);
            for (choice, images) in images.iter().enumerate() {
                let steps = before[choice][last] - before[choice][first];
                let time = best[from].0 + handed + steps + bytes as f64 * rate(WEIGHTS, bytes) / *images as f64;
                if time < least.0 {
                    least = (time, from, *images);
                }
            }
        }
        best.push(least);
    }
    let mut chosen: Vec<Stretch> = Vec::new();
    let mut to = bounds.len() - 1;
    while to > 0 {
        let (_, from, images) = best[to];
        let steps = bounds[from].step..bounds[to].step;
        match chosen.last_mut() {
            Some(behind) if behind.images == images => behind.steps.start = steps.start,
            _ => chosen.push(Stretch { steps, images }),
        }
        to = from;
    }
    chosen.reverse();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(loads: &[(usize, usize)], cuts: &[usize], batch: usize) -> Vec<(Range<usize>, usize)> {
        let loads: Vec<Load> =
            loads.iter().map(|(tensors, weights)| Load { tensors: *tensors, weights: *weights }).collect();
        let cuts: Vec<Cut> = cuts.iter().map(|step| Cut { step: *step, tensors: loads[*step].tensors / 2 }).collect();
        stretches(&loads, &cuts, batch, 2).into_iter().map(|stretch| (stretch.steps, stretch.images)).collect()
    }

    #[test]
    fn large_tensors_go_by_one_at_a_time_and_large_weights_once() {
        let (large, small) = ((4 << 20, 64 << 10), (100 << 10, 16 << 20));
        assert_eq!(chosen(&[large, large, large, small, small], &[1, 2, 3, 4], 8), [(0..3, 2), (3..5, 8)]);
        assert_eq!(chosen(&[large, large], &[1], 6), [(0..2, 2)]);
        assert_eq!(chosen(&[large, large], &[1], 5), [(0..2, 1)]);
        assert_eq!(chosen(&[small, small], &[1], 6), [(0..2, 6)]);
        assert_eq!(chosen(&[large, small], &[1], 1), [(0..2, 1)]);
        assert_eq!(chosen(&[], &[], 4), [(0..0, 4)]);
    }

    #[test]
    fn without_cuts_there_is_one_stretch() {
        assert_eq!(chosen(&[(4 << 20, 64 << 10), (100 << 10, 1 << 20)], &[], 8).len(), 1);
    }

    #[test]
    fn very_many_cuts_are_thinned_out() {
        let loads = vec![(1 << 20, 1 << 20); 20_000];
        let cuts: Vec<usize> = (1..20_000).collect();
        let stretches = chosen(&loads, &cuts, 12);
        assert_eq!(stretches.last().unwrap().0.end, 20_000);
        assert!(stretches.windows(2).all(|pair| pair[0].0.end == pair[1].0.start));
    }
}
