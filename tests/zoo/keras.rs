//! Keras's counts: its layers are the zoo's, with the arguments that `docs/zoo.md` explains.

use serde_json::Value;

fn keras(name: &str) -> Value {
    let all: Value = serde_json::from_str(&super::read("tests/reference/keras.json")).expect("it is JSON");
    all[name].clone()
}

/// A layer with weights: output (channels first, without dimensions of 1 at the end) and values stored.
type Layer = (Vec<u64>, u64);

/// Keras counts running means and variances as parameters, and says how many values are trainable.
#[track_caller]
fn same_counts(name: &str, arch: &str) {
    let keras = keras(name);
    let ours = super::costs(arch).total;
    assert_eq!(keras["trainable"], ours.params, "trainable values of {name} and {arch}");
    assert_eq!(keras["params"], ours.params + ours.buffers, "values of {name} and {arch}");
}

/// The layers are the same, in some order: outputs and values.
#[track_caller]
fn same_layers(name: &str, arch: &str) {
    let keras = keras(name);
    let mut theirs: Vec<Layer> = keras["layers"].as_array().expect("an array").iter().map(their_layer).collect();
    let report = super::costs(arch);
    let with_weights = report.nodes.iter().filter(|node| node.sums.params + node.sums.buffers > 0);
    let mut ours: Vec<Layer> = with_weights
        .map(|node| {
            let shape = node.output.iter().map(|dim| *dim as u64).collect();
            (without_ones(shape), node.sums.params + node.sums.buffers)
        })
        .collect();
    theirs.sort_unstable();
    ours.sort_unstable();
    let only = |a: &[Layer], b: &[Layer]| a.iter().filter(|layer| !b.contains(layer)).cloned().collect::<Vec<_>>();
    assert!(theirs == ours, "only in {name}: {:?}\nonly in {arch}: {:?}", only(&theirs, &ours), only(&ours, &theirs));
}

fn their_layer(layer: &Value) -> Layer {
    let dims = layer["output_hwc"].as_array().expect("an array").iter().map(|dim| dim.as_u64().expect("whole"));
    let mut shape: Vec<u64> = dims.collect();
    shape.rotate_right(1);
    (without_ones(shape), layer["params"].as_u64().expect("whole"))
}

fn without_ones(mut shape: Vec<u64>) -> Vec<u64> {
    while shape.len() > 1 && shape.last() == Some(&1) {
        shape.pop();
    }
    shape
}

#[test]
fn vgg_is_the_same() {
    for (name, arch) in [("VGG16", "vgg16"), ("VGG19", "vgg19")] {
        same_counts(name, arch);
        same_layers(name, arch);
    }
}

#[test]
fn resnet_has_biases_and_the_stride_in_the_1x1() {
    for (name, arch) in
        [("ResNet50", "keras_resnet50"), ("ResNet101", "keras_resnet101"), ("ResNet152", "keras_resnet152")]
    {
        same_counts(name, arch);
        same_layers(name, arch);
    }
}

#[test]
fn inception_has_norms_without_a_scale() {
    for (name, arch) in [("InceptionV3", "keras_inception_v3"), ("InceptionResNetV2", "keras_inception_resnet_v2")] {
        same_counts(name, arch);
        same_layers(name, arch);
    }
}

#[test]
fn mobilenet_is_padded_below_and_right() {
    for (name, arch) in [("MobileNet", "keras_mobilenet"), ("MobileNetV2", "keras_mobilenet_v2")] {
        same_counts(name, arch);
        same_layers(name, arch);
    }
}

#[test]
fn xception_has_pools_padded_below_and_right() {
    // Keras has the two convolutions of a separable one in one layer, so layers can't be compared one by one.
    same_counts("Xception", "keras_xception");
}
