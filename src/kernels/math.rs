//! Functions of sixteen values at once: `exp` to one unit in the last place or two, and what is made of it.

use super::simd::Block;

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Map {
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// `x * sigmoid(x)`
    Silu,
    Tanh,
    /// `relu6(x + 3) / 6`
    HardSigmoid,
    /// `x * relu6(x + 3) / 6`
    HardSwish,
    /// `x` where positive, `alpha * (exp(x) - 1)` elsewhere.
    Elu {
        alpha: f32,
    },
    /// `x` times the probability that a standard normal value is below `x`.
    Gelu,
    /// The approximation of `Gelu` by `tanh`.
    GeluTanh,
    /// `x` where positive, `slope * x` elsewhere.
    Leaky {
        slope: f32,
    },
}

impl Map {
    /// What it is called, in words.
    pub fn name(self) -> &'static str {
        match self {
            Map::Sigmoid => "sigmoid",
            Map::Silu => "silu",
            Map::Tanh => "tanh",
            Map::HardSigmoid => "hard sigmoid",
            Map::HardSwish => "hard swish",
            Map::Elu { .. } => "elu",
            Map::Gelu | Map::GeluTanh => "gelu",
            Map::Leaky { .. } => "leaky relu",
        }
    }
}

/// `exp`: 0 far below, infinity far above, and not a number where `x` is none.
///
/// # Safety
/// The processor has the instructions of `S`; so for all functions here.
#[inline(always)]
pub(super) unsafe fn exp<S: Block>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let x = S::max(S::splat(-104.0), S::min(S::splat(89.0), x));
        let (n, tail) = reduced::<S>(x);
        let value = S::add(tail, S::splat(1.0));
        // Two factors, so that results below the normal numbers and infinity come out.
        let half = round::<S>(S::mul(n, S::splat(0.5)));
        S::mul(S::mul(value, S::pow2(half)), S::pow2(S::sub(n, half)))
    }
}

/// `1 + exp(x)`, with less to do than for `exp`: powers below the normal numbers do not show, and above
/// two to the 127th the sum is infinity.
#[inline(always)]
unsafe fn one_and_exp<S: Block>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let x = S::max(S::splat(-87.0), S::min(S::splat(89.0), x));
        let (n, tail) = reduced::<S>(x);
        let one = S::splat(1.0);
        S::fma(S::add(tail, one), S::pow2(n), one)
    }
}

/// `n` and `exp(r) - 1`, where `x` is `n * ln 2 + r` and `r` within half of `ln 2`.
#[inline(always)]
unsafe fn reduced<S: Block>(x: S::V) -> (S::V, S::V) {
    // SAFETY: the caller's promise.
    unsafe {
        let n = round::<S>(S::mul(x, S::splat(std::f32::consts::LOG2_E)));
        // The first part of ln 2 has few bits, so that its product is exact.
        let r = S::fma(n, S::splat(-0.693_359_4), x);
        let r = S::fma(n, S::splat(2.121_944_4e-4), r);
        // Cephes' polynomial (Moshier 1984).
        let p =
            polynomial::<S>(r, &[1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5]);
        (n, S::fma(S::mul(r, r), p, r))
    }
}

/// The nearest whole number, for values below two to the 22nd.
#[inline(always)]
unsafe fn round<S: Block>(x: S::V) -> S::V {
    const MAGIC: f32 = 12_582_912.0;
    // SAFETY: the caller's promise.
    unsafe { S::sub(S::add(x, S::splat(MAGIC)), S::splat(MAGIC)) }
}

/// Factors from that of the highest power to the constant.
#[inline(always)]
unsafe fn polynomial<S: Block>(x: S::V, factors: &[f32]) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let mut sum = S::splat(factors[0]);
        for factor in &factors[1..] {
            sum = S::fma(sum, x, S::splat(*factor));
        }
        sum
    }
}

#[inline(always)]
pub(super) unsafe fn sigmoid<S: Block>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe { S::div(S::splat(1.0), one_and_exp::<S>(S::sub(S::splat(0.0), x))) }
}

#[inline(always)]
pub(super) unsafe fn silu<S: Block>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe { S::div(x, one_and_exp::<S>(S::sub(S::splat(0.0), x))) }
}

#[inline(always)]
pub(super) unsafe fn tanh<S: Block>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let size = S::max(x, S::sub(S::splat(0.0), x));
        // Cephes' polynomial near 0, where the other form would cancel.
        let square = S::mul(x, x);
        let p =
            polynomial::<S>(square, &[-5.704_988_7e-3, 2.063_908_8e-2, -5.373_971_5e-2, 1.333_144_2e-1, -3.333_328e-1]);
        let small = S::fma(S::mul(square, x), p, x);
        let far = one_and_exp::<S>(S::add(size, size));
        let large = S::sub(S::splat(1.0), S::div(S::splat(2.0), far));
        let signed = S::less(x, S::splat(0.0), S::sub(S::splat(0.0), large), large);
        S::less(size, S::splat(0.625), small, signed)
    }
}

/// `relu6(x + 3) / 6`
#[inline(always)]
pub(super) unsafe fn hard_sigmoid<S: Block>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let shifted = S::add(x, S::splat(3.0));
        S::mul(S::max(S::splat(0.0), S::min(S::splat(6.0), shifted)), S::splat(1.0 / 6.0))
    }
}

#[inline(always)]
pub(super) unsafe fn hard_swish<S: Block>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe { S::mul(x, hard_sigmoid::<S>(x)) }
}

#[inline(always)]
pub(super) unsafe fn elu<S: Block>(x: S::V, alpha: f32) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let (_, near) = reduced::<S>(x);
        let less_one = S::less(S::splat(-0.34), x, near, S::sub(exp::<S>(x), S::splat(1.0)));
        S::less(S::splat(0.0), x, x, S::mul(S::splat(alpha), less_one))
    }
}

#[inline(always)]
pub(super) unsafe fn gelu<S: Block>(x: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe {
        let z = S::mul(S::max(x, S::sub(S::splat(0.0), x)), S::splat(std::f32::consts::FRAC_1_SQRT_2));
        // The complement of the error function by Chebyshev's fit (Press et al. 1992, section 6.2).
        let t = S::div(S::splat(1.0), S::fma(z, S::splat(0.5), S::splat(1.0)));
        let p = polynomial::<S>(
            t,
            &[
                0.170_872_77,
                -0.822_152_23,
                1.488_515_9,
                -1.135_204,
                0.278_868_07,
                -0.186_288_06,
                0.096_784_18,
                0.374_091_96,
                1.000_023_7,
                -1.265_512_2,
            ],
        );
        let exponent = S::sub(p, S::mul(z, z));
        let tail = S::mul(S::splat(0.5), S::mul(t, exp::<S>(exponent)));
        let below = S::less(x, S::splat(0.0), tail, S::sub(S::splat(1.0), tail));
        S::mul(x, below)
    }
}

#[inline(always)]
pub(super) unsafe fn gelu_tanh<S: Block>(x: S::V) -> S::V {
    const TWICE_ROOT: f32 = 1.595_769;
    // SAFETY: the caller's promise.
    unsafe {
        // (1 + tanh(u)) / 2 is sigmoid(2 * u).
        let cubic = S::fma(S::mul(S::mul(x, x), x), S::splat(0.044_715), x);
        S::mul(x, sigmoid::<S>(S::mul(cubic, S::splat(TWICE_ROOT))))
    }
}

#[inline(always)]
pub(super) unsafe fn leaky<S: Block>(x: S::V, slope: S::V) -> S::V {
    // SAFETY: the caller's promise.
    unsafe { S::less(x, S::splat(0.0), S::mul(x, slope), x) }
}

/// Blocks of sixteen values that a function is applied to.
pub(super) struct Mapped {
    pub map: Map,
    pub src: *const f32,
    pub dst: *mut f32,
    /// How many blocks of sixteen.
    pub length: usize,
}

/// # Safety
/// All places that `mapped` describes are valid, and the processor has the instructions of `S`.
#[inline(always)]
pub(super) unsafe fn mapped<S: Block>(mapped: &Mapped) {
    macro_rules! each {
        ($x:ident => $value:expr) => {
            for i in 0..mapped.length {
                let $x = S::load(mapped.src.add(16 * i));
                S::store(mapped.dst.add(16 * i), $value);
            }
        };
    }
    // SAFETY: the caller's promises.
    unsafe {
        match mapped.map {
            Map::Sigmoid => each!(x => sigmoid::<S>(x)),
            Map::Silu => each!(x => silu::<S>(x)),
            Map::Tanh => each!(x => tanh::<S>(x)),
            Map::HardSigmoid => each!(x => hard_sigmoid::<S>(x)),
            Map::HardSwish => each!(x => hard_swish::<S>(x)),
            Map::Elu { alpha } => each!(x => elu::<S>(x, alpha)),
            Map::Gelu => each!(x => gelu::<S>(x)),
            Map::GeluTanh => each!(x => gelu_tanh::<S>(x)),
            Map::Leaky { slope } => each!(x => leaky::<S>(x, S::splat(slope))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Map, Mapped};
    use crate::kernels::Level;

    /// The functions in double precision; the error function by its series or continued fraction.
    fn plain(map: Map, x: f64) -> f64 {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        match map {
            Map::Sigmoid => sigmoid(x),
            Map::Silu => x * sigmoid(x),
            Map::Tanh => x.tanh(),
            Map::HardSigmoid => (x + 3.0).clamp(0.0, 6.0) / 6.0,
            Map::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            Map::Elu { alpha } => {
                if x > 0.0 {
                    x
                } else {
                    f64::from(alpha) * x.exp_m1()
                }
            }
            Map::Gelu => x * below(x),
            Map::GeluTanh => {
                0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
            }
            Map::Leaky { slope } => {
                if x < 0.0 {
                    x * f64::from(slope)
                } else {
                    x
                }
            }
        }
    }

    /// The probability that a standard normal value is below `x`, by the trapezoidal rule.
    fn below(x: f64) -> f64 {
        let density = |t: f64| (-t * t / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let (steps, from) = (4000, -14.0f64);
        let width = (x - from) / f64::from(steps);
        let inner: f64 = (1..steps).map(|i| density(from + f64::from(i) * width)).sum();
        width * (inner + (density(from) + density(x)) / 2.0)
    }

    fn apply(level: Level, map: Map, values: &[f32]) -> Vec<f32> {
        let mut padded = values.to_vec();
        padded.resize(values.len().next_multiple_of(16), 0.0);
        let mut found = vec![0.0; padded.len()];
        let (src, dst, length) = (padded.as_ptr(), found.as_mut_ptr(), padded.len() / 16);
        // SAFETY: both have `length` blocks, and the level is available.
        unsafe { (level.kernels().map)(&Mapped { map, src, dst, length }) };
        found.truncate(values.len());
        found
    }

    #[test]
    fn functions_are_near_those_in_double_precision() {
        let values: Vec<f32> = (-1200..=1200).map(|i| i as f32 / 100.0).chain([1e-6, -1e-6, 1e-3, -1e-3]).collect();
        // Relative error where the result is not tiny; the tail of the normal distribution is the hardest.
        let cases = [
            (Map::Sigmoid, 3e-7),
            (Map::Silu, 3e-7),
            (Map::Tanh, 3e-7),
            (Map::HardSigmoid, 2e-7),
            (Map::HardSwish, 3e-7),
            (Map::Elu { alpha: 0.7 }, 4e-7),
            (Map::Gelu, 3e-5),
            (Map::GeluTanh, 3e-5),
            (Map::Leaky { slope: 0.1 }, 2e-7),
        ];
        for level in Level::available() {
            for (map, bound) in cases {
                for (x, found) in values.iter().zip(apply(level, map, &values)) {
                    let expected = plain(map, f64::from(*x));
                    let error = (f64::from(found) - expected).abs();
                    let close = error <= bound * expected.abs() + 1e-12 || error <= 4e-8;
                    assert!(close, "{map:?} at {x}: {found} and {expected} at {level:?}");
                }
            }
        }
    }

    #[test]
    fn ends_are_right() {
        let ends = [f32::NAN, f32::INFINITY, 100.0, -100.0, 0.0];
        let far = [88.0, 88.5, 89.0, 1e30].map(|x| -x);
        for level in Level::available() {
            let at = |map: Map| apply(level, map, &ends);
            assert!(
                [Map::Sigmoid, Map::Silu, Map::Tanh, Map::Gelu, Map::GeluTanh, Map::HardSwish, Map::Elu { alpha: 1.0 }]
                    .iter()
                    .all(|map| at(*map)[0].is_nan())
            );
            assert_eq!(at(Map::Sigmoid)[1..], [1.0, 1.0, 0.0, 0.5]);
            assert_eq!(at(Map::Silu)[1..], [f32::INFINITY, 100.0, 0.0, 0.0]);
            for map in [Map::Sigmoid, Map::Silu] {
                let found = apply(level, map, &far);
                assert!(found.iter().all(|value| value.abs() < 1e-35), "{map:?}: {found:?} at {level:?}");
            }
            assert_eq!(at(Map::Tanh)[1..], [1.0, 1.0, -1.0, 0.0]);
            assert_eq!(at(Map::Gelu)[1..], [f32::INFINITY, 100.0, 0.0, 0.0]);
            assert_eq!(at(Map::Elu { alpha: 2.0 })[1..], [f32::INFINITY, 100.0, -2.0, 0.0]);
            assert_eq!(at(Map::Leaky { slope: 0.5 })[1..], [f32::INFINITY, 100.0, -50.0, 0.0]);
            assert!(at(Map::Leaky { slope: 0.5 })[0].is_nan());
        }
    }
}
