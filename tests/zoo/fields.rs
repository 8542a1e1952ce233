//! Receptive fields and depths that papers state.

/// Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019: the table of its
/// appendix, for the architectures that are the same here.
const RECEPTIVE_FIELDS: [(&str, u64, f64); 5] = [
    ("vgg16", 212, 32.0),
    ("mobilenet_v1", 315, 32.0),
    ("inception_v3", 1311, 32.0),
    ("inception_v4", 2071, 32.0),
    ("inception_resnet_v2", 3039, 32.0),
];

#[test]
fn receptive_fields_are_those_that_are_published() {
    for (arch, size, stride) in RECEPTIVE_FIELDS {
        let report = super::costs(arch);
        let field = report.last_map.expect("an image comes in");
        assert_eq!((report.receptive_field(), field.stride), (Some(size), [Some(stride); 2]), "{arch}");
    }
}

/// The numbers in the names, and those that the papers count.
const LAYERS: [(&str, u64); 16] = [
    ("alexnet", 8),
    ("vgg11", 11),
    ("vgg16", 16),
    ("vgg19", 19),
    ("googlenet", 22),
    ("resnet18", 18),
    ("resnet34", 34),
    ("resnet50", 50),
    ("resnet101", 101),
    ("resnet152", 152),
    ("cifar_resnet110", 110),
    ("cifar_resnet1202", 1202),
    ("preact_resnet164", 164),
    ("preact_resnet1001", 1001),
    ("densenet121", 121),
    ("mobilenet_v1", 28),
];

#[test]
fn layers_are_counted_as_papers_count_them() {
    for (arch, layers) in LAYERS {
        assert_eq!(super::costs(arch).layers, layers, "{arch}");
    }
}
