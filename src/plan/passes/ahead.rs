//! A scale and shift of channels joins the convolutions that read its result, where they alone read it. A shift can't
//! where the convolution pads, since what it pads is not shifted.

use crate::diagnostic::Diagnostic;
use crate::kernels::Activation;
use crate::plan::sketch::{Kind, Sketch, ValueId};

pub(super) fn run(sketch: &mut Sketch<'_>) -> Result<(), Diagnostic> {
    for slot in 0..sketch.slots() {
        let Some(stage) = sketch.stage(slot) else { continue };
        let Kind::Affine { scale, shift, activation: Activation::NONE } = &stage.kind else { continue };
        let moves = shift.iter().any(|shift| *shift != 0.0);
        let readers = sketch.readers(stage.output).to_vec();
        let all = readers.iter().all(|reader| takes(sketch, *reader, stage.output, moves));
        if readers.is_empty() || !all || sketch.is_result(stage.output) {
            continue;
        }
        let ahead = [scale.clone(), shift.clone()];
        for reader in &readers {
            if let Kind::Convolution(convolution) = sketch.kind_mut(*reader) {
                convolution.ahead = Some(ahead.clone());
            }
        }
        sketch.join_ahead(slot);
    }
    Ok(())
}

/// Whether the stage in slot `reader` convolves `value`, with nothing ahead yet, such that a scale, and a shift where
/// one `moves`, can go into its weights.
fn takes(sketch: &Sketch<'_>, reader: usize, value: ValueId, moves: bool) -> bool {
    let Some(stage) = sketch.stage(reader) else { return false };
    let reads_once = stage.inputs.iter().filter(|input| **input == value).count() == 1;
    let Kind::Convolution(convolution) = &stage.kind else { return false };
    let free = convolution.ahead.is_none() && !(moves && convolution.is_padded());
    free && reads_once && stage.inputs[0] == value
}

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::steps;

    #[test]
    fn batch_norm_joins_what_does_not_pad() {
        for conv in [
            "conv(24, 1)",
            "conv(24, 1, stride = 2) -> bn",
            "conv(24, 3, pad = valid)",
            "conv(32, 3, pad = valid, groups = 2)",
            "conv(32, 1, groups = 8, bias = false)",
            "depthwise_conv(3, pad = valid)",
        ] {
            let joined = if conv.ends_with("bn") { "conv1 + bn2 + bn1" } else { "conv1 + bn1" };
            assert_eq!(steps(&format!("input image[32, 9, 7]\nbn -> {conv}")), [joined], "{conv}");
        }
        assert_eq!(steps("input image[24]\nbn -> linear(20)"), ["fc1 + bn1"]);
    }

    #[test]
    fn a_scale_without_a_shift_joins_what_pads() {
        assert_eq!(steps("input image[20, 9, 7]\nmul(0.5) -> conv(24, 3)"), ["conv1 + mul1"]);
        assert_eq!(steps("input image[20, 9, 7]\nbn -> conv(24, 3)"), ["bn1", "conv1"]);
    }

    #[test]
    fn all_readers_or_none() {
        let body = "input image[20, 9, 7]\nx: bn\nconcat(channels) { conv(16, 1); conv(16, 1) }";
        let both = body.replace("(channels)", "");
        assert_eq!(steps(&both), ["conv1 + x", "conv2 + x", "concat1"]);
        let body = "input image[20, 9, 7]\nx: bn -> conv(20, 1) -> add(x)";
        assert_eq!(steps(body), ["x", "conv1 + add1"]);
    }
}
