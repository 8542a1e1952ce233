//! Stages whose results nobody needs are not computed.

use crate::diagnostic::Diagnostic;
use crate::plan::sketch::Sketch;

pub(super) fn run(sketch: &mut Sketch<'_>) -> Result<(), Diagnostic> {
    for slot in (0..sketch.slots()).rev() {
        let Some(output) = sketch.stage(slot).map(|stage| stage.output) else { continue };
        if sketch.readers(output).is_empty() && !sketch.is_result(output) {
            sketch.discard(slot, "no result needs it");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::{main_steps, removed, steps};

    #[test]
    fn a_side_output_that_is_not_asked_for_is_not_computed() {
        let body = "input image[3, 8, 8]\nx: conv(16, 3)\noutput side: { max_pool(2) -> conv(4, 1) }\nx -> max_pool(2)";
        assert_eq!(main_steps(body), ["x", "max_pool1"]);
        assert_eq!(steps(body).len(), 4);
        assert_eq!(removed(body), ["side.max_pool1: no result needs it", "side.conv1: no result needs it"]);
    }
}
