//! The threads that kernels run on: started once, woken for every kernel, and looking in between for as long as the next
//! kernel is likely to come.
//!
//! A job of a large network takes some microseconds, and a cache line some tenths of one from a core to another, so few
//! lines go to and fro: one to give a worker its job, which comes back when it is done, and the counters of shares where
//! one thread helps another.

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::thread::JoinHandle;

/// How often a waiting thread looks before it goes to sleep: some tenths of a millisecond.
const SPINS: usize = 20_000;
/// A share of at least this many tasks is of small ones, the last of which nobody takes from its thread: that would take
/// longer to begin than the thread to get there.
const MANY: usize = 32;
/// One in so many of those is left to its thread.
const LAST: usize = 16;

/// A number of threads that share out tasks; the one that asks works with them.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// The number of the last job, from 1.
    round: u32,
}

struct Shared {
    /// One for each worker: thread 1, 2 and so on.
    slots: Vec<Slot>,
    /// The next task of each thread's share: the job's number, then the task's. Where it is of another job, nobody has begun
    /// the share. The thread that asks has the first.
    next: Vec<Counter>,
    stop: AtomicBool,
    panicked: AtomicBool,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} threads", self.next.len())
    }
}

/// Where a worker gets its jobs, in a cache line of its own.
///
/// A job lies on the asking thread's stack. A worker may look at it only while the stage is [`TAKEN`]: the asking thread
/// offers it, and before it returns takes back what nobody has taken, or waits until the worker is idle again. So nobody
/// waits for a worker that comes late.
#[repr(align(128))]
struct Slot {
    stage: AtomicU8,
    /// Written by the asking thread while the stage is [`IDLE`] or [`ASLEEP`], read by the worker while it is [`TAKEN`].
    job: UnsafeCell<Option<Job>>,
}

/// The worker waits for a job.
const IDLE: u8 = 0;
/// It has to be woken first.
const ASLEEP: u8 = 1;
/// There is a job.
const OFFERED: u8 = 2;
/// It works.
const TAKEN: u8 = 3;

// SAFETY: `job` is accessed only as its contract says, which the stage makes sure of.
unsafe impl Sync for Slot {}
// SAFETY: a job is numbers and a reference to a function that may be shared.
unsafe impl Send for Slot {}

/// A counter in a cache line of its own.
#[repr(align(128))]
struct Counter(AtomicU64);

/// Call `work` with every number below `tasks`.
#[derive(Clone, Copy)]
struct Job {
    round: u32,
    tasks: u32,
    work: &'static (dyn Fn(usize, usize) + Sync),
}

impl Pool {
    /// A pool of `threads`, the caller among them; at least one.
    pub fn new(threads: usize) -> Pool {
        let slot = |_| Slot { stage: AtomicU8::new(IDLE), job: UnsafeCell::new(None) };
        let shared = Arc::new(Shared {
            slots: (1..threads).map(slot).collect(),
            next: (0..threads.max(1)).map(|_| Counter(AtomicU64::new(0))).collect(),
            stop: AtomicBool::new(false),
            panicked: AtomicBool::new(false),
        });
        let spawn = |index: usize| {
            let shared = shared.clone();
            let builder = std::thread::Builder::new().name(format!("archc kernel {index}"));
            builder.spawn(move || shared.serve(index)).ok()
        };
        // Where the system gives no more threads there are fewer; the others take their share of the tasks.
        let workers: Vec<JoinHandle<()>> = (1..threads).map_while(spawn).collect();
        Pool { shared, workers, round: 0 }
    }

    /// How many threads there are, the caller's among them.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Calls `work` for every number below `tasks`, each once, on all threads, and returns when all are done. Each thread
    /// begins with a share of neighbouring tasks, the same one for the same number of tasks, and helps others when it is
    /// through.
    pub fn run(&mut self, tasks: usize, work: &(dyn Fn(usize) + Sync)) {
        self.run_on(tasks, &|task, _| work(task));
    }

    /// [`Pool::run`] that also tells `work` which thread it is on, below [`Pool::threads`].
    pub fn run_on(&mut self, tasks: usize, work: &(dyn Fn(usize, usize) + Sync)) {
        if self.workers.is_empty() || tasks <= 1 {
            (0..tasks).for_each(|task| work(task, 0));
            return;
        }
        let Ok(count) = u32::try_from(tasks) else {
            let half = tasks / 2;
            self.run_on(half, work);
            return self.run_on(tasks - half, &|task, thread| work(half + task, thread));
        };
        self.round = self.round.checked_add(1).unwrap_or_else(|| {
            // No counter may look as if it were of this job.
            self.shared.next.iter().for_each(|next| next.0.store(0, Ordering::Relaxed));
            1
        });
        // SAFETY: workers use the reference only while they have taken the job; `Finish` waits until none has, also where
        // `work` panics here, so it is never used after this call, whatever its lifetime.
        let work = unsafe {
            std::mem::transmute::<&(dyn Fn(usize, usize) + Sync), &'static (dyn Fn(usize, usize) + Sync)>(work)
        };
        let job = Job { round: self.round, tasks: count, work };
        for (slot, worker) in self.shared.slots.iter().zip(&self.workers) {
            // SAFETY: the worker is idle or asleep, since `Finish` has waited for that.
            unsafe { *slot.job.get() = Some(job) };
            if slot.stage.swap(OFFERED, Ordering::AcqRel) == ASLEEP {
                worker.thread().unpark();
            }
        }
        let finish = Finish { shared: &self.shared, job };
        self.shared.work_off(job, 0);
        finish.all();
        assert!(!self.shared.panicked.swap(false, Ordering::Relaxed), "a kernel panicked on another thread");
    }
}

/// Waits, when it is dropped, until no worker is at the job.
struct Finish<'a> {
    shared: &'a Shared,
    job: Job,
}

impl Finish<'_> {
    /// Sees to it that every task is done.
    fn all(self) {
        for (index, slot) in self.shared.slots.iter().enumerate() {
            if slot.take_back() {
                // This share may have tasks that were left to its thread.
                self.shared.help(self.job, index + 1, 0, 0);
            }
        }
    }
}

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        for slot in &self.shared.slots {
            slot.take_back();
            let mut spins = 0;
            while slot.stage.load(Ordering::Acquire) == TAKEN {
                spins += 1;
                match spins < SPINS {
                    true => std::hint::spin_loop(),
                    false => std::thread::yield_now(),
                }
            }
        }
    }
}

impl Slot {
    /// Whether the job was offered still, and now is not any more.
    fn take_back(&self) -> bool {
        // Looked at first, since a worker that is done needs to be asked for nothing.
        self.stage.load(Ordering::Relaxed) == OFFERED
            && self.stage.compare_exchange(OFFERED, IDLE, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Waits for a job and takes it: for a while awake, then asleep. `None` once `stop` is set.
    fn wait(&self, stop: &AtomicBool) -> Option<Job> {
        let mut spins = 0;
        loop {
            match self.stage.load(Ordering::Relaxed) {
                OFFERED => {
                    if self.stage.compare_exchange(OFFERED, TAKEN, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                        // SAFETY: it is taken.
                        return unsafe { *self.job.get() };
                    }
                }
                _ if stop.load(Ordering::Acquire) => return None,
                IDLE if spins < SPINS => {
                    spins += 1;
                    std::hint::spin_loop();
                }
                IDLE => {
                    spins = 0;
                    // Whoever offers a job from now on wakes this thread.
                    if self.stage.compare_exchange(IDLE, ASLEEP, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                        std::thread::park();
                    }
                }
                _ => std::thread::park(),
            }
        }
    }
}

impl Shared {
    /// The first task of a thread's share.
    fn share(&self, tasks: u32, thread: usize) -> u32 {
        (u64::from(tasks) * thread as u64 / self.next.len() as u64) as u32
    }

    /// Takes tasks until there are none: of the own share first, then of the next thread's, and so on.
    fn work_off(&self, job: Job, thread: usize) {
        let threads = self.next.len();
        self.help(job, thread, thread, 0);
        for share in (thread + 1..threads).chain(0..thread) {
            let length = self.share(job.tasks, share + 1) - self.share(job.tasks, share);
            let left = if length as usize >= MANY { length / LAST as u32 } else { 0 };
            self.help(job, share, thread, left);
        }
    }

    /// Does tasks of a share until so many are left.
    fn help(&self, job: Job, share: usize, thread: usize, left: u32) {
        let [first, end] = [share, share + 1].map(|share| self.share(job.tasks, share));
        let counter = &self.next[share].0;
        let mut seen = counter.load(Ordering::Relaxed);
        loop {
            let next = if (seen >> 32) as u32 == job.round { seen as u32 } else { first };
            if next + left >= end {
                return;
            }
            let taken = u64::from(job.round) << 32 | u64::from(next + 1);
            match counter.compare_exchange_weak(seen, taken, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => {
                    (job.work)(next as usize, thread);
                    seen = counter.load(Ordering::Relaxed);
                }
                Err(now) => seen = now,
            }
        }
    }

    /// What a worker does all its life.
    fn serve(&self, thread: usize) {
        let slot = &self.slots[thread - 1];
        while let Some(job) = slot.wait(&self.stop) {
            if catch_unwind(AssertUnwindSafe(|| self.work_off(job, thread))).is_err() {
                self.panicked.store(true, Ordering::Relaxed);
            }
            slot.stage.store(IDLE, Ordering::Release);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        for worker in self.workers.drain(..) {
            worker.thread().unpark();
            // A worker that panicked has nothing left to give back.
            drop(worker.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Pool;

    #[test]
    fn every_task_runs_once() {
        for threads in [1, 2, 3] {
            let mut pool = Pool::new(threads);
            for tasks in [0, 1, 2, 7, 1000] {
                let counts: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                pool.run(tasks, &|task| {
                    counts[task].fetch_add(1, Ordering::Relaxed);
                });
                assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
            }
        }
    }

    #[test]
    fn a_panic_on_any_thread_reaches_the_caller() {
        let mut pool = Pool::new(2);
        let attempt = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            pool.run(64, &|task| assert!(task != 40, "on purpose"));
        }));
        assert!(attempt.is_err());
        let count = AtomicUsize::new(0);
        pool.run(8, &|_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(count.load(Ordering::Relaxed), 8);
    }
}
