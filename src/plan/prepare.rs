//! The weights of a convolution while others may still join it: normalisation, a sum, an activation.

use candle_core::Tensor;

use super::draft::ValueId;
use super::step::Work;
use crate::kernels::{Conv, ConvShape, Depthwise, LANES, Level, Limits};
use crate::ops::Window;

/// A convolution or linear layer that is not packed yet.
#[derive(Debug)]
pub(super) struct Weights {
    shape: ConvShape,
    depthwise: bool,
    weights: Vec<f32>,
    bias: Vec<f32>,
    limits: Limits,
    add: Option<ValueId>,
}

fn floats(tensor: &Tensor) -> Vec<f32> {
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

impl Weights {
    /// A convolution of `channels`; nothing where the kernels have none for its groups.
    pub fn conv(
        window: &Window,
        before: [usize; 2],
        groups: usize,
        channels: usize,
        output: &[usize],
        weights: &[Tensor],
    ) -> Option<Weights> {
        let outs = output[0];
        let bias = weights.get(1).map_or_else(|| vec![0.0; outs], floats);
        let mut shape = ConvShape {
            in_channels: channels,
            out_channels: outs,
            groups,
            kernel: window.kernel,
            stride: window.stride,
            dilation: window.dilation,
            before,
        };
        let weights = floats(&weights[0]);
        if groups == channels && outs == channels && groups > 1 {
            return Some(Weights { shape, depthwise: true, weights, bias, limits: Limits::NONE, add: None });
        }
        let (ins, each) = (channels / groups, outs / groups);
        let whole = |ins: usize, each: usize| ins.is_multiple_of(LANES) && each.is_multiple_of(LANES);
        let weights = match groups {
            1 => weights,
            _ if whole(ins, each) => weights,
            _ => {
                // Small groups are joined to blocks, with zeros where a channel is not looked at.
                let joined = LANES / ins.min(LANES);
                if !LANES.is_multiple_of(ins) || !groups.is_multiple_of(joined) || !whole(ins * joined, each * joined) {
                    return None;
                }
                shape.groups = groups / joined;
                let places = window.kernel[0] * window.kernel[1];
                let mut dense = vec![0.0; outs * ins * joined * places];
                for out in 0..outs {
                    let slot = out / each % joined;
                    let from = &weights[out * ins * places..(out + 1) * ins * places];
                    let at = (out * joined + slot) * ins * places;
                    dense[at..at + ins * places].copy_from_slice(from);
                }
                dense
            }
        };
        Some(Weights { shape, depthwise: false, weights, bias, limits: Limits::NONE, add: None })
    }

    pub fn linear(weights: &[Tensor]) -> Weights {
        let outs = weights[0].dims()[0];
        let shape = ConvShape {
            in_channels: weights[0].dims()[1],
            out_channels: outs,
            groups: 1,
            kernel: [1, 1],
            stride: [1, 1],
            dilation: [1, 1],
            before: [0, 0],
        };
        let bias = weights.get(1).map_or_else(|| vec![0.0; outs], floats);
        Weights { shape, depthwise: false, weights: floats(&weights[0]), bias, limits: Limits::NONE, add: None }
    }

    pub fn is_depthwise(&self) -> bool {
        self.depthwise
    }

    pub fn channels(&self) -> usize {
        self.shape.out_channels
    }

    /// Whether nothing has joined that must come last.
    pub fn takes_more(&self) -> bool {
        self.limits == Limits::NONE && self.add.is_none()
    }

    /// Scales and shifts the results, channel by channel.
    pub fn scale(&mut self, scale: &[f32], shift: &[f32]) {
        let each = self.weights.len() / self.bias.len();
        for (channel, weights) in self.weights.chunks_mut(each).enumerate() {
            weights.iter_mut().for_each(|weight| *weight *= scale[channel]);
            self.bias[channel] = self.bias[channel] * scale[channel] + shift[channel];
        }
    }

    /// Keeps the results within limits; not where they are limited already.
    pub fn limit(&mut self, limits: Limits) -> bool {
        let free = self.limits == Limits::NONE;
        if free {
            self.limits = limits;
        }
        free
    }

    /// Adds another tensor to the results; not where the kernel can't.
    pub fn add(&mut self, other: ValueId) -> bool {
        if self.depthwise {
            return false;
        }
        self.add = Some(other);
        true
    }

    pub fn close(self, src: ValueId, level: Level) -> Work {
        let ConvShape { kernel, stride, dilation, before, .. } = self.shape;
        if self.depthwise {
            let layer = Depthwise::new(kernel, stride, dilation, before, &self.weights, &self.bias, self.limits, level);
            return Work::Depthwise { src, layer };
        }
        let layer = Conv::new(self.shape, &self.weights, &self.bias, self.limits, level);
        Work::Conv { src, layer, add: self.add }
    }
}
