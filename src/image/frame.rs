//! Which part of a photo a network sees.

use super::{Pixels, Preprocess, centre};

/// A rectangle in a photo's pixels; it may reach beyond the photo, where the network sees black.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Frame {
    /// Where the centre of a pixel lies in the frame, each coordinate from 0 to 1; nothing where it lies outside.
    pub fn place(&self, x: usize, y: usize) -> Option<[f64; 2]> {
        let place = [(x as f64 + 0.5 - self.left) / self.width, (y as f64 + 0.5 - self.top) / self.height];
        place.iter().all(|along| (0.0..=1.0).contains(along)).then_some(place)
    }
}

impl Preprocess {
    /// The part of a photo that is left after resizing and cropping.
    pub fn frame(&self, photo: &Pixels) -> Frame {
        let (width, height) = self.resize.map_or((photo.width, photo.height), |(size, _)| size.of(photo));
        let (width, height) = (width.max(1), height.max(1));
        let [rows, columns] = self.crop.unwrap_or([height, width]);
        // In pixels of the photo: where the crop starts, and how long it is.
        let along = |photo: usize, resized: usize, crop: usize| {
            let (from, to, _) = centre(resized, crop);
            let scale = photo as f64 / resized as f64;
            ((from as f64 - to as f64) * scale, crop as f64 * scale)
        };
        let (left, width) = along(photo.width, width, columns);
        let (top, height) = along(photo.height, height, rows);
        Frame { left, top, width, height }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Filter, Resize};
    use super::{Frame, Pixels, Preprocess};

    #[test]
    fn a_frame_is_the_crop_in_the_photo_s_own_pixels() {
        let photo = Pixels::black(600, 300, 3);
        let seen = |size: usize, crop: usize| {
            let mut image = Preprocess::imagenet([3, crop, crop]);
            image.resize = Some((Resize::Shorter(size), Filter::Bilinear));
            image.frame(&photo)
        };
        assert_eq!(seen(150, 100), Frame { left: 200.0, top: 50.0, width: 200.0, height: 200.0 });
        assert_eq!(seen(150, 170), Frame { left: 130.0, top: -20.0, width: 340.0, height: 340.0 });
        let frame = seen(150, 100);
        assert_eq!(frame.place(200, 249), Some([0.0025, 0.9975]));
        assert_eq!([frame.place(199, 60), frame.place(400, 60)], [None, None]);
    }
}
