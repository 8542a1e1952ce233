//! The threads that kernels run on: started once, woken for every kernel, and spinning in between for as long as the
//! next kernel is likely to come.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// How often a waiting thread looks before it goes to sleep: some tenths of a millisecond.
const SPINS: usize = 20_000;

/// In [`Shared::gate`]: no worker may enter the job.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// A number of threads that share out tasks; the one that asks works with them.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

/// The workers and the thread that asks. A job lies on the asking thread's stack; workers may look at it only between
/// entering and leaving through the gate, and the asking thread closes the gate and waits for all to leave before it
/// returns. A worker that comes late finds the gate closed, and nobody waits for it.
struct Shared {
    /// Grows by one with every job.
    round: AtomicUsize,
    /// How many workers are at the job, and [`CLOSED`].
    gate: AtomicUsize,
    /// Written by the asking thread alone, while the gate is closed and nobody is inside.
    job: UnsafeCell<Option<Job>>,
    /// The next task of each thread's share; the thread that asks has the first.
    next: Vec<Counter>,
    /// How many workers sleep or are about to.
    sleeping: AtomicUsize,
    sleep: Mutex<()>,
    woken: Condvar,
    stop: AtomicBool,
    panicked: AtomicBool,
}

// SAFETY: `job` is accessed only as its contract says, which the gate makes sure of; the rest is made to be shared.
unsafe impl Sync for Shared {}
// SAFETY: a job is a number and a reference to a function that may be shared.
unsafe impl Send for Shared {}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} threads", self.next.len())
    }
}

/// A counter in a cache line of its own.
#[repr(align(128))]
struct Counter(AtomicUsize);

/// Call `work` with every number below `tasks`.
#[derive(Clone, Copy)]
struct Job {
    tasks: usize,
    work: &'static (dyn Fn(usize, usize) + Sync),
}

impl Pool {
    /// A pool of `threads`, the caller among them; at least one.
    pub fn new(threads: usize) -> Pool {
        let counters = |count: usize| (0..count).map(|_| Counter(AtomicUsize::new(0))).collect();
        let shared = Arc::new(Shared {
            round: AtomicUsize::new(0),
            gate: AtomicUsize::new(CLOSED),
            job: UnsafeCell::new(None),
            next: counters(threads.max(1)),
            sleeping: AtomicUsize::new(0),
            sleep: Mutex::new(()),
            woken: Condvar::new(),
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
        Pool { shared, workers }
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
        let shared = &*self.shared;
        // SAFETY: workers use the reference only between entering and leaving; `Finish` waits until all have left, also
        // where `work` panics here, so it is never used after this call, whatever its lifetime.
        let work = unsafe {
            std::mem::transmute::<&(dyn Fn(usize, usize) + Sync), &'static (dyn Fn(usize, usize) + Sync)>(work)
        };
        let job = Job { tasks, work };
        // SAFETY: the gate is closed and nobody is inside, since `Finish` has waited for that.
        unsafe { *shared.job.get() = Some(job) };
        for (thread, next) in shared.next.iter().enumerate() {
            next.0.store(shared.share(tasks, thread), Ordering::Relaxed);
        }
        shared.gate.fetch_and(!CLOSED, Ordering::Release);
        shared.round.fetch_add(1, Ordering::SeqCst);
        if shared.sleeping.load(Ordering::SeqCst) > 0 {
            drop(shared.sleep.lock().unwrap_or_else(PoisonError::into_inner));
            shared.woken.notify_all();
        }
        let finish = Finish { shared };
        shared.work_off(job, 0);
        drop(finish);
        assert!(!shared.panicked.swap(false, Ordering::Relaxed), "a kernel panicked on another thread");
    }
}

/// Closes the gate, when it is dropped, and waits until nobody is inside.
struct Finish<'a> {
    shared: &'a Shared,
}

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.shared.gate.fetch_or(CLOSED, Ordering::AcqRel);
        let mut spins = 0;
        while self.shared.gate.load(Ordering::Acquire) != CLOSED {
            spins += 1;
            match spins < SPINS {
                true => std::hint::spin_loop(),
                false => std::thread::yield_now(),
            }
        }
    }
}

impl Shared {
    /// The first task of a thread's share.
    fn share(&self, tasks: usize, thread: usize) -> usize {
        tasks * thread / self.next.len()
    }

    /// Takes tasks until there are none: of the own share first, then of the next thread's, and so on.
    fn work_off(&self, job: Job, thread: usize) {
        let threads = self.next.len();
        for share in (thread..threads).chain(0..thread) {
            let end = self.share(job.tasks, share + 1);
            loop {
                let task = self.next[share].0.fetch_add(1, Ordering::Relaxed);
                if task >= end {
                    break;
                }
                (job.work)(task, thread);
            }
        }
    }

    /// What a worker does all its life.
    fn serve(&self, thread: usize) {
        let mut seen = 0;
        loop {
            seen = self.await_round(seen);
            if self.stop.load(Ordering::Acquire) {
                return;
            }
            if self.gate.fetch_add(1, Ordering::AcqRel) & CLOSED == 0 {
                // SAFETY: the gate was open, so the job was written before and stays until this worker leaves.
                let job = unsafe { *self.job.get() };
                let job = job.expect("the gate is opened for a job");
                let attempt = std::panic::AssertUnwindSafe(|| self.work_off(job, thread));
                if std::panic::catch_unwind(attempt).is_err() {
                    self.panicked.store(true, Ordering::Relaxed);
                }
            }
            self.gate.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Waits for another round than `seen`: for a while awake, then asleep.
    fn await_round(&self, seen: usize) -> usize {
        for _ in 0..SPINS {
            let round = self.round.load(Ordering::Acquire);
            if round != seen {
                return round;
            }
            std::hint::spin_loop();
        }
        let mut guard = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever begins a round either sees this or has begun it before the look below.
        self.sleeping.fetch_add(1, Ordering::SeqCst);
        loop {
            let round = self.round.load(Ordering::SeqCst);
            if round != seen {
                self.sleeping.fetch_sub(1, Ordering::SeqCst);
                return round;
            }
            guard = self.woken.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.round.fetch_add(1, Ordering::SeqCst);
        drop(self.shared.sleep.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.woken.notify_all();
        for worker in self.workers.drain(..) {
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
