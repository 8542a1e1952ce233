//! Many images to a network, read and prepared on threads beside the one that computes: in order, a few at a time, and
//! never all in memory.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use super::{Orientation, Photo, Pixels};
use crate::diagnostic::Diagnostic;

/// How a list of images is gone through.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// How many images a batch has; the last has what is left. At least 1.
    pub batch: usize,
    /// How many threads read and prepare; with 0, the thread that asks for the next batch does.
    pub threads: usize,
    pub orientation: Orientation,
}

/// An image of the list, prepared, or what is wrong with it.
#[derive(Debug)]
pub struct Prepared<T> {
    /// Its place in the list.
    pub index: usize,
    pub name: String,
    pub result: Result<T, Diagnostic>,
}

/// How many prepared images may wait on each thread.
const WAITING: usize = 2;

impl Stream {
    /// Reads every image and does `prepare` to it, which is given its name for messages; batches come in the order of
    /// the list, each when it is asked for. At most `2 + WAITING` images a thread are in memory besides the batch.
    pub fn batches<T: Send + 'static>(
        self,
        photos: Vec<Photo>,
        prepare: impl Fn(&Pixels, &str) -> Result<T, Diagnostic> + Send + Sync + 'static,
    ) -> impl Iterator<Item = Vec<Prepared<T>>> {
        let orientation = self.orientation;
        let work = move |index: usize, photo: &Photo| {
            let name = photo.name();
            let result = photo.read(orientation).and_then(|pixels| prepare(&pixels, &name));
            Prepared { index, name, result }
        };
        let mut prepared = in_order(photos, self.threads, work);
        let size = self.batch.max(1);
        std::iter::from_fn(move || {
            let batch: Vec<_> = prepared.by_ref().take(size).collect();
            (!batch.is_empty()).then_some(batch)
        })
    }
}

/// `work` done to every item on `threads` threads of its own, the results in the order of the items. Thread `t` has the
/// items `t`, `t + threads`, ... and a channel that holds [`WAITING`] results, so none is far ahead; all end when the
/// iterator is dropped.
fn in_order<T: Send + Sync + 'static, R: Send + 'static>(
    items: Vec<T>,
    threads: usize,
    work: impl Fn(usize, &T) -> R + Send + Sync + 'static,
) -> Box<dyn Iterator<Item = R>> {
    if threads == 0 {
        return Box::new(items.into_iter().enumerate().map(move |(index, item)| work(index, &item)));
    }
    let (items, work) = (Arc::new(items), Arc::new(work));
    let count = items.len();
    let lanes = (0..threads.min(count)).map(|lane| {
        let (send, receive) = sync_channel(WAITING);
        let (items, work) = (items.clone(), work.clone());
        let run = move || {
            for (index, item) in items.iter().enumerate().skip(lane).step_by(threads) {
                if send.send(work(index, item)).is_err() {
                    return;
                }
            }
        };
        (receive, std::thread::spawn(run))
    });
    let mut lanes: Vec<_> = lanes.map(|(receive, thread)| (receive, Some(thread))).collect();
    Box::new((0..count).map(move |index| {
        let (receive, thread) = &mut lanes[index % threads];
        receive.recv().unwrap_or_else(|_| match thread.take().map(std::thread::JoinHandle::join) {
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            Some(Ok(())) | None => unreachable!("a thread sends a result for each of its items"),
        })
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::{WAITING, in_order};

    #[test]
    fn results_come_in_order_however_long_each_takes() {
        for threads in [0, 1, 3, 40] {
            let work = |index: usize, item: &u64| {
                std::thread::sleep(Duration::from_millis(*item % 4));
                (index, *item)
            };
            let results: Vec<_> = in_order((0..20).map(|item| item * 7).collect(), threads, work).collect();
            assert_eq!(results, (0..20).map(|index| (index, index as u64 * 7)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn little_is_done_ahead_of_who_asks() {
        let done = Arc::new(AtomicUsize::new(0));
        let counter = done.clone();
        let mut results = in_order(vec![(); 1000], 2, move |_, ()| counter.fetch_add(1, Ordering::SeqCst));
        results.next();
        std::thread::sleep(Duration::from_millis(50));
        assert!(done.load(Ordering::SeqCst) <= 1 + 2 * (WAITING + 1));
    }

    #[test]
    #[should_panic(expected = "item 3")]
    fn a_panic_is_passed_on() {
        in_order(vec![(); 5], 2, |index, ()| assert!(index != 3, "item {index}")).for_each(drop);
    }
}
