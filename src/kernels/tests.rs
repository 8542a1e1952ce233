//! Every kernel at every level of this machine, against plain loops, on odd shapes.

use super::*;

/// Values that look random and are the same everywhere, in -1..1.
fn values(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

const RELU: Activation = Activation::Limits(Limits::RELU);
const RELU6: Activation = Activation::Limits(Limits::RELU6);

/// Hands out views one behind the other.
#[derive(Default)]
struct Layout {
    len: usize,
    batch: usize,
}

impl Layout {
    fn image(&mut self, channels: usize, height: usize, width: usize, halo: [usize; 4]) -> View {
        self.image_of(channels, height, width, halo, LANES)
    }

    fn image_of(&mut self, channels: usize, height: usize, width: usize, halo: [usize; 4], pixel: usize) -> View {
        let [above, below, left, right] = halo;
        let row = (left + width + right) * pixel;
        let block = (above + height + below) * row;
        let blocks = if pixel == LANES { channels.div_ceil(LANES) } else { 1 };
        let start = self.len + above * row + left * pixel;
        self.len += self.batch * blocks * block + LANES;
        View { start, channels, height, width, pixel, row, block, image: blocks * block, halo }
    }
}

/// An arena that nobody has written to.
fn untouched(layout: &Layout) -> Arena {
    let mut arena = Arena::new(layout.len);
    arena.floats_mut().fill(f32::NAN);
    arena
}

/// Weights that are in memory.
struct Held<'a> {
    weights: &'a [f32],
    bias: &'a [f32],
}

impl Unpacked for Held<'_> {
    type Error = std::convert::Infallible;

    fn read(&self, channels: std::ops::Range<usize>, weights: &mut [f32], bias: &mut [f32]) -> Result<(), Self::Error> {
        let each = self.weights.len() / self.bias.len();
        weights.copy_from_slice(&self.weights[channels.start * each..channels.end * each]);
        bias.copy_from_slice(&self.bias[channels]);
        Ok(())
    }
}

/// Whether there are zeros around the images of a view.
fn is_framed(arena: &Arena, view: &View, batch: usize) {
    let [above, below, left, right] = view.halo;
    for image in 0..batch {
        for block in 0..view.blocks() {
            for y in 0..above + view.height + below {
                for x in 0..left + view.width + right {
                    let is_pixel = (above..above + view.height).contains(&y) && (left..left + view.width).contains(&x);
                    let at = view.begin() + image * view.image + block * view.block + y * view.row + x * view.pixel;
                    let floats = &arena.floats()[at..at + view.pixel];
                    assert!(is_pixel || *floats == [0.0; LANES][..view.pixel], "{view:?} at {y}, {x}: {floats:?}");
                }
            }
        }
    }
}

fn close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= 1e-4 * (1.0 + b.abs()), "at {i}: {a} and {b}");
    }
}

/// A convolution by its definition; `pads` are above, below, left, right.
fn plain_conv(
    input: &[f32],
    [n, c, h, w]: [usize; 4],
    shape: &ConvShape,
    [oh, ow]: [usize; 2],
    weights: &[f32],
    bias: &[f32],
) -> Vec<f32> {
    let ConvShape { out_channels, groups, kernel: [kh, kw], stride, dilation, before, .. } = *shape;
    let (ins, outs) = (c / groups, out_channels / groups);
    let mut out = Vec::new();
    for image in 0..n {
        for o in 0..out_channels {
            for y in 0..oh {
                for x in 0..ow {
                    let mut sum = f64::from(bias[o]);
                    for i in 0..ins {
                        for ky in 0..kh {
                            for kx in 0..kw {
                                let iy = (y * stride[0] + ky * dilation[0]).wrapping_sub(before[0]);
                                let ix = (x * stride[1] + kx * dilation[1]).wrapping_sub(before[1]);
                                if iy < h && ix < w {
                                    let channel = o / outs * ins + i;
                                    let value = input[((image * c + channel) * h + iy) * w + ix];
                                    let weight = weights[((o * ins + i) * kh + ky) * kw + kx];
                                    sum += f64::from(value) * f64::from(weight);
                                }
                            }
                        }
                    }
                    out.push(sum as f32);
                }
            }
        }
    }
    out
}

struct Case {
    channels: usize,
    out: usize,
    groups: usize,
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    pads: [usize; 4],
    batch: usize,
    pixel: usize,
}

const BASE: Case = Case {
    channels: 16,
    out: 32,
    groups: 1,
    size: [9, 11],
    kernel: [3, 3],
    stride: [1, 1],
    dilation: [1, 1],
    pads: [1, 1, 1, 1],
    batch: 1,
    pixel: LANES,
};

fn cases() -> Vec<Case> {
    vec![
        BASE,
        Case { channels: 5, out: 7, ..BASE },
        Case { channels: 40, out: 50, size: [7, 7], batch: 3, ..BASE },
        Case { kernel: [1, 1], pads: [0; 4], channels: 33, out: 48, size: [5, 29], ..BASE },
        Case { kernel: [1, 1], pads: [0; 4], stride: [2, 2], ..BASE },
        Case { kernel: [1, 7], pads: [0, 0, 3, 3], ..BASE },
        Case { kernel: [7, 1], pads: [3, 3, 0, 0], out: 16, ..BASE },
        Case { kernel: [5, 5], pads: [2, 2, 2, 2], stride: [2, 1], size: [13, 31], ..BASE },
        Case { dilation: [2, 2], pads: [2, 2, 2, 2], size: [12, 40], batch: 2, ..BASE },
        Case { stride: [2, 2], pads: [0, 1, 0, 1], size: [10, 10], ..BASE },
        Case { kernel: [3, 3], pads: [0; 4], size: [3, 3], ..BASE },
        Case { groups: 2, channels: 32, out: 64, ..BASE },
        Case { groups: 4, channels: 64, out: 64, stride: [2, 2], batch: 2, ..BASE },
        Case { channels: 3, out: 24, kernel: [7, 7], stride: [2, 2], pads: [3; 4], size: [31, 33], pixel: 4, ..BASE },
        Case { channels: 3, out: 64, size: [8, 50], pixel: 4, batch: 2, ..BASE },
        Case { channels: 1, out: 8, kernel: [11, 11], stride: [4, 4], pads: [2; 4], size: [40, 40], pixel: 4, ..BASE },
        Case { channels: 16, out: 16, stride: [3, 3], size: [20, 20], ..BASE },
        Case { channels: 600, out: 33, size: [4, 4], batch: 2, ..BASE },
        // Winograd's tiles of every kind: whole, cut off, more than one span, and scratch for each thread or for all.
        Case { channels: 64, out: 64, size: [40, 37], batch: 2, ..BASE },
        Case { channels: 128, out: 160, size: [15, 14], batch: 2, ..BASE },
        Case { channels: 20, out: 16, size: [1, 2], pads: [1, 1, 1, 1], ..BASE },
        Case { channels: 32, out: 32, size: [6, 10], pads: [0, 2, 1, 0], ..BASE },
        Case { kernel: [1, 3], pads: [0, 0, 1, 1], channels: 96, out: 112, size: [9, 17], batch: 3, ..BASE },
        Case { kernel: [3, 1], pads: [1, 1, 0, 0], channels: 50, out: 33, size: [13, 8], ..BASE },
        Case { kernel: [3, 1], pads: [2, 0, 0, 0], channels: 320, out: 300, size: [8, 8], ..BASE },
        Case { kernel: [1, 7], pads: [0, 0, 3, 3], channels: 160, out: 192, size: [17, 17], ..BASE },
        Case { kernel: [1, 7], pads: [0, 0, 0, 5], channels: 7, out: 20, size: [1, 13], batch: 2, ..BASE },
        Case { kernel: [7, 1], pads: [3, 3, 0, 0], channels: 40, out: 50, size: [30, 31], batch: 2, ..BASE },
        Case { kernel: [7, 1], pads: [3, 3, 0, 0], size: [1, 1], ..BASE },
        Case { kernel: [5, 5], pads: [2; 4], channels: 50, out: 64, size: [35, 34], ..BASE },
        Case { kernel: [5, 5], pads: [2, 1, 0, 3], channels: 9, out: 40, size: [8, 13], batch: 3, ..BASE },
    ]
}

#[test]
fn convolutions_are_those_of_plain_loops() {
    for level in Level::available() {
        for threads in [1, 2] {
            let mut pool = Pool::new(threads);
            for case in cases() {
                check_conv(&case, level, &mut pool);
            }
        }
    }
}

fn check_conv(case: &Case, level: Level, pool: &mut Pool) {
    let [h, w] = case.size;
    let [above, below, left, right] = case.pads;
    let size = |size: usize, pads: usize, axis: usize| {
        (size + pads - case.dilation[axis] * (case.kernel[axis] - 1) - 1) / case.stride[axis] + 1
    };
    let (oh, ow) = (size(h, above + below, 0), size(w, left + right, 1));
    let shape = ConvShape {
        in_channels: case.channels,
        out_channels: case.out,
        groups: case.groups,
        kernel: case.kernel,
        stride: case.stride,
        dilation: case.dilation,
        before: [above, left],
    };
    let input = values(1, case.batch * case.channels * h * w);
    let weights = values(2, case.out * case.channels / case.groups * case.kernel[0] * case.kernel[1]);
    let bias = values(3, case.out);
    let other = values(4, case.batch * case.out * oh * ow);
    let plain = plain_conv(&input, [case.batch, case.channels, h, w], &shape, [oh, ow], &weights, &bias);

    let mut layout = Layout { len: 0, batch: case.batch };
    let src = layout.image_of(case.channels, h, w, case.pads, case.pixel);
    let dst = layout.image(case.out, oh, ow, [1, 0, 2, 1]);
    let add = layout.image(case.out, oh, ow, [0; 4]);
    let mut arena = untouched(&layout);
    from_rows(&mut arena, &input, &src, case.batch, pool);
    from_rows(&mut arena, &other, &add, case.batch, pool);

    let layer = Conv::new(shape, &Held { weights: &weights, bias: &bias }, Activation::NONE, level).unwrap();
    let places = Places { src, dst, add: None };
    layer.run(&mut arena, &layer.place(&places, case.batch, pool.threads()), &places, pool);
    close(&to_rows(&arena, &dst, case.batch), &plain);
    is_framed(&arena, &src, case.batch);
    is_framed(&arena, &dst, case.batch);

    let places = Places { src, dst, add: Some(add) };
    let sums = || plain.iter().zip(&other).map(|(a, b)| a + b);
    let cut: Vec<f32> = sums().map(|x| x.max(0.0)).collect();
    let smooth: Vec<f32> = sums().map(|x| x / (1.0 + (-x).exp())).collect();
    for (activation, expected) in [(RELU, cut), (Activation::Map(Map::Silu), smooth)] {
        let layer = Conv::new(shape, &Held { weights: &weights, bias: &bias }, activation, level).unwrap();
        layer.run(&mut arena, &layer.place(&places, case.batch, pool.threads()), &places, pool);
        close(&to_rows(&arena, &dst, case.batch), &expected);
        is_framed(&arena, &dst, case.batch);
        for way in Winograd::ways(&shape, level) {
            let layer = Winograd::new(shape, way, &Held { weights: &weights, bias: &bias }, activation, level).unwrap();
            let placed = layer.place(&places, case.batch, pool.threads());
            let mut whole = Arena::new(layout.len + placed.scratch());
            whole.floats_mut()[..layout.len].copy_from_slice(arena.floats());
            whole.floats_mut()[dst.begin()..dst.end(case.batch)].fill(f32::NAN);
            layer.run(&mut whole, &placed, &places, layout.len, pool);
            is_framed(&whole, &dst, case.batch);
            // Its errors are those of the sums that it makes, which are as large as the largest result.
            let largest = plain.iter().fold(1.0f32, |largest, value| largest.max(value.abs()));
            for (a, b) in to_rows(&whole, &dst, case.batch).iter().zip(&expected) {
                assert!((a - b).abs() <= 2e-5 * largest, "{a} and {b}, of values to {largest}");
            }
        }
    }
}

#[test]
fn depthwise_convolutions_are_those_of_plain_loops() {
    for level in Level::available() {
        let mut pool = Pool::new(2);
        for (channels, [h, w], kernel, stride, dilation, batch) in [
            (16, [7, 7], [3, 3], [1, 1], [1, 1], 1),
            (20, [9, 15], [3, 3], [2, 2], [1, 1], 2),
            (40, [5, 5], [5, 5], [1, 1], [1, 1], 1),
            (8, [12, 30], [5, 5], [2, 2], [1, 1], 1),
            (33, [6, 3], [3, 3], [1, 1], [1, 1], 1),
            (16, [11, 11], [7, 3], [1, 3], [2, 2], 1),
        ] {
            let before: [usize; 2] = [0, 1].map(|axis| dilation[axis] * (kernel[axis] - 1) / 2);
            let size = |size: usize, axis: usize| {
                (size + 2 * before[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis] + 1
            };
            let (oh, ow) = (size(h, 0), size(w, 1));
            let shape = ConvShape {
                in_channels: channels,
                out_channels: channels,
                groups: channels,
                kernel,
                stride,
                dilation,
                before,
            };
            let input = values(5, batch * channels * h * w);
            let weights = values(6, channels * kernel[0] * kernel[1]);
            let bias = values(7, channels);
            let plain = plain_conv(&input, [batch, channels, h, w], &shape, [oh, ow], &weights, &bias);
            let halo = [before[0], before[0], before[1], before[1]];
            let mut layout = Layout { len: 0, batch };
            let src = layout.image(channels, h, w, halo);
            let dst = layout.image(channels, oh, ow, [0, 1, 0, 2]);
            let mut arena = untouched(&layout);
            from_rows(&mut arena, &input, &src, batch, &mut pool);
            let cut: Vec<f32> = plain.iter().map(|value| value.clamp(0.0, 6.0)).collect();
            let smooth: Vec<f32> = plain.iter().map(|value| value.tanh()).collect();
            for (activation, expected) in [(RELU6, cut), (Activation::Map(Map::Tanh), smooth)] {
                let layer = Depthwise::new(shape, &Held { weights: &weights, bias: &bias }, activation, level).unwrap();
                layer.run(&mut arena, &src, &dst, batch, &mut pool);
                is_framed(&arena, &dst, batch);
                close(&to_rows(&arena, &dst, batch), &expected);
            }
        }
    }
}

#[test]
fn pools_and_means_are_those_of_plain_loops() {
    for level in Level::available() {
        let mut pool = Pool::new(2);
        let (channels, h, w, batch) = (20, 7, 9, 2);
        let input = values(8, batch * channels * h * w);
        let spans = |size: usize| -> Vec<Span> {
            (0..size.div_ceil(2))
                .map(|i| Span { from: (2 * i).saturating_sub(1), to: (2 * i + 2).min(size), count: 3 })
                .collect()
        };
        let (rows, columns) = (spans(h), spans(w));
        for kind in [PoolKind::Max, PoolKind::Mean] {
            let mut layout = Layout { len: 0, batch };
            let src = layout.image(channels, h, w, [1, 1, 1, 1]);
            let dst = layout.image(channels, rows.len(), columns.len(), [2, 0, 0, 1]);
            let one = layout.image(channels, 1, 1, [1; 4]);
            let mut arena = untouched(&layout);
            from_rows(&mut arena, &input, &src, batch, &mut pool);
            let pooling = Pooling { kind, rows: rows.clone(), columns: columns.clone() };
            pooling.run(&mut arena, &src, &dst, level, batch, &mut pool);
            let mut expected = Vec::new();
            let mut means = Vec::new();
            for plane in input.chunks(h * w) {
                means.push(plane.iter().sum::<f32>() / plane.len() as f32);
                for row in &rows {
                    for column in &columns {
                        let window =
                            (row.from..row.to).flat_map(|y| (column.from..column.to).map(move |x| plane[y * w + x]));
                        expected.push(match kind {
                            PoolKind::Max => window.fold(f32::NEG_INFINITY, f32::max),
                            PoolKind::Mean => window.sum::<f32>() / 9.0,
                        });
                    }
                }
            }
            close(&to_rows(&arena, &dst, batch), &expected);
            mean(&mut arena, &src, &one, level, batch, &mut pool);
            close(&to_rows(&arena, &one, batch), &means);
            is_framed(&arena, &dst, batch);
            is_framed(&arena, &one, batch);
        }
    }
}

#[test]
fn pointwise_results_are_those_of_plain_loops() {
    for level in Level::available() {
        let mut pool = Pool::new(2);
        let (channels, h, w, batch) = (19, 3, 5, 2);
        let (a, b) = (values(9, batch * channels * h * w), values(10, batch * channels * h * w));
        let gates = values(11, batch * channels);
        let mut layout = Layout { len: 0, batch };
        let (va, vb) = (layout.image(channels, h, w, [1, 0, 0, 1]), layout.image(channels, h, w, [0; 4]));
        let gate = layout.image(channels, 1, 1, [0; 4]);
        let dst = layout.image(channels, h, w, [0, 1, 1, 0]);
        let mut scale = values(12, 2 * LANES);
        let mut shift = values(13, 2 * LANES);
        scale[channels..].fill(0.0);
        shift[channels..].fill(0.0);
        let channel = |i: usize| i / (h * w) % channels;
        type Plain<'a> = Box<dyn Fn(usize) -> f32 + 'a>;
        let cases: Vec<(Pointwise<'_>, Plain<'_>)> = vec![
            (
                Pointwise::Affine { scale: &scale, shift: &shift },
                Box::new(|i| a[i] * scale[channel(i)] + shift[channel(i)]),
            ),
            (Pointwise::Gate(gate), Box::new(|i| a[i] * gates[i / (h * w)])),
            (Pointwise::Add(vb), Box::new(|i| a[i] + b[i])),
            (Pointwise::Sub(vb), Box::new(|i| a[i] - b[i])),
            (Pointwise::Mul(vb), Box::new(|i| a[i] * b[i])),
            (Pointwise::Max(vb), Box::new(|i| a[i].max(b[i]))),
            (Pointwise::Min(vb), Box::new(|i| a[i].min(b[i]))),
            (Pointwise::Copy, Box::new(|i| a[i])),
            (Pointwise::Slope(&scale), Box::new(|i| if a[i] < 0.0 { a[i] * scale[channel(i)] } else { a[i] })),
        ];
        for (kind, plain) in cases {
            let mut arena = untouched(&layout);
            from_rows(&mut arena, &a, &va, batch, &mut pool);
            from_rows(&mut arena, &b, &vb, batch, &mut pool);
            from_rows(&mut arena, &gates, &gate, batch, &mut pool);
            pointwise(&mut arena, kind, &va, &dst, RELU, level, batch, &mut pool);
            is_framed(&arena, &dst, batch);
            let expected: Vec<f32> = (0..a.len()).map(|i| plain(i).max(0.0)).collect();
            close(&to_rows(&arena, &dst, batch), &expected);
            let leaky = Activation::Map(Map::Leaky { slope: 0.5 });
            pointwise(&mut arena, kind, &va, &dst, leaky, level, batch, &mut pool);
            let expected: Vec<f32> = (0..a.len()).map(|i| plain(i).max(0.5 * plain(i))).collect();
            close(&to_rows(&arena, &dst, batch), &expected);
        }
    }
}

#[test]
fn values_that_are_not_numbers_stay_so_under_limits() {
    for level in Level::available() {
        let mut layout = Layout { len: 0, batch: 1 };
        let view = layout.image(16, 1, 1, [0; 4]);
        let mut arena = Arena::new(layout.len);
        arena.floats_mut()[view.start] = f32::NAN;
        let ones = [1.0; 16];
        let kind = Pointwise::Affine { scale: &ones, shift: &[0.0; 16] };
        pointwise(&mut arena, kind, &view, &view, RELU6, level, 1, &mut Pool::new(1));
        assert!(arena.floats()[view.start].is_nan());
    }
}

#[test]
fn what_moves_values_writes_zeros_around_them() {
    let mut pool = Pool::new(2);
    let (channels, h, w, batch) = (20, 4, 6, 2);
    let rows = values(14, batch * channels * h * w);
    let mut layout = Layout { len: 0, batch };
    let src = layout.image(channels, h, w, [0; 4]);
    let halo = [1, 2, 2, 1];
    let (turned, gathered) = (layout.image(channels, w, h, halo), layout.image(channels, h, w, halo));
    let (normalised, soft) = (layout.image(channels, h, w, halo), layout.image(channels, h, w, halo));
    let mut arena = untouched(&layout);
    from_rows(&mut arena, &rows, &src, batch, &mut pool);
    reshape(&mut arena, &src, &turned, batch, &mut pool);
    Gather::concat(&[channels], [h, w]).run(&mut arena, &[src], &gathered, batch, &mut pool);
    let level = Level::Scalar;
    let lrn = Lrn { size: 5, alpha: 1e-4, beta: 0.75, k: 1.0 };
    lrn.run(&mut arena, &src, &normalised, level, batch, &mut pool);
    softmax(&mut arena, false, &src, &soft, level, batch, &mut pool);
    for view in [turned, gathered, normalised, soft] {
        is_framed(&arena, &view, batch);
    }
    close(&to_rows(&arena, &turned, batch), &rows);
    close(&to_rows(&arena, &gathered, batch), &rows);
}
