//! An SVG of ours as a PNG, by resvg, with the font that is built in.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::font;

/// The largest side of a PNG, in pixels; what would be larger is scaled down.
const MAX_SIDE: f32 = 16_000.0;
/// The most pixels of a PNG.
const MAX_PIXELS: f32 = 64e6;

/// A PNG file, and how many pixels a unit of the SVG became: `scale`, or less for a picture that would be too large.
///
/// # Errors
/// What resvg says of an SVG that it can't draw.
pub fn png(svg: &str, scale: f32) -> Result<(Vec<u8>, f32), String> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(font::REGULAR.to_vec());
    fonts.load_font_data(font::SEMI_BOLD.to_vec());
    let options = Options { fontdb: Arc::new(fonts), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
    let size = tree.size();
    let fits = (MAX_SIDE / size.width().max(size.height())).min((MAX_PIXELS / (size.width() * size.height())).sqrt());
    let scale = scale.min(fits);
    let pixels = |side: f32| ((side * scale).ceil() as u32).max(1);
    let mut pixmap = Pixmap::new(pixels(size.width()), pixels(size.height())).ok_or("it is too large")?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    Ok((pixmap.encode_png().map_err(|error| error.to_string())?, scale))
}
