//! The weights of convolutions and linear layers, with all that has joined them, packed for the kernels.

use candle_core::Tensor;

use super::Options;
use super::sketch::{self, Sketch, Stage};
use super::step::Work;
use crate::diagnostic::Diagnostic;
use crate::kernels::{ConvShape, Convolution, Depthwise, LANES};

pub(super) fn floats(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().and_then(|flat| flat.to_vec1()).expect("weights are float32 on the CPU")
}

/// Scale and shift of a batch normalisation.
pub(super) fn affine(eps: f64, scale: bool, center: bool, weights: &[Tensor]) -> [Vec<f32>; 2] {
    let learned = usize::from(scale) + usize::from(center);
    let (mean, variance) = (floats(&weights[learned]), floats(&weights[learned + 1]));
    let scales = scale.then(|| floats(&weights[0]));
    let shifts = center.then(|| floats(&weights[learned - 1]));
    let factor = |c: usize| {
        let scale = scales.as_ref().map_or(1.0, |scales| f64::from(scales[c]));
        scale / (f64::from(variance[c]) + eps).sqrt()
    };
    let offset = |c: usize| {
        let shift = shifts.as_ref().map_or(0.0, |shifts| f64::from(shifts[c]));
        shift - f64::from(mean[c]) * factor(c)
    };
    let channels = 0..mean.len();
    [channels.clone().map(|c| factor(c) as f32).collect(), channels.map(|c| offset(c) as f32).collect()]
}

/// The kernel of a stage that convolves.
pub(super) fn pack(
    sketch: &Sketch<'_>,
    stage: &Stage,
    convolution: &sketch::Convolution,
    options: Options,
) -> Result<Work, Diagnostic> {
    let level = options.level;
    let sketch::Convolution { kernel, stride, dilation, pads, groups, limits, .. } = *convolution;
    let channels = |value: usize| sketch.values[value].image()[0];
    let (src, ins, outs) = (stage.inputs[0], channels(stage.inputs[0].0), channels(stage.output.0));
    let before = [pads[0][0], pads[1][0]];
    let read = sketch.weights(stage.node)?;
    let mut weights = floats(&read[0]);
    let mut bias = read.get(1).map_or_else(|| vec![0.0; outs], floats);
    drop(read);
    if let Some(ahead) = &convolution.ahead {
        scale_inputs(&mut weights, &mut bias, ins / groups, outs / groups, ahead);
    }
    if let Some([scale, shift]) = &convolution.behind {
        let each = weights.len() / outs;
        for (channel, weights) in weights.chunks_mut(each).enumerate() {
            weights.iter_mut().for_each(|weight| *weight *= scale[channel]);
            bias[channel] = bias[channel] * scale[channel] + shift[channel];
        }
    }
    let shape = ConvShape { in_channels: ins, out_channels: outs, groups, kernel, stride, dilation, before };
    if convolution.is_depthwise(ins, outs) {
        return Ok(Work::Depthwise { src, layer: Depthwise::new(shape, &weights, &bias, limits, level) });
    }
    let joined = groups / joined_groups(groups, ins, outs);
    if joined != groups {
        weights = join_groups(&weights, groups, joined, ins, outs);
    }
    let shape = ConvShape { groups: joined, ..shape };
    let [_, height, width] = sketch.values[stage.output.0].image();
    let size = [height, width];
    let layer = Convolution::new(shape, &weights, &bias, limits, level, size, options.exact);
    Ok(Work::Conv { src, layer, add: convolution.sum.then(|| stage.inputs[1]) })
}

/// Scales and shifts what a convolution reads: groups of `ins` channels in and `outs` out.
fn scale_inputs(weights: &mut [f32], bias: &mut [f32], ins: usize, outs: usize, [scale, shift]: &[Vec<f32>; 2]) {
    let places = weights.len() / (bias.len() * ins);
    for (index, weights) in weights.chunks_mut(places).enumerate() {
        let (out, input) = (index / ins, index % ins);
        let channel = out / outs * ins + input;
        bias[out] += shift[channel] * weights.iter().sum::<f32>();
        weights.iter_mut().for_each(|weight| *weight *= scale[channel]);
    }
}

/// How many groups are joined to one, with zeros where a channel is not looked at, so that each has whole blocks.
fn joined_groups(groups: usize, ins: usize, outs: usize) -> usize {
    let whole =
        |count: &usize| (ins / groups * count).is_multiple_of(LANES) && (outs / groups * count).is_multiple_of(LANES);
    (1..groups).filter(|count| groups.is_multiple_of(*count)).find(whole).unwrap_or(groups)
}

/// The weights of `groups` as those of fewer, `joined`.
fn join_groups(weights: &[f32], groups: usize, joined: usize, ins: usize, outs: usize) -> Vec<f32> {
    let (each_in, each_out, wide) = (ins / groups, outs / groups, ins / joined);
    let places = weights.len() / (outs * each_in);
    let mut dense = vec![0.0; outs * wide * places];
    for (out, from) in weights.chunks(each_in * places).enumerate() {
        let slot = out / each_out % (groups / joined);
        let at = (out * wide + slot * each_in) * places;
        dense[at..at + from.len()].copy_from_slice(from);
    }
    dense
}

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::steps;

    #[test]
    fn groups_of_any_size() {
        for (channels, out, groups) in [(32, 32, 8), (12, 24, 3), (20, 30, 5), (48, 96, 3), (8, 24, 8), (6, 6, 2)] {
            for stages in ["", " -> bn -> relu"] {
                let conv = format!("conv({out}, 3, 2, groups = {groups}){stages}");
                assert_eq!(steps(&format!("input image[{channels}, 9, 7]\n{conv}")).len(), 1);
            }
        }
    }
}
