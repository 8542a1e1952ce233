//! Winograd's algorithm along one axis of an image: F(m, r) gives m neighbouring results of a window of r taps from
//! m + r - 1 products.
//!
//! With `d` the pixels that the windows see and `g` the taps, the results are `A^T ((G g) * (B^T d))`. What is multiplied are
//! the values of two polynomials at points: zero, numbers and their negatives, and infinity (the highest coefficient). All
//! constants follow from the points, so an algorithm is a line of numbers here.

use std::ops::IndexMut;

use super::super::simd::Block;

/// The most pairs of points.
const MOST: usize = 4;
/// The most results.
const LONGEST: usize = 6;

/// F(m, r) for some m and r.
pub(in super::super) trait Axis {
    /// Whether zero is one of the points.
    const ZERO: bool;
    /// The points above zero; their negatives are points, too.
    const PAIRS: &'static [f64];

    /// What is transformed, and the transformed: m + r - 1.
    type Points<T: Copy>: Line<T>;
    /// Results: m.
    type Results<T: Copy>: Line<T>;
    /// Of the window: r.
    type Taps<T: Copy>: Line<T>;

    /// Coefficients of the product of `t - p^2` over all pairs `p`, the lowest first.
    const ALL: [f64; MOST + 1] = product(Self::PAIRS, MOST);
    /// The same without one pair, for each.
    const OTHERS: [[f64; MOST + 1]; MOST] = {
        let mut others = [[0.0; MOST + 1]; MOST];
        let mut pair = 0;
        while pair < Self::PAIRS.len() {
            others[pair] = product(Self::PAIRS, pair);
            pair += 1;
        }
        others
    };
    /// For each pair the powers of its point.
    const POWERS: [[f64; LONGEST]; MOST] = {
        let mut powers = [[1.0; LONGEST]; MOST];
        let mut pair = 0;
        while pair < Self::PAIRS.len() {
            let mut power = 1;
            while power < LONGEST {
                powers[pair][power] = powers[pair][power - 1] * Self::PAIRS[pair];
                power += 1;
            }
            pair += 1;
        }
        powers
    };

    /// `B^T d`
    ///
    /// # Safety
    /// The processor has the instructions of `S`.
    #[inline(always)]
    unsafe fn input<S: Block>(d: &Self::Points<S::V>) -> Self::Points<S::V> {
        let (zero, pairs) = (usize::from(Self::ZERO), Self::PAIRS.len());
        let mut line = *d;
        // SAFETY: the caller's promise.
        unsafe {
            for pair in 0..pairs {
                let last = zero + 2 * (pairs - 1);
                let (mut even, mut odd) = (d[last], d[last + 1]);
                for power in (0..pairs - 1).rev() {
                    let factor = S::splat(Self::OTHERS[pair][power] as f32);
                    even = S::fma(factor, d[zero + 2 * power], even);
                    odd = S::fma(factor, d[zero + 2 * power + 1], odd);
                }
                let point = Self::PAIRS[pair] as f32;
                line[zero + 2 * pair] = S::fma(S::splat(point), even, odd);
                line[zero + 2 * pair + 1] = S::fma(S::splat(-point), even, odd);
            }
            let (mut first, mut last) = (d[2 * pairs], d[zero + 2 * pairs]);
            for power in (0..pairs).rev() {
                let factor = S::splat(Self::ALL[power] as f32);
                first = S::fma(factor, d[2 * power], first);
                last = S::fma(factor, d[zero + 2 * power], last);
            }
            if Self::ZERO {
                line[0] = first;
            }
            line[zero + 2 * pairs] = last;
        }
        line
    }

    /// `A^T m`
    ///
    /// # Safety
    /// The processor has the instructions of `S`.
    #[inline(always)]
    unsafe fn output<S: Block>(m: &Self::Points<S::V>) -> Self::Results<S::V> {
        let (zero, pairs, results) = (usize::from(Self::ZERO), Self::PAIRS.len(), Self::Results::<S::V>::LEN);
        let infinity = m[zero + 2 * pairs];
        let mut line = Self::Results::<S::V>::of(infinity);
        // SAFETY: the caller's promise.
        unsafe {
            let mut halves = [[S::splat(0.0); 2]; MOST];
            for pair in 0..pairs {
                let (plus, minus) = (m[zero + 2 * pair], m[zero + 2 * pair + 1]);
                halves[pair] = [S::add(plus, minus), S::sub(plus, minus)];
            }
            if pairs > 0 {
                for power in 0..results {
                    let mut sum = S::mul(S::splat(Self::POWERS[0][power] as f32), halves[0][power % 2]);
                    for pair in 1..pairs {
                        sum = S::fma(S::splat(Self::POWERS[pair][power] as f32), halves[pair][power % 2], sum);
                    }
                    if Self::ZERO && power == 0 {
                        sum = S::add(m[0], sum);
                    }
                    line[power] = if power + 1 == results { S::add(infinity, sum) } else { sum };
                }
            }
        }
        line
    }

    /// `G g`
    #[inline(always)]
    fn weights(g: &Self::Taps<f64>) -> Self::Points<f64> {
        let (zero, pairs, taps) = (usize::from(Self::ZERO), Self::PAIRS.len(), Self::Taps::<f64>::LEN);
        let mut line = Self::Points::<f64>::of(g[taps - 1]);
        for pair in 0..pairs {
            let square = Self::PAIRS[pair] * Self::PAIRS[pair];
            let (mut even, mut odd) = (0.0, 0.0);
            for tap in (0..taps.div_ceil(2)).rev() {
                even = even * square + g[2 * tap];
            }
            for tap in (0..taps / 2).rev() {
                odd = odd * square + g[2 * tap + 1];
            }
            odd *= Self::PAIRS[pair];
            // The products of a point's differences from all others.
            let others = {
                let mut value = 0.0;
                for power in (0..pairs).rev() {
                    value = value * square + Self::OTHERS[pair][power];
                }
                2.0 * Self::PAIRS[pair] * value
            };
            let [plus, minus] = if Self::ZERO { [Self::PAIRS[pair]; 2] } else { [1.0, -1.0] };
            line[zero + 2 * pair] = (even + odd) * (1.0 / (others * plus));
            line[zero + 2 * pair + 1] = (even - odd) * (1.0 / (others * minus));
        }
        if Self::ZERO {
            line[0] = g[0] * (1.0 / Self::ALL[0]);
        }
        line
    }
}

/// The coefficients of the product of `t - p^2` over the pairs `p` but one, the lowest first.
const fn product(pairs: &[f64], without: usize) -> [f64; MOST + 1] {
    let mut product = [0.0; MOST + 1];
    product[0] = 1.0;
    let mut pair = 0;
    while pair < pairs.len() {
        if pair != without {
            let mut power = MOST;
            while power > 0 {
                product[power] = product[power - 1] - pairs[pair] * pairs[pair] * product[power];
                power -= 1;
            }
            product[0] *= -pairs[pair] * pairs[pair];
        }
        pair += 1;
    }
    product
}

/// Values beside one another, as many as the type says.
pub(in super::super) trait Line<T>: Copy + IndexMut<usize, Output = T> {
    const LEN: usize;

    fn of(value: T) -> Self;
}

impl<T: Copy, const N: usize> Line<T> for [T; N] {
    const LEN: usize = N;

    #[inline(always)]
    fn of(value: T) -> [T; N] {
        [value; N]
    }
}

/// Declares F(m, r) at zero (where it says so), at each of some numbers and its negative, and at infinity.
macro_rules! axis {
    ($name:ident, $results:literal, $taps:literal, $zero:literal, $pairs:expr) => {
        #[doc = concat!("F(", $results, ", ", $taps, ")")]
        pub(in super::super) struct $name;

        impl Axis for $name {
            const ZERO: bool = $zero;
            const PAIRS: &'static [f64] = &$pairs;
            type Points<T: Copy> = [T; $results + $taps - 1];
            type Results<T: Copy> = [T; $results];
            type Taps<T: Copy> = [T; $taps];
        }
    };
}

// Errors depend on the points: these have the least of 1/4, 3/8, 1/2, 5/8, 3/4, 7/8, 1, 5/4, 3/2, 7/4, 2, 5/2 and 3, on random
// numbers. All constants are exact in single precision.
axis!(F43, 4, 3, true, [0.625, 1.5]);
axis!(F63, 6, 3, true, [0.5, 1.0, 2.0]);
axis!(F45, 4, 5, true, [0.5, 1.0, 2.0]);
axis!(F47, 4, 7, true, [0.375, 0.875, 1.25, 2.5]);
// A window of one tap: nothing happens.
axis!(One, 1, 1, false, []);
