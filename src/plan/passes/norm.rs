//! Batch normalisation by statistics that were found in training is a scale and a shift of each channel.

use crate::diagnostic::Diagnostic;
use crate::kernels::Activation;
use crate::plan::prepare::affine;
use crate::plan::sketch::{Kind, Sketch};

pub(super) fn run(sketch: &mut Sketch<'_>) -> Result<(), Diagnostic> {
    for slot in 0..sketch.slots() {
        if let Some(stage) = sketch.stage(slot)
            && let Kind::Norm { eps, scale, center } = stage.kind
        {
            let [scale, shift] = affine(eps, scale, center, &sketch.weights(stage.node)?);
            *sketch.kind_mut(slot) = Kind::Affine { scale, shift, activation: Activation::NONE };
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::steps;

    #[test]
    fn with_and_without_learned_parts() {
        for arguments in ["", "(eps = 1e-3)", "(scale = false)", "(center = false)"] {
            assert_eq!(steps(&format!("input image[20, 5, 5]\nbn{arguments} -> relu")), ["bn1 + relu1"]);
            assert_eq!(steps(&format!("input image[20]\nbn{arguments}")), ["bn1"]);
        }
    }
}
