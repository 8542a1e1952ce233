//! The orientation that a camera notes: ignored, or applied as Pillow's `ImageOps.exif_transpose` does.

use archc::image::{Orientation, read};

use super::{hash, json, number, root};

#[test]
fn the_noted_orientation_is_applied_as_pillow_does() {
    let fixture = json("exif.json");
    let cases = fixture["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 20);
    for case in cases {
        let name = case["file"].as_str().unwrap();
        let image = read(&root().join("tests/image/exif").join(name), Orientation::Applied).unwrap();
        assert_eq!([image.width, image.height], [number(&case["size"][0]), number(&case["size"][1])], "{name}");
        if let Some(expected) = case["sha256"].as_str() {
            assert_eq!(hash(&image), expected, "{name}");
            continue;
        }
        let (right, bottom) = (image.width - 1, image.height - 1);
        for (corner, (x, y)) in [(0, 0), (right, 0), (0, bottom), (right, bottom)].into_iter().enumerate() {
            for channel in 0..3 {
                let (found, expected) = (image.row(y)[x * 3 + channel], number(&case["corners"][corner][channel]));
                assert!(usize::from(found).abs_diff(expected) <= 3, "{name}, corner {corner}: {found} {expected}");
            }
        }
    }
}

#[test]
fn it_is_ignored_unless_asked_for() {
    let stored = |name: &str| read(&root().join("tests/image/exif").join(name), Orientation::Ignored).unwrap();
    for orientation in 2..10 {
        assert_eq!(stored(&format!("{orientation}.png")), stored("1.png"));
        assert_eq!(stored(&format!("{orientation}.jpg")), stored("1.jpg"));
    }
}
