//! An input of few channels, which convolutions of all channels alone read, lies in groups of four lanes: a photo.

use crate::diagnostic::Diagnostic;
use crate::plan::sketch::{Convolution, Kind, Sketch, ValueId};

/// The lanes of a photo's pixel.
const PHOTO: usize = 4;

pub(super) fn run(sketch: &mut Sketch<'_>) -> Result<(), Diagnostic> {
    for input in sketch.inputs.clone() {
        let few = matches!(*sketch.values[input.0].shape.as_slice(), [1..=PHOTO, _, _]);
        let readers = sketch.readers(input);
        let all = !readers.is_empty() && readers.iter().all(|reader| convolves(sketch, *reader, input));
        if few && all && !sketch.is_result(input) {
            sketch.values[input.0].pixel = PHOTO;
        }
    }
    Ok(())
}

fn convolves(sketch: &Sketch<'_>, reader: usize, input: ValueId) -> bool {
    let stage = sketch.stage(reader).expect("readers are stages");
    let reads = stage.inputs[0] == input && !stage.inputs[1..].contains(&input);
    reads && matches!(&stage.kind, Kind::Convolution(Convolution { groups: 1, .. }))
}

#[cfg(test)]
mod tests {
    use crate::plan::passes::testing::{pixels, steps};

    #[test]
    fn photos_that_convolutions_read() {
        for (body, pixel) in [
            ("input image[3, 9, 7]\nconv(20, 3)", 4),
            ("input image[1, 9, 7]\nconcat { conv(16, 3, 2); conv(20, 5, 2) }", 4),
            ("input image[3, 9, 7]\nmax_pool(3)", 16),
            ("input image[3, 9, 7]\nconv(3, 3, groups = 3)", 16),
            ("input image[3, 9, 7]\nconv(3, 3) -> add(in)", 16),
            ("input image[5, 9, 7]\nconv(20, 3)", 16),
        ] {
            steps(body);
            assert_eq!(pixels(body), [pixel], "{body}");
        }
    }
}
