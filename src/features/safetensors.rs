//! The header of a safetensors file with one tensor, `features`: its length in 8 bytes, and JSON.

use serde_json::json;

use super::About;

/// The most bytes of JSON that readers of the format take.
pub const MAX_HEADER: usize = 100_000_000;

/// The header of a float32 tensor of `rows` rows of this shape, without blanks after it and with 0 for its length.
/// More rows and more names make it longer, never shorter.
pub fn header(about: &About, row: &[usize], names: &[String], rows: usize) -> Vec<u8> {
    let mut shape = vec![rows];
    shape.extend(row);
    let bytes = shape.iter().fold(4usize, |product, dim| product.saturating_mul(*dim));
    let images = serde_json::to_string(names).expect("texts can be written");
    let value = json!({
        "__metadata__": {
            "arch": about.arch,
            "node": about.node,
            "pooled": about.pooled.to_string(),
            "images": images,
        },
        "features": { "dtype": "F32", "shape": shape, "data_offsets": [0, bytes] },
    });
    let mut header = vec![0; 8];
    header.extend(value.to_string().into_bytes());
    header
}
