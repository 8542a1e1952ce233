//! An activation joins the stage whose result it alone reads.

use crate::diagnostic::Diagnostic;
use crate::kernels::Activation;
use crate::plan::sketch::{Convolution, Kind, Sketch};

pub(super) fn run(sketch: &mut Sketch<'_>) -> Result<(), Diagnostic> {
    for slot in 0..sketch.slots() {
        let Some(stage) = sketch.stage(slot) else { continue };
        let Kind::Activation(activation) = stage.kind else { continue };
        let Some(maker) = sketch.sole_maker(stage.inputs[0]) else { continue };
        let (Kind::Convolution(Convolution { activation: last, .. })
        | Kind::Affine { activation: last, .. }
        | Kind::Binary { activation: last, .. }) = sketch.kind_mut(maker)
        else {
            continue;
        };
        if *last == Activation::NONE {
            *last = activation;
            sketch.join(maker, slot, &[]);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::steps;

    #[test]
    fn activations_join_what_made_the_values() {
        for maker in ["conv(20, 3)", "conv(20, 3, groups = 20)", "bn", "add(in)", "mul(2)"] {
            for activation in ["relu", "relu6", "silu", "gelu"] {
                let steps = steps(&format!("input image[20, 9, 7]\n{maker} -> {activation}"));
                assert!(
                    matches!(steps.as_slice(), [step] if step.ends_with(&format!(" + {activation}1"))),
                    "{steps:?}"
                );
            }
        }
    }

    #[test]
    fn not_where_another_reads_the_values_before() {
        assert_eq!(steps("input image[20, 9, 7]\nx: conv(20, 3)\nrelu -> mul(x)"), ["x", "relu1", "mul1"]);
        assert_eq!(steps("input image[20, 9, 7]\noutput y: conv(20, 3)\ny -> relu"), ["y", "relu1"]);
    }
}
