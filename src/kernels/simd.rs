//! Sixteen floats at a time, on whatever the machine has: one AVX-512 vector, two of AVX2, four of NEON, or plain code.
//!
//! Kernels are written once over [`Block`], always inlined, and instantiated inside a function that turns the
//! instructions on (see [`crate::kernels::instances`]).

/// Sixteen floats in registers, and what the kernels do with them.
///
/// # Safety
/// Every method may use instructions that the processor has to have: a level is used only where
/// [`super::Level::available`] lists it. Pointers are valid for sixteen floats, of any alignment.
pub(super) unsafe trait Block: Copy {
    /// The sixteen floats.
    type V: Copy;
    /// How many pixels the register tile of a convolution spans.
    const PIXELS: usize;
    /// How many blocks of output channels it spans.
    const BLOCKS: usize;

    unsafe fn splat(value: f32) -> Self::V;
    unsafe fn load(from: *const f32) -> Self::V;
    unsafe fn store(to: *mut f32, value: Self::V);
    /// Brings a cache line near, if the machine knows how; the place need not be valid.
    #[inline(always)]
    unsafe fn prefetch(_: *const f32) {}
    /// Brings a cache line to the second cache, if the machine knows how; the place need not be valid.
    #[inline(always)]
    unsafe fn prefetch_far(_: *const f32) {}
    /// `a * b + c`
    unsafe fn fma(a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    unsafe fn add(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sub(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn mul(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn div(a: Self::V, b: Self::V) -> Self::V;
    unsafe fn sqrt(a: Self::V) -> Self::V;
    /// The larger; `b` where either is not a number.
    unsafe fn max(a: Self::V, b: Self::V) -> Self::V;
    /// The smaller; `b` where either is not a number.
    unsafe fn min(a: Self::V, b: Self::V) -> Self::V;
    /// `x` where `a` is less than `b`, `y` elsewhere, also where either is not a number.
    unsafe fn less(a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V;
    /// Two to the power of whole numbers in -126..=127; infinity for 128.
    unsafe fn pow2(n: Self::V) -> Self::V;
}

/// Code that runs anywhere.
#[derive(Clone, Copy)]
pub(super) struct Scalar;

// SAFETY: plain code needs no special instructions.
unsafe impl Block for Scalar {
    type V = [f32; 16];
    const PIXELS: usize = 4;
    const BLOCKS: usize = 1;

    #[inline(always)]
    unsafe fn splat(value: f32) -> [f32; 16] {
        [value; 16]
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> [f32; 16] {
        // SAFETY: the caller's pointer is valid for sixteen floats.
        unsafe { from.cast::<[f32; 16]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store(to: *mut f32, value: [f32; 16]) {
        // SAFETY: the caller's pointer is valid for sixteen floats.
        unsafe { to.cast::<[f32; 16]>().write_unaligned(value) }
    }

    #[inline(always)]
    unsafe fn fma(a: [f32; 16], b: [f32; 16], c: [f32; 16]) -> [f32; 16] {
        std::array::from_fn(|i| a[i] * b[i] + c[i])
    }

    #[inline(always)]
    unsafe fn add(a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        std::array::from_fn(|i| a[i] + b[i])
    }

    #[inline(always)]
    unsafe fn sub(a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        std::array::from_fn(|i| a[i] - b[i])
    }

    #[inline(always)]
    unsafe fn mul(a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        std::array::from_fn(|i| a[i] * b[i])
    }

    #[inline(always)]
    unsafe fn div(a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        std::array::from_fn(|i| a[i] / b[i])
    }

    #[inline(always)]
    unsafe fn sqrt(a: [f32; 16]) -> [f32; 16] {
        a.map(f32::sqrt)
    }

    #[inline(always)]
    unsafe fn max(a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        std::array::from_fn(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    unsafe fn min(a: [f32; 16], b: [f32; 16]) -> [f32; 16] {
        std::array::from_fn(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    unsafe fn less(a: [f32; 16], b: [f32; 16], x: [f32; 16], y: [f32; 16]) -> [f32; 16] {
        std::array::from_fn(|i| if a[i] < b[i] { x[i] } else { y[i] })
    }

    #[inline(always)]
    unsafe fn pow2(n: [f32; 16]) -> [f32; 16] {
        n.map(|n| f32::from_bits(((n as i32 + 127) as u32) << 23))
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::Block;

    /// One vector of 512 bits: AVX-512F.
    #[derive(Clone, Copy)]
    pub struct Avx512;

    // SAFETY: used only where AVX-512F was detected.
    unsafe impl Block for Avx512 {
        type V = __m512;
        const PIXELS: usize = 14;
        const BLOCKS: usize = 2;

        #[inline(always)]
        unsafe fn splat(value: f32) -> __m512 {
            // SAFETY: the processor has AVX-512F.
            unsafe { _mm512_set1_ps(value) }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> __m512 {
            // SAFETY: the processor has AVX-512F, and the pointer is valid for sixteen floats.
            unsafe { _mm512_loadu_ps(from) }
        }

        #[inline(always)]
        unsafe fn store(to: *mut f32, value: __m512) {
            // SAFETY: the processor has AVX-512F, and the pointer is valid for sixteen floats.
            unsafe { _mm512_storeu_ps(to, value) }
        }

        #[inline(always)]
        unsafe fn prefetch(from: *const f32) {
            // SAFETY: a prefetch does not fault.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) }
        }

        #[inline(always)]
        unsafe fn prefetch_far(from: *const f32) {
            // SAFETY: a prefetch does not fault.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(from.cast()) }
        }

        #[inline(always)]
        unsafe fn fma(a: __m512, b: __m512, c: __m512) -> __m512 {
            // SAFETY: the processor has AVX-512F.
            unsafe { _mm512_fmadd_ps(a, b, c) }
        }

        #[inline(always)]
        unsafe fn add(a: __m512, b: __m512) -> __m512 {
            // SAFETY: the processor has AVX-512F.
            unsafe { _mm512_add_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn sub(a: __m512, b: __m512) -> __m512 {
            // SAFETY: the processor has AVX-512F.
            unsafe { _mm512_sub_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn mul(a: __m512, b: __m512) -> __m512 {
            // SAFETY: the processor has AVX-512F.
            unsafe { _mm512_mul_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn div(a: __m512, b: __m512) -> __m512 {
            // SAFETY: the processor has AVX-512F.
            unsafe { _mm512_div_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn sqrt(a: __m512) -> __m512 {
            // SAFETY: the processor has AVX-512F.
            unsafe { _mm512_sqrt_ps(a) }
        }

        #[inline(always)]
        unsafe fn max(a: __m512, b: __m512) -> __m512 {
            // SAFETY: the processor has AVX-512F.
            unsafe { _mm512_max_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn min(a: __m512, b: __m512) -> __m512 {
            // SAFETY: the processor has AVX-512F.
            unsafe { _mm512_min_ps(a, b) }
        }

        #[inline(always)]
        unsafe fn less(a: __m512, b: __m512, x: __m512, y: __m512) -> __m512 {
            // SAFETY: the processor has AVX-512F.
            unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b), y, x) }
        }

        #[inline(always)]
        unsafe fn pow2(n: __m512) -> __m512 {
            // SAFETY: the processor has AVX-512F.
            unsafe {
                let exponent = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
                _mm512_castsi512_ps(_mm512_slli_epi32::<23>(exponent))
            }
        }
    }

    /// Two vectors of 256 bits: AVX2 and FMA.
    #[derive(Clone, Copy)]
    pub struct Avx2;

    // SAFETY: used only where AVX2 and FMA were detected.
    unsafe impl Block for Avx2 {
        type V = [__m256; 2];
        const PIXELS: usize = 6;
        const BLOCKS: usize = 1;

        #[inline(always)]
        unsafe fn splat(value: f32) -> [__m256; 2] {
            // SAFETY: the processor has AVX2.
            unsafe { [_mm256_set1_ps(value); 2] }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> [__m256; 2] {
            // SAFETY: the processor has AVX2, and the pointer is valid for sixteen floats.
            unsafe { [_mm256_loadu_ps(from), _mm256_loadu_ps(from.add(8))] }
        }

        #[inline(always)]
        unsafe fn store(to: *mut f32, value: [__m256; 2]) {
            // SAFETY: the processor has AVX2, and the pointer is valid for sixteen floats.
            unsafe {
                _mm256_storeu_ps(to, value[0]);
                _mm256_storeu_ps(to.add(8), value[1]);
            }
        }

        #[inline(always)]
        unsafe fn prefetch(from: *const f32) {
            // SAFETY: a prefetch does not fault.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) }
        }

        #[inline(always)]
        unsafe fn prefetch_far(from: *const f32) {
            // SAFETY: a prefetch does not fault.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(from.cast()) }
        }

        #[inline(always)]
        unsafe fn fma(a: [__m256; 2], b: [__m256; 2], c: [__m256; 2]) -> [__m256; 2] {
            // SAFETY: the processor has FMA.
            unsafe { [_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])] }
        }

        #[inline(always)]
        unsafe fn add(a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            // SAFETY: the processor has AVX2.
            unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
        }

        #[inline(always)]
        unsafe fn sub(a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            // SAFETY: the processor has AVX2.
            unsafe { [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])] }
        }

        #[inline(always)]
        unsafe fn mul(a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            // SAFETY: the processor has AVX2.
            unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
        }

        #[inline(always)]
        unsafe fn div(a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            // SAFETY: the processor has AVX2.
            unsafe { [_mm256_div_ps(a[0], b[0]), _mm256_div_ps(a[1], b[1])] }
        }

        #[inline(always)]
        unsafe fn sqrt(a: [__m256; 2]) -> [__m256; 2] {
            // SAFETY: the processor has AVX2.
            unsafe { [_mm256_sqrt_ps(a[0]), _mm256_sqrt_ps(a[1])] }
        }

        #[inline(always)]
        unsafe fn max(a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            // SAFETY: the processor has AVX2.
            unsafe { [_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])] }
        }

        #[inline(always)]
        unsafe fn min(a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
            // SAFETY: the processor has AVX2.
            unsafe { [_mm256_min_ps(a[0], b[0]), _mm256_min_ps(a[1], b[1])] }
        }

        #[inline(always)]
        unsafe fn less(a: [__m256; 2], b: [__m256; 2], x: [__m256; 2], y: [__m256; 2]) -> [__m256; 2] {
            // SAFETY: the processor has AVX2.
            std::array::from_fn(|i| unsafe { _mm256_blendv_ps(y[i], x[i], _mm256_cmp_ps::<_CMP_LT_OQ>(a[i], b[i])) })
        }

        #[inline(always)]
        unsafe fn pow2(n: [__m256; 2]) -> [__m256; 2] {
            // SAFETY: the processor has AVX2.
            n.map(|n| unsafe {
                let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
                _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
            })
        }
    }
}

#[cfg(target_arch = "aarch64")]
pub(super) use arm::Neon;

#[cfg(target_arch = "aarch64")]
mod arm {
    use std::arch::aarch64::*;

    use super::Block;

    /// Four vectors of 128 bits, which every 64-bit ARM has.
    #[derive(Clone, Copy)]
    pub struct Neon;

    // SAFETY: NEON is part of every 64-bit ARM.
    unsafe impl Block for Neon {
        type V = [float32x4_t; 4];
        const PIXELS: usize = 6;
        const BLOCKS: usize = 1;

        #[inline(always)]
        unsafe fn splat(value: f32) -> [float32x4_t; 4] {
            // SAFETY: NEON is always there.
            unsafe { [vdupq_n_f32(value); 4] }
        }

        #[inline(always)]
        unsafe fn load(from: *const f32) -> [float32x4_t; 4] {
            // SAFETY: the pointer is valid for sixteen floats.
            std::array::from_fn(|i| unsafe { vld1q_f32(from.add(4 * i)) })
        }

        #[inline(always)]
        unsafe fn store(to: *mut f32, value: [float32x4_t; 4]) {
            for (i, part) in value.into_iter().enumerate() {
                // SAFETY: the pointer is valid for sixteen floats.
                unsafe { vst1q_f32(to.add(4 * i), part) }
            }
        }

        #[inline(always)]
        unsafe fn fma(a: [float32x4_t; 4], b: [float32x4_t; 4], c: [float32x4_t; 4]) -> [float32x4_t; 4] {
            // SAFETY: NEON is always there.
            std::array::from_fn(|i| unsafe { vfmaq_f32(c[i], a[i], b[i]) })
        }

        #[inline(always)]
        unsafe fn add(a: [float32x4_t; 4], b: [float32x4_t; 4]) -> [float32x4_t; 4] {
            // SAFETY: NEON is always there.
            std::array::from_fn(|i| unsafe { vaddq_f32(a[i], b[i]) })
        }

        #[inline(always)]
        unsafe fn sub(a: [float32x4_t; 4], b: [float32x4_t; 4]) -> [float32x4_t; 4] {
            // SAFETY: NEON is always there.
            std::array::from_fn(|i| unsafe { vsubq_f32(a[i], b[i]) })
        }

        #[inline(always)]
        unsafe fn mul(a: [float32x4_t; 4], b: [float32x4_t; 4]) -> [float32x4_t; 4] {
            // SAFETY: NEON is always there.
            std::array::from_fn(|i| unsafe { vmulq_f32(a[i], b[i]) })
        }

        #[inline(always)]
        unsafe fn div(a: [float32x4_t; 4], b: [float32x4_t; 4]) -> [float32x4_t; 4] {
            // SAFETY: NEON is always there.
            std::array::from_fn(|i| unsafe { vdivq_f32(a[i], b[i]) })
        }

        #[inline(always)]
        unsafe fn sqrt(a: [float32x4_t; 4]) -> [float32x4_t; 4] {
            // SAFETY: NEON is always there.
            std::array::from_fn(|i| unsafe { vsqrtq_f32(a[i]) })
        }

        #[inline(always)]
        unsafe fn max(a: [float32x4_t; 4], b: [float32x4_t; 4]) -> [float32x4_t; 4] {
            // SAFETY: NEON is always there.
            std::array::from_fn(|i| unsafe { vbslq_f32(vcgtq_f32(a[i], b[i]), a[i], b[i]) })
        }

        #[inline(always)]
        unsafe fn min(a: [float32x4_t; 4], b: [float32x4_t; 4]) -> [float32x4_t; 4] {
            // SAFETY: NEON is always there.
            std::array::from_fn(|i| unsafe { vbslq_f32(vcltq_f32(a[i], b[i]), a[i], b[i]) })
        }

        #[inline(always)]
        unsafe fn less(
            a: [float32x4_t; 4],
            b: [float32x4_t; 4],
            x: [float32x4_t; 4],
            y: [float32x4_t; 4],
        ) -> [float32x4_t; 4] {
            // SAFETY: NEON is always there.
            std::array::from_fn(|i| unsafe { vbslq_f32(vcltq_f32(a[i], b[i]), x[i], y[i]) })
        }

        #[inline(always)]
        unsafe fn pow2(n: [float32x4_t; 4]) -> [float32x4_t; 4] {
            // SAFETY: NEON is always there.
            n.map(|n| unsafe {
                let exponent = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
                vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent))
            })
        }
    }
}
