//! A sum joins the later of the convolutions that make its operands, if the sum alone reads that one.

use crate::diagnostic::Diagnostic;
use crate::kernels::Activation;
use crate::ops::Binary;
use crate::plan::sketch::{Kind, Sketch, ValueId};

pub(super) fn run(sketch: &mut Sketch<'_>) -> Result<(), Diagnostic> {
    for slot in 0..sketch.slots() {
        let Some(stage) = sketch.stage(slot) else { continue };
        if !matches!(stage.kind, Kind::Binary { binary: Binary::Add, activation: Activation::NONE }) {
            continue;
        }
        let [first, second] = [stage.inputs[0], stage.inputs[1]];
        let candidates = [(first, second), (second, first)];
        let makers = candidates.into_iter().filter_map(|(value, other)| Some((convolution(sketch, value)?, other)));
        if let Some((maker, other)) = makers.max_by_key(|(maker, _)| *maker) {
            if let Kind::Convolution(convolution) = sketch.kind_mut(maker) {
                convolution.sum = true;
            }
            sketch.join(maker, slot, &[other]);
        }
    }
    Ok(())
}

/// The slot of the convolution that makes `value`, which a sum alone reads, if its kernel can add.
fn convolution(sketch: &Sketch<'_>, value: ValueId) -> Option<usize> {
    let slot = sketch.sole_maker(value)?;
    let stage = sketch.stage(slot)?;
    let Kind::Convolution(convolution) = &stage.kind else { return None };
    let channels = |value: ValueId| sketch.values[value.0].image()[0];
    let depthwise = convolution.is_depthwise(channels(stage.inputs[0]), channels(value));
    (convolution.takes_more() && !depthwise).then_some(slot)
}

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::steps;

    #[test]
    fn the_sum_of_a_residual_joins_its_last_convolution() {
        let body = "input image[20, 9, 7]\nresidual { conv(20, 3) -> bn -> relu -> conv(20, 3) -> bn }\nrelu";
        assert_eq!(steps(body), ["conv1 + bn1 + relu1", "conv2 + bn2 + add1 + relu2"]);
    }

    #[test]
    fn with_a_convolution_in_the_shortcut_the_later_takes_it() {
        let body = "input image[20, 9, 7]\nresidual { conv(32, 3, 2) } shortcut { conv(32, 1, 2) }";
        assert_eq!(steps(body), ["conv1", "conv2 + add1"]);
    }

    #[test]
    fn an_operand_that_is_made_later_is_waited_for() {
        let body = "input image[20, 9, 7]\nresidual { conv(20, 3) } shortcut { max_pool(3, 1, pad = 1) }";
        assert_eq!(steps(body), ["max_pool1", "conv1 + add1"]);
    }

    #[test]
    fn not_after_an_activation_nor_twice() {
        assert_eq!(steps("input image[20, 9, 7]\nresidual { conv(20, 3) -> relu }"), ["conv1 + relu1", "add1"]);
        let body = "input image[20, 9, 7]\nx: conv(20, 3)\nx -> add(x)";
        assert_eq!(steps(body), ["x", "add1"]);
        let body = "input image[20, 9, 7]\nresidual { depthwise_conv(3) }\nrelu";
        assert_eq!(steps(body), ["conv1", "add1 + relu1"]);
    }
}
