//! The weights of convolutions and linear layers, with all that has joined them, packed for the kernels.

use std::ops::Range;

use candle_core::Tensor;

use super::Options;
use super::packed::Layer;
use super::sketch::{self, Sketch, Stage};
use super::step::Work;
use crate::diagnostic::Diagnostic;
use crate::kernels::{Arena, ConvShape, Convolution, Depthwise, LANES, Unpacked};
use crate::weights::Values;

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

/// The kernel of a stage that convolves; `kept` may have its weights packed.
pub(super) fn pack(
    sketch: &Sketch<'_>,
    stage: &Stage,
    convolution: &sketch::Convolution,
    options: Options,
    kept: Option<Layer<'_>>,
) -> Result<Work, Diagnostic> {
    let level = options.level;
    let sketch::Convolution { kernel, stride, dilation, pads, groups, activation, .. } = *convolution;
    let channels = |value: usize| sketch.values[value].image()[0];
    let (src, ins, outs) = (stage.inputs[0], channels(stage.inputs[0].0), channels(stage.output.0));
    let before = [pads[0][0], pads[1][0]];
    let names = sketch.weight_names(stage.node);
    let [(name, spec), rest @ ..] = names.as_slice() else { unreachable!("convolutions have weights") };
    let bias = match rest {
        [(name, spec), ..] => {
            let mut bias = vec![0.0; outs];
            sketch.source.reader(name, spec)?.read(0, &mut bias)?;
            Some(bias)
        }
        [] => None,
    };
    let is_depthwise = convolution.is_depthwise(ins, outs);
    let joined = if is_depthwise { groups } else { groups / joined_groups(groups, ins, outs) };
    let stored = Stored {
        values: sketch.source.reader(name, spec)?,
        bias,
        convolution,
        places: kernel[0] * kernel[1],
        ins,
        outs,
        joined,
        kept,
    };
    let shape = ConvShape { in_channels: ins, out_channels: outs, groups: joined, kernel, stride, dilation, before };
    if is_depthwise {
        return Ok(Work::Depthwise { src, layer: Depthwise::new(shape, &stored, activation, level)? });
    }
    let [_, height, width] = sketch.values[stage.output.0].image();
    let layer = Convolution::new(shape, &stored, activation, level, [height, width], options.exact)?;
    Ok(Work::Conv { src, layer, add: convolution.sum.then(|| stage.inputs[1]) })
}

/// The weights of a convolution as a source has them, to be read with all that has joined it.
struct Stored<'a> {
    values: Box<dyn Values + 'a>,
    bias: Option<Vec<f32>>,
    convolution: &'a sketch::Convolution,
    /// Places of the window.
    places: usize,
    ins: usize,
    outs: usize,
    /// How many groups the kernel sees; the source has the convolution's.
    joined: usize,
    kept: Option<Layer<'a>>,
}

impl Unpacked for Stored<'_> {
    type Error = Diagnostic;

    fn read(&self, channels: Range<usize>, weights: &mut [f32], bias: &mut [f32]) -> Result<(), Diagnostic> {
        match &self.bias {
            Some(all) => bias.copy_from_slice(&all[channels.clone()]),
            None => bias.fill(0.0),
        }
        let each = self.ins / self.convolution.groups * self.places;
        if self.joined == self.convolution.groups {
            self.values.read(channels.start * each, weights)?;
            self.fold(channels, weights, bias);
            return Ok(());
        }
        let mut rows = vec![0.0; channels.len() * each];
        self.values.read(channels.start * each, &mut rows)?;
        self.fold(channels.clone(), &mut rows, bias);
        self.spread(channels, &rows, weights);
        Ok(())
    }

    fn kept(&self, floats: [usize; 2]) -> Option<[Arena; 2]> {
        self.kept?.read(floats)
    }
}

impl Stored<'_> {
    /// Scales and shifts by what stands ahead of the convolution and behind it.
    fn fold(&self, channels: Range<usize>, weights: &mut [f32], bias: &mut [f32]) {
        let groups = self.convolution.groups;
        let (ins, outs) = (self.ins / groups, self.outs / groups);
        let rows = weights.chunks_exact_mut(ins * self.places);
        for ((channel, row), bias) in channels.zip(rows).zip(bias) {
            if let Some([scale, shift]) = &self.convolution.ahead {
                let first = channel / outs * ins;
                for (input, window) in (first..).zip(row.chunks_exact_mut(self.places)) {
                    *bias += shift[input] * window.iter().sum::<f32>();
                    window.iter_mut().for_each(|weight| *weight *= scale[input]);
                }
            }
            if let Some([scale, shift]) = &self.convolution.behind {
                row.iter_mut().for_each(|weight| *weight *= scale[channel]);
                *bias = *bias * scale[channel] + shift[channel];
            }
        }
    }

    /// The weights of rows as those of fewer groups, with zeros where a channel is not looked at.
    fn spread(&self, channels: Range<usize>, rows: &[f32], weights: &mut [f32]) {
        let groups = self.convolution.groups;
        let (each, wide) = (self.ins / groups * self.places, self.ins / self.joined * self.places);
        weights.fill(0.0);
        let rows = rows.chunks_exact(each).zip(weights.chunks_exact_mut(wide));
        for (channel, (from, to)) in channels.zip(rows) {
            let slot = channel / (self.outs / groups) % (groups / self.joined);
            to[slot * each..][..each].copy_from_slice(from);
        }
    }
}

/// How many groups are joined to one, with zeros where a channel is not looked at, so that each has whole blocks.
fn joined_groups(groups: usize, ins: usize, outs: usize) -> usize {
    let whole =
        |count: &usize| (ins / groups * count).is_multiple_of(LANES) && (outs / groups * count).is_multiple_of(LANES);
    (1..groups).filter(|count| groups.is_multiple_of(*count)).find(whole).unwrap_or(groups)
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
