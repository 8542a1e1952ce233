//! Resampling of 8-bit images, equal bit for bit to Pillow's `Image.resize`: each output sample is a weighted sum of
//! the input samples under a filter that widens as the image shrinks (so that nothing is skipped), in fixed point with
//! 22 bits after the point, along the rows first and the columns second, with 8-bit samples in between.

use super::Pixels;

/// How samples between pixels are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// The nearest pixel; nothing is averaged.
    Nearest,
    Bilinear,
    /// The cubic convolution with a = -0.5.
    Bicubic,
    /// The windowed sinc with three lobes.
    Lanczos,
}

impl Filter {
    pub const ALL: [Filter; 4] = [Filter::Nearest, Filter::Bilinear, Filter::Bicubic, Filter::Lanczos];

    /// As it is written in a `weights` item.
    pub fn name(self) -> &'static str {
        match self {
            Filter::Nearest => "nearest",
            Filter::Bilinear => "bilinear",
            Filter::Bicubic => "bicubic",
            Filter::Lanczos => "lanczos",
        }
    }
}

/// The image at `width x height`, both at least 1; `image` has at least one pixel.
pub fn resize(image: &Pixels, width: usize, height: usize, filter: Filter) -> Pixels {
    if (image.width, image.height) == (width, height) {
        return image.clone();
    }
    match filter {
        Filter::Nearest => nearest(image, width, height),
        Filter::Bilinear => convolve(image, width, height, Kernel { support: 1.0, weight: triangle }),
        Filter::Bicubic => convolve(image, width, height, Kernel { support: 2.0, weight: cubic }),
        Filter::Lanczos => convolve(image, width, height, Kernel { support: 3.0, weight: lanczos }),
    }
}

/// A filter's weight at a distance in pixels of the smaller image, zero beyond `support`.
#[derive(Clone, Copy)]
struct Kernel {
    support: f64,
    weight: fn(f64) -> f64,
}

fn triangle(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

fn lanczos(x: f64) -> f64 {
    let sinc = |x: f64| {
        let x = x * std::f64::consts::PI;
        if x == 0.0 { 1.0 } else { x.sin() / x }
    };
    if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

/// The fixed point's bits after the point: 32, less 8 for the sample and 2 for weights outside 0..1.
const FRACTION_BITS: u32 = 22;

/// What one output sample reads: the samples from `start` on, each with its weight.
struct Taps {
    start: usize,
    weights: Vec<i32>,
}

/// The taps of every output position along an axis of `from` samples that becomes one of `to`.
fn taps(from: usize, to: usize, kernel: Kernel) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let support = kernel.support * stretch;
    let shrink = 1.0 / stretch;
    let at = |position: usize| {
        let centre = (position as f64 + 0.5) * scale;
        // Conversions cut the fraction off and end at 0, as both bounds need.
        let start = (centre - support + 0.5) as usize;
        let end = ((centre + support + 0.5) as usize).min(from);
        let weights: Vec<f64> =
            (start..end).map(|sample| (kernel.weight)((sample as f64 - centre + 0.5) * shrink)).collect();
        let sum: f64 = weights.iter().sum();
        let weights = weights.iter().map(|weight| to_fixed(if sum == 0.0 { *weight } else { weight / sum })).collect();
        Taps { start, weights }
    };
    (0..to).map(at).collect()
}

/// Rounded to the nearest, halves away from zero.
fn to_fixed(weight: f64) -> i32 {
    let scaled = weight * f64::from(1 << FRACTION_BITS);
    (if scaled < 0.0 { scaled - 0.5 } else { scaled + 0.5 }) as i32
}

/// The sum's integer part, rounded, within a sample's range.
fn to_sample(sum: i32) -> u8 {
    (sum >> FRACTION_BITS).clamp(0, 255) as u8
}

const HALF: i32 = 1 << (FRACTION_BITS - 1);

fn convolve(image: &Pixels, width: usize, height: usize, kernel: Kernel) -> Pixels {
    if height == image.height {
        return convolve_rows(image, width, 0..image.height, kernel);
    }
    let mut taps = taps(image.height, height, kernel);
    if width == image.width {
        return convolve_columns(image, &taps);
    }
    let first = taps.iter().map(|taps| taps.start).min().unwrap_or(0);
    let end = taps.iter().map(|taps| taps.start + taps.weights.len()).max().unwrap_or(0);
    for taps in &mut taps {
        taps.start -= first;
    }
    convolve_columns(&convolve_rows(image, width, first..end, kernel), &taps)
}

/// The given rows of the image at another width.
fn convolve_rows(image: &Pixels, width: usize, rows: std::ops::Range<usize>, kernel: Kernel) -> Pixels {
    let taps = taps(image.width, width, kernel);
    let mut out = Pixels::black(width, rows.len(), image.channels);
    for (y, row) in rows.enumerate() {
        let source = image.row(row);
        match image.channels {
            1 => convolve_row::<1>(source, out.row_mut(y), &taps),
            _ => convolve_row::<3>(source, out.row_mut(y), &taps),
        }
    }
    out
}

fn convolve_row<const CHANNELS: usize>(source: &[u8], out: &mut [u8], taps: &[Taps]) {
    for (pixel, taps) in out.chunks_exact_mut(CHANNELS).zip(taps) {
        let mut sums = [HALF; CHANNELS];
        let samples = source[taps.start * CHANNELS..].chunks_exact(CHANNELS);
        for (sample, weight) in samples.zip(&taps.weights) {
            for channel in 0..CHANNELS {
                sums[channel] += i32::from(sample[channel]) * weight;
            }
        }
        for channel in 0..CHANNELS {
            pixel[channel] = to_sample(sums[channel]);
        }
    }
}

/// The image at the height that `taps` describe.
fn convolve_columns(image: &Pixels, taps: &[Taps]) -> Pixels {
    let mut out = Pixels::black(image.width, taps.len(), image.channels);
    let mut sums = vec![HALF; image.width * image.channels];
    for (y, taps) in taps.iter().enumerate() {
        sums.fill(HALF);
        for (row, weight) in (taps.start..).zip(&taps.weights) {
            for (sum, sample) in sums.iter_mut().zip(image.row(row)) {
                *sum += i32::from(*sample) * weight;
            }
        }
        for (sample, sum) in out.row_mut(y).iter_mut().zip(&sums) {
            *sample = to_sample(*sum);
        }
    }
    out
}

fn nearest(image: &Pixels, width: usize, height: usize) -> Pixels {
    let columns = nearest_positions(image.width, width);
    let rows = nearest_positions(image.height, height);
    let mut out = Pixels::black(width, height, image.channels);
    for (y, row) in rows.into_iter().enumerate() {
        let source = image.row(row);
        let pixels = out.row_mut(y).chunks_exact_mut(image.channels);
        for (pixel, column) in pixels.zip(&columns) {
            pixel.copy_from_slice(&source[column * image.channels..][..image.channels]);
        }
    }
    out
}

/// The input position that each output position takes. Steps are added up, as Pillow does, since their rounding shows.
fn nearest_positions(from: usize, to: usize) -> Vec<usize> {
    let step = from as f64 / to as f64;
    let mut at = step * 0.5;
    let next = |_| {
        let position = (at as usize).min(from - 1);
        at += step;
        position
    };
    (0..to).map(next).collect()
}
