//! Images, against what Pillow and torchvision make of them.

use std::path::{Path, PathBuf};

use archc::diagnostic::Diagnostic;
use archc::image::{Colour, Filter, Orientation, Pixels, Preprocess, Resize, resize};
use sha2::{Digest, Sha256};

mod bad;
mod exif;
mod photos;

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> Result<Pixels, Diagnostic> {
    archc::image::read(path, Orientation::Ignored)
}

fn decode(bytes: &[u8], name: &str) -> Result<Pixels, Diagnostic> {
    archc::image::decode(bytes, name, Orientation::Ignored)
}

fn json(file: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(root().join("tests/image").join(file)).unwrap()).unwrap()
}

fn hash(image: &Pixels) -> String {
    Sha256::digest(&image.data).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn number(value: &serde_json::Value) -> usize {
    value.as_u64().unwrap() as usize
}

fn filter(value: &serde_json::Value) -> Filter {
    Filter::ALL.into_iter().find(|filter| value == filter.name()).unwrap()
}

/// The rectangle of an image.
fn cut(image: &Pixels, [left, top, width, height]: [usize; 4]) -> Pixels {
    let rows = (top..top + height).flat_map(|y| &image.row(y)[left * image.channels..][..width * image.channels]);
    Pixels { width, height, channels: image.channels, data: rows.copied().collect() }
}

#[test]
fn resizing_equals_pillow() {
    let fixture = json("resize.json");
    let crop: Vec<usize> = fixture["crop"].as_array().unwrap().iter().map(number).collect();
    let photo = read(&root().join("examples/images/chelsea.png")).unwrap();
    let photo = cut(&photo, crop.try_into().unwrap());
    for case in fixture["cases"].as_array().unwrap() {
        let source = match case["mode"].as_str().unwrap() {
            "L" => photo.grey(),
            "thin" => cut(&photo, [0, 0, photo.width, 1]),
            _ => photo.clone(),
        };
        let (width, height) = (number(&case["size"][0]), number(&case["size"][1]));
        let resized = resize(&source, width, height, filter(&case["filter"]));
        assert_eq!(hash(&resized), case["sha256"].as_str().unwrap(), "{case}");
    }
}

#[test]
fn resize_and_crop_equal_torchvision() {
    let fixture = json("preprocess.json");
    for case in fixture["files"].as_array().unwrap() {
        let source = match case["source"].as_str().unwrap() {
            "images/chelsea.png" => root().join("examples/images/chelsea.png"),
            // Decoders of JPEG differ by a few levels; this is the photo as Pillow decodes it.
            _ => root().join("tests/image/rocket.decoded.png"),
        };
        let source = read(&source).unwrap();
        let pixels = match case["resize_short_side"].as_u64() {
            None => source,
            Some(side) => {
                let size = number(&case["crop_size"]);
                let rule = Preprocess {
                    resize: Some((Resize::Shorter(side as usize), filter(&case["filter"]))),
                    crop: Some([size, size]),
                    ..Preprocess::plain(Colour::Rgb)
                };
                rule.pixels(&source, "photo").unwrap()
            }
        };
        assert_eq!(hash(&pixels), case["pixels_sha256"].as_str().unwrap(), "{}", case["file"]);
    }
}

#[test]
fn every_kind_of_png_becomes_what_pillow_makes_of_it() {
    for case in json("decode.json")["cases"].as_array().unwrap() {
        let name = case["file"].as_str().unwrap();
        let image = read(&root().join("tests/image/decode").join(name)).unwrap();
        assert_eq!([image.width, image.height], [number(&case["size"][0]), number(&case["size"][1])], "{name}");
        if name.ends_with(".png") {
            assert_eq!(hash(&image), case["rgb"].as_str().unwrap(), "{name}");
            assert_eq!(hash(&image.grey()), case["grey"].as_str().unwrap(), "{name}");
        }
    }
}

#[test]
fn jpeg_is_within_a_few_levels_of_pillow() {
    let ours = read(&root().join("examples/images/rocket.jpg")).unwrap();
    let theirs = read(&root().join("tests/image/rocket.decoded.png")).unwrap();
    assert_eq!((ours.width, ours.height), (theirs.width, theirs.height));
    let worst = ours.data.iter().zip(&theirs.data).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    assert!(worst <= 12, "{worst}");
}

#[test]
fn content_decides_not_the_name() {
    let bytes = std::fs::read(root().join("tests/image/decode/rgb.png")).unwrap();
    assert!(decode(&bytes, "photo.jpg").is_ok());
}
