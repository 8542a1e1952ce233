//! A heat map over the photo it belongs to.

use super::HeatMap;
use crate::image::{Frame, Pixels};

/// How much of a pixel is heat; the rest stays photo.
const HEAT: f32 = 0.5;

/// The photo in its own size, red and green and blue, with the part that the network saw, `frame`, tinted from blue
/// (nothing) over green and yellow to red (the most).
pub fn overlay(photo: &Pixels, map: &HeatMap, frame: Frame) -> Pixels {
    let largest = map.largest();
    let mut out = Pixels::black(photo.width, photo.height, 3);
    let pixels = photo.data.chunks_exact(photo.channels).zip(out.data.chunks_exact_mut(3)).enumerate();
    for (index, (from, to)) in pixels {
        let rgb = [0, 1, 2].map(|channel| from[channel.min(photo.channels - 1)]);
        let place = frame.place(index % photo.width, index / photo.width);
        let tinted = place.map(|[x, y]| {
            let heat = if largest > 0.0 { map.at(x, y) / largest } else { 0.0 };
            let heat = colour(heat);
            [0, 1, 2].map(|c| (f32::from(rgb[c]) * (1.0 - HEAT) + heat[c] * 255.0 * HEAT).round() as u8)
        });
        to.copy_from_slice(&tinted.unwrap_or(rgb));
    }
    out
}

/// The colour of a heat in 0 to 1: dark blue, blue, cyan, yellow, red, dark red, as in the maps of the field.
fn colour(heat: f32) -> [f32; 3] {
    let ramp = |centre: f32| (1.5 - (4.0 * heat - centre).abs()).clamp(0.0, 1.0);
    [ramp(3.0), ramp(2.0), ramp(1.0)]
}

#[cfg(test)]
mod tests {
    use super::{HeatMap, colour, overlay};
    use crate::image::{Frame, Pixels};

    #[test]
    fn heat_goes_from_blue_to_red() {
        assert_eq!(colour(0.0), [0.0, 0.0, 0.5]);
        assert_eq!(colour(0.5), [0.5, 1.0, 0.5]);
        assert_eq!(colour(1.0), [0.5, 0.0, 0.0]);
    }

    #[test]
    fn only_what_the_network_saw_is_tinted() {
        let photo = Pixels { width: 4, height: 1, channels: 3, data: vec![100; 12] };
        let map = HeatMap { width: 2, height: 1, values: vec![0.0, 5.0] };
        let frame = Frame { left: 1.0, top: 0.0, width: 2.0, height: 1.0 };
        let out = overlay(&photo, &map, frame);
        assert_eq!(out.data, [100, 100, 100, 50, 50, 114, 114, 50, 50, 100, 100, 100]);
    }
}
