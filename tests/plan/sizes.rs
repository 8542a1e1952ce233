//! Any height, width and batch: networks of the zoo on images of one pixel, of prime sizes and much wider than high.

use archc::expand::Settings;
use archc::kernels::Level;
use archc::lower::Model;
use archc::plan::{Options, Plan};
use archc::weights::Hashed;
use candle_core::Device;

use super::{distance, expand, flat, images};

/// An architecture, heights and widths, and images in a batch.
const CASES: &[(&str, [usize; 2], usize)] = &[
    ("cifar_resnet20", [1, 1], 1),
    ("cifar_resnet20", [2, 3], 3),
    ("cifar_resnet20", [1, 61], 3),
    ("resnet18", [1, 1], 3),
    ("resnet18", [101, 67], 1),
    ("mobilenet_v2", [1, 1], 3),
    ("mobilenet_v2", [41, 59], 3),
    ("keras_mobilenet", [37, 53], 3),
    ("efficientnet_b0", [3, 47], 1),
    ("efficientnet_b0", [43, 29], 3),
    ("squeezenet1_1", [79, 61], 3),
    ("densenet121", [59, 37], 3),
    ("googlenet", [47, 71], 3),
    ("inception_v3", [83, 97], 2),
];

/// The largest relative error.
const TOLERANCE: f64 = 5e-5;

#[test]
fn networks_agree_with_the_plain_path_at_any_size_and_batch() {
    let mut bad = String::new();
    for (arch, size, batch) in CASES {
        let graph = expand(arch, &Settings { input: Some(vec![3, size[0], size[1]]), ..Settings::default() });
        let source = Hashed { norm_scale: 1.0 };
        let input = [images(&[*batch, 3, size[0], size[1]])];
        let expected = flat(&Model::new(&graph, &source, &Device::Cpu).unwrap().run(&input).unwrap().pop().unwrap());
        // What is wrong in a part of an image shows in the result.
        let each = expected.len() / batch;
        let apart = distance(&expected[..each], &expected[expected.len() - each..]);
        assert!(*batch == 1 || apart > 20.0 * TOLERANCE, "{arch} gives all images results within {apart:.1e}");
        let result = graph.main_output().unwrap().node;
        for level in Level::available() {
            let plan = Plan::new(&graph, &[result], &source, Options { threads: 2, level, exact: false }).unwrap();
            let error = distance(&flat(&plan.run(&input).unwrap()[0]), &expected);
            println!("{arch} {size:?} x{batch} {level:?}: {error:.1e}");
            if error > TOLERANCE || error.is_nan() {
                bad += &format!("{arch} at {size:?}, {batch} images, {level:?}: relative error {error:.1e}\n");
            }
        }
    }
    assert!(bad.is_empty(), "{bad}");
}
