//! The threads that kernels run on: started once, woken for every kernel, and spinning in between for as long as the
//! next kernel is likely to come.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;

/// How often a waiting thread looks before it goes to sleep: some tens of microseconds.
const SPINS: usize = 20_000;

/// A number of threads that share out tasks; the one that asks works with them.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    threads: usize,
}

#[derive(Debug)]
struct Shared {
    /// Grows by one with every job.
    round: AtomicUsize,
    job: Mutex<Job>,
    woken: Condvar,
    /// The next task of the job.
    next: AtomicUsize,
    /// Workers that have not finished the job.
    busy: AtomicUsize,
    panicked: AtomicBool,
}

/// What the workers do: call `work` with task numbers below `tasks`.
#[derive(Clone, Copy)]
struct Job {
    round: usize,
    tasks: usize,
    work: Option<&'static (dyn Fn(usize) + Sync)>,
    stop: bool,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "job {} of {} tasks", self.round, self.tasks)
    }
}

impl Pool {
    /// A pool of `threads`, the caller among them; at least one.
    pub fn new(threads: usize) -> Pool {
        let threads = threads.max(1);
        let shared = Arc::new(Shared {
            round: AtomicUsize::new(0),
            job: Mutex::new(Job { round: 0, tasks: 0, work: None, stop: false }),
            woken: Condvar::new(),
            next: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
        });
        let spawn = |index: usize| {
            let shared = shared.clone();
            let builder = std::thread::Builder::new().name(format!("archc kernel {index}"));
            builder.spawn(move || shared.serve()).ok()
        };
        // Where the system gives no more threads, there are fewer.
        let workers: Vec<JoinHandle<()>> = (1..threads).map_while(spawn).collect();
        let threads = workers.len() + 1;
        Pool { shared, workers, threads }
    }

    /// How many threads there are, the caller's among them.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Calls `work` for every number below `tasks`, each once, on all threads, and returns when all are done.
    pub fn run(&mut self, tasks: usize, work: &(dyn Fn(usize) + Sync)) {
        if self.workers.is_empty() || tasks <= 1 {
            (0..tasks).for_each(work);
            return;
        }
        let shared = &self.shared;
        // SAFETY: the reference is used by workers only until `busy` is 0, which is waited for below, also where
        // `work` panics here (see `Finish`); so it is never used after this call, whatever its lifetime.
        let forever = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(work) };
        shared.next.store(0, Ordering::Relaxed);
        shared.busy.store(self.workers.len(), Ordering::Relaxed);
        {
            let mut job = shared.lock();
            job.round = job.round.wrapping_add(1);
            job.tasks = tasks;
            job.work = Some(forever);
            shared.round.store(job.round, Ordering::Release);
        }
        shared.woken.notify_all();
        let finish = Finish { shared };
        shared.work_off(tasks, work);
        drop(finish);
        assert!(!shared.panicked.swap(false, Ordering::Relaxed), "a kernel panicked on another thread");
    }
}

/// Waits, when it is dropped, until no worker uses the job any more.
struct Finish<'a> {
    shared: &'a Shared,
}

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        let mut spins = 0;
        while self.shared.busy.load(Ordering::Acquire) > 0 {
            spins += 1;
            match spins < SPINS {
                true => std::hint::spin_loop(),
                false => std::thread::yield_now(),
            }
        }
        self.shared.lock().work = None;
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Job> {
        // The lock is only held for assignments, which do not panic.
        self.job.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn work_off(&self, tasks: usize, work: &(dyn Fn(usize) + Sync)) {
        loop {
            let task = self.next.fetch_add(1, Ordering::Relaxed);
            if task >= tasks {
                return;
            }
            work(task);
        }
    }

    /// What a worker does all its life.
    fn serve(&self) {
        let mut seen = 0;
        loop {
            let mut spins = 0;
            while self.round.load(Ordering::Acquire) == seen && spins < SPINS {
                spins += 1;
                std::hint::spin_loop();
            }
            let mut job = self.lock();
            while job.round == seen && !job.stop {
                job = self.woken.wait(job).unwrap_or_else(std::sync::PoisonError::into_inner);
            }
            if job.stop {
                return;
            }
            let now = *job;
            drop(job);
            seen = now.round;
            if let Some(work) = now.work {
                let attempt = std::panic::AssertUnwindSafe(|| self.work_off(now.tasks, work));
                if std::panic::catch_unwind(attempt).is_err() {
                    self.panicked.store(true, Ordering::Relaxed);
                }
                self.busy.fetch_sub(1, Ordering::Release);
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        {
            let mut job = self.shared.lock();
            job.stop = true;
            job.round = job.round.wrapping_add(1);
            self.shared.round.store(job.round, Ordering::Release);
        }
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
