//! What the machine can do at most: multiply-adds that wait for nothing.

use std::time::{Duration, Instant};

use super::simd::Block;
use super::{LANES, Level, Pool};

/// Rounds between two looks at the clock.
const ROUNDS: usize = 20_000;

/// The floating-point operations a second of all threads of `pool` at once, a multiply-add being two, measured for about
/// `time`.
pub fn peak_flops(level: Level, pool: &mut Pool, time: Duration) -> f64 {
    assert!(level.is_available());
    let kernel = level.kernels().peak;
    let threads = pool.threads();
    let sums = level.kernels().pixels;
    let mut best = 0.0f64;
    let start = Instant::now();
    while start.elapsed() < time {
        let round = Instant::now();
        // SAFETY: the level is available.
        pool.run(threads, &|_| unsafe {
            std::hint::black_box(kernel(ROUNDS));
        });
        let flops = (2 * LANES * sums * ROUNDS * threads) as f64;
        best = best.max(flops / round.elapsed().as_secs_f64());
    }
    best
}

/// Multiplies and adds `rounds` times to `N` blocks, so many that a multiply-add never waits for the one before it, and so
/// few that all stay in registers.
///
/// # Safety
/// The processor has the instructions of `S`.
#[inline(always)]
pub(super) unsafe fn multiply_adds<S: Block, const N: usize>(rounds: usize) -> f32 {
    // SAFETY: the caller's promise.
    unsafe {
        let factor = S::splat(std::hint::black_box(0.5));
        let mut sums = [S::splat(std::hint::black_box(1.0)); N];
        for _ in 0..rounds {
            for sum in &mut sums {
                *sum = S::fma(*sum, factor, factor);
            }
        }
        let mut all = sums[0];
        for sum in &sums[1..] {
            all = S::add(all, *sum);
        }
        let mut lanes = [0.0; LANES];
        S::store(lanes.as_mut_ptr(), all);
        lanes[0]
    }
}
