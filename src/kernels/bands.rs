//! How the rows of images are shared out to threads.

use std::ops::Range;

/// Images cut into bands of rows. Tasks go by image, then band, then block of channels: neighbouring tasks are
/// neighbouring places, so that a thread, whose share is a range of tasks, finds in its own cache what it wrote in the
/// step before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bands {
    height: usize,
    count: usize,
    blocks: usize,
    batch: usize,
}

impl Bands {
    /// Bands of about `pixels` pixels.
    pub fn new([height, width]: [usize; 2], blocks: usize, batch: usize, threads: usize, pixels: usize) -> Bands {
        let rows = (pixels / width.max(1)).max(1);
        let count = even(height.div_ceil(rows), batch, threads).min(height.max(1));
        Bands { height, count, blocks, batch }
    }

    pub fn tasks(&self) -> usize {
        self.batch * self.count * self.blocks
    }

    /// The image, block and rows of a task.
    pub fn task(&self, task: usize) -> (usize, usize, Range<usize>) {
        let (band, block) = (task / self.blocks, task % self.blocks);
        let (image, band) = (band / self.count, band % self.count);
        (image, block, self.height * band / self.count..self.height * (band + 1) / self.count)
    }
}

/// A number of parts that threads can share evenly: at least `parts` for each of `batch` images.
pub(super) fn even(parts: usize, batch: usize, threads: usize) -> usize {
    if batch.is_multiple_of(threads) { parts } else { parts.next_multiple_of(threads) }
}

#[cfg(test)]
mod tests {
    use super::Bands;

    #[test]
    fn every_row_is_in_one_task() {
        for (size, blocks, batch, threads) in
            [([7, 7], 3, 1, 2), ([1, 5], 1, 2, 3), ([30, 2], 2, 3, 2), ([5, 300], 1, 1, 8)]
        {
            let bands = Bands::new(size, blocks, batch, threads, 20);
            let mut rows = vec![0; batch * blocks * size[0]];
            for task in 0..bands.tasks() {
                let (image, block, range) = bands.task(task);
                range.for_each(|y| rows[(image * blocks + block) * size[0] + y] += 1);
            }
            assert!(rows.iter().all(|count| *count == 1));
        }
    }
}
