//! A scale and shift of channels joins the convolution, or the other scale and shift, whose result it alone reads.

use crate::diagnostic::Diagnostic;
use crate::kernels::Activation;
use crate::plan::sketch::{Kind, Sketch};

pub(super) fn run(sketch: &mut Sketch<'_>) -> Result<(), Diagnostic> {
    for slot in 0..sketch.slots() {
        let Some(stage) = sketch.stage(slot) else { continue };
        let Kind::Affine { scale, shift, activation: Activation::NONE } = &stage.kind else { continue };
        let Some(maker) = sketch.sole_maker(stage.inputs[0]) else { continue };
        let (scale, shift) = (scale.clone(), shift.clone());
        let kind = sketch.kind_mut(maker);
        let joins = if let Kind::Convolution(convolution) = kind
            && convolution.takes_more()
        {
            let fresh = || [vec![1.0; scale.len()], vec![0.0; scale.len()]];
            let [scales, shifts] = convolution.behind.get_or_insert_with(fresh);
            compose(scales, shifts, &scale, &shift);
            true
        } else if let Kind::Affine { scale: scales, shift: shifts, activation: Activation::NONE } = kind
            && scales.len() == scale.len()
        {
            compose(scales, shifts, &scale, &shift);
            true
        } else {
            false
        };
        if joins {
            sketch.join(maker, slot, &[]);
        }
    }
    Ok(())
}

/// Makes `scales` and `shifts` what they are followed by `scale` and `shift`.
fn compose(scales: &mut [f32], shifts: &mut [f32], scale: &[f32], shift: &[f32]) {
    for channel in 0..scales.len() {
        scales[channel] *= scale[channel];
        shifts[channel] = shifts[channel] * scale[channel] + shift[channel];
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::steps;

    #[test]
    fn batch_norm_joins_every_kind_of_convolution() {
        for conv in ["conv(24, 3)", "conv(24, 3, bias = false)", "conv(32, 3, groups = 2)", "depthwise_conv(3)"] {
            assert_eq!(steps(&format!("input image[16, 9, 7]\n{conv} -> bn")), ["conv1 + bn1"]);
        }
        assert_eq!(steps("input image[24]\nlinear(20) -> bn -> mul(0.5)"), ["fc1 + bn1 + mul1"]);
    }

    #[test]
    fn scales_in_a_row_are_one() {
        assert_eq!(steps("input image[20, 5, 5]\nbn -> mul(0.5) -> add(3) -> relu"), ["bn1 + mul1 + add1 + relu1"]);
    }

    #[test]
    fn not_where_another_reads_the_result_too() {
        let body = "input image[3, 8, 8]\nx: conv(16, 3) -> bn -> concat(x)";
        assert_eq!(steps(body), ["x", "bn1", "concat1"]);
        assert_eq!(steps("input image[3, 8, 8]\nconv(16, 3) -> relu -> bn"), ["conv1 + relu1", "bn1"]);
    }
}
