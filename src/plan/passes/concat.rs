//! Parts of a `concat` are written where they lie in its result, if that is the first `concat` that reads them and they
//! have blocks of their own there; it copies the others. Where a result is itself such a part, everything lies in the last one.

use crate::diagnostic::Diagnostic;
use crate::kernels::LANES;
use crate::plan::sketch::{Kind, Sketch, Stage};

pub(super) fn run(sketch: &mut Sketch<'_>) -> Result<(), Diagnostic> {
    let concats: Vec<Stage> = sketch.stages().filter(|stage| matches!(stage.kind, Kind::Concat)).cloned().collect();
    for stage in concats {
        let mut channel = 0;
        let last = stage.inputs.len() - 1;
        for (index, part) in stage.inputs.into_iter().enumerate() {
            let made = sketch.maker(part).is_some();
            let value = &mut sketch.values[part.0];
            let whole = index == last || value.image()[0].is_multiple_of(LANES);
            if made && whole && value.inside.is_none() && channel % LANES == 0 {
                value.inside = Some((stage.output, channel / LANES));
            }
            channel += value.image()[0];
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::{inside, steps};

    #[test]
    fn parts_are_written_in_place() {
        let body = "input image[3, 9, 7]\nconcat { conv(16, 1); conv(32, 3) -> relu; max_pool(3, 1, pad = 1) }";
        assert_eq!(steps(body).len(), 4);
        assert_eq!(
            inside(body),
            ["conv1 at block 0 of concat1", "relu1 at block 1 of concat1", "max_pool1 at block 3 of concat1"]
        );
    }

    #[test]
    fn dense_blocks_lie_in_their_last_result() {
        let body = "input image[3, 9, 7]\nconv(32, 3)\nrepeat 3 { concat { identity; relu -> conv(16, 3) } }";
        steps(body);
        assert_eq!(
            inside(body),
            [
                "conv1 at block 0 of concat1",
                "conv2 at block 2 of concat1",
                "concat1 at block 0 of concat2",
                "conv3 at block 3 of concat2",
                "concat2 at block 0 of concat3",
                "conv4 at block 4 of concat3",
            ]
        );
    }

    #[test]
    fn channels_of_any_number() {
        let body = "input image[3, 9, 7]\nconcat { conv(16, 1); conv(24, 3); conv(5, 1); max_pool(3, 1, pad = 1) }\nconv(8, 1)";
        steps(body);
        assert_eq!(inside(body), ["conv1 at block 0 of concat1"]);
        let body = "input image[3, 9, 7]\nconv(20, 3)\nrepeat 3 { concat { identity; relu -> conv(12, 3) } }\nrelu";
        steps(body);
    }

    #[test]
    fn inputs_and_parts_of_two_are_copied() {
        steps("input image[16, 9, 7]\nconcat(in)");
        let body = "input image[16, 9, 7]\nx: conv(16, 3)\nconcat { x -> concat(in); x }\nconcat(x)";
        steps(body);
        assert_eq!(inside(body)[0], "x at block 0 of concat1");
    }
}
