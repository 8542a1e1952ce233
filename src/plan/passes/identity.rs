//! What changes nothing is removed: dropout, identities, and reshapes of what lies in the same order either way.

use crate::diagnostic::Diagnostic;
use crate::plan::sketch::{Kind, Sketch, Stage, ValueId};

pub(super) fn run(sketch: &mut Sketch<'_>) -> Result<(), Diagnostic> {
    for slot in 0..sketch.slots() {
        let Some(stage) = sketch.stage(slot) else { continue };
        let (input, output) = (stage.inputs.first().copied(), stage.output);
        if let Some(input) = input
            && changes_nothing(sketch, stage)
        {
            sketch.discard(slot, "it changes nothing");
            sketch.replace(output, input);
        }
    }
    Ok(())
}

fn changes_nothing(sketch: &Sketch<'_>, stage: &Stage) -> bool {
    // A vector has the same order as an image of one pixel; other images are in blocks.
    let flat = |value: &ValueId| {
        let shape = &sketch.values[value.0].shape;
        shape.len() != 3 || shape[1..] == [1, 1]
    };
    if let Kind::Reshape = stage.kind {
        flat(&stage.inputs[0]) && flat(&stage.output)
    } else if let Kind::Affine { scale, shift, .. } = &stage.kind {
        scale.iter().all(|scale| *scale == 1.0) && shift.iter().all(|shift| *shift == 0.0)
    } else if let Kind::Select(select) = &stage.kind {
        let image = sketch.values[stage.inputs[0].0].image();
        (0..3).all(|axis| select.places[axis].iter().copied().eq((0..image[axis]).map(Some)))
    } else {
        matches!(stage.kind, Kind::Identity)
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::{removed, steps};

    #[test]
    fn dropout_and_flat_reshapes_vanish() {
        let body = "input image[20, 5, 5]\ndropout(0.5) -> global_avg_pool -> flatten -> linear(7) -> mul(1)";
        assert_eq!(steps(body), ["global_avg_pool1", "fc1"]);
        let same = |path: &str| format!("{path}: it changes nothing");
        assert_eq!(removed(body), ["dropout1", "flatten1", "mul1"].map(same));
    }

    #[test]
    fn a_result_that_is_the_input_is_copied() {
        assert_eq!(steps("input image[20, 5, 5]\ndropout"), Vec::<String>::new());
    }
}
