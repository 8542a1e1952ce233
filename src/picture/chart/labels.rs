//! Labels beside points, so that none hides another.

use super::{Area, LABEL};
use crate::picture::font::{self, Weight};

/// A point with a name.
#[derive(Clone, Debug)]
pub struct Named {
    pub at: (f64, f64),
    /// How far from the point its name stays.
    pub radius: f64,
    pub name: String,
}

/// Where a name stands: the left end of its line, and the nearest point of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub x: f64,
    pub y: f64,
    /// Where a line from the point ends, for a name that stands away from it.
    pub lead: Option<(f64, f64)>,
}

const HEIGHT: f64 = LABEL * 1.15;
const DIRECTIONS: [(f64, f64); 12] = [
    (1.0, 0.0),
    (-1.0, 0.0),
    (0.0, -1.0),
    (0.0, 1.0),
    (0.8, -0.6),
    (0.8, 0.6),
    (-0.8, -0.6),
    (-0.8, 0.6),
    (0.45, -0.9),
    (0.45, 0.9),
    (-0.45, -0.9),
    (-0.45, 0.9),
];

/// Left, top, right, bottom.
pub type Rect = [f64; 4];

/// A place for each name that leaves the others and what is taken readable, in the points' order; nothing for one that has
/// none.
pub fn labels(points: &[Named], area: Area, taken: &[Rect]) -> Vec<Option<Place>> {
    let mut taken = taken.to_vec();
    let mut places = vec![None; points.len()];
    // Small points first: the names of large ones stay readable on them.
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| points[*a].radius.total_cmp(&points[*b].radius).then(a.cmp(b)));
    for index in order {
        let found = best(points, index, &taken, area);
        if let Some((rect, place)) = found {
            taken.push(rect);
            places[index] = Some(place);
        }
    }
    places
}

fn best(points: &[Named], index: usize, taken: &[Rect], area: Area) -> Option<(Rect, Place)> {
    let point = &points[index];
    let width = font::width(&point.name, LABEL, Weight::Regular);
    let mut best: Option<(f64, Rect, Place)> = None;
    for ring in 0..7 {
        for (turn, (dx, dy)) in DIRECTIONS.iter().enumerate() {
            let far = point.radius + 3.0 + 13.0 * f64::from(ring);
            let (x, y) = (point.at.0 + dx * far, point.at.1 + dy * far);
            let left = x + (dx - 1.0) / 2.0 * width;
            let top = y + (dy - 1.0) / 2.0 * HEIGHT;
            let rect = [left, top, left + width, top + HEIGHT];
            let outside = rect[0] < area.left + 2.0
                || rect[2] > area.right + 20.0
                || rect[1] < area.top
                || rect[3] > area.bottom - 1.0;
            if outside || taken.iter().any(|other| overlap(&rect, other)) {
                continue;
            }
            let hidden: f64 = points.iter().map(|other| covers(&rect, other)).sum();
            let cost = hidden + f64::from(ring) * 9.0 + turn as f64 * 0.4;
            if best.is_none_or(|(least, _, _)| cost < least) {
                let lead = (ring > 0).then(|| (x.clamp(rect[0], rect[2]), y.clamp(rect[1], rect[3])));
                best = Some((cost, rect, Place { x: left, y: top + HEIGHT * 0.8, lead }));
            }
        }
    }
    best.map(|(_, rect, place)| (rect, place))
}

fn overlap(a: &Rect, b: &Rect) -> bool {
    const SPACE: f64 = 1.5;
    a[0] < b[2] + SPACE && b[0] < a[2] + SPACE && a[1] < b[3] + SPACE && b[1] < a[3] + SPACE
}

/// How much of a point a name would lie on: most for small points, which it would hide.
fn covers(rect: &Rect, point: &Named) -> f64 {
    let nearest = (point.at.0.clamp(rect[0], rect[2]), point.at.1.clamp(rect[1], rect[3]));
    let distance = (nearest.0 - point.at.0).hypot(nearest.1 - point.at.1);
    let inside = (point.radius - distance).max(0.0);
    if inside > 0.0 { 4.0 + 60.0 * inside / point.radius / point.radius.max(6.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::AREA;
    use super::{HEIGHT, Named, labels, overlap};
    use crate::picture::chart::LABEL;
    use crate::picture::font::{self, Weight};

    #[test]
    fn names_of_a_crowd_do_not_overlap() {
        let at = |index: usize| (500.0 + (index * 37 % 60) as f64, 300.0 + (index * 53 % 60) as f64);
        let points: Vec<Named> =
            (0..30).map(|index| Named { at: at(index), radius: 5.0, name: format!("net_{index}") }).collect();
        let places = labels(&points, AREA, &[]);
        let rects: Vec<[f64; 4]> = points
            .iter()
            .zip(&places)
            .filter_map(|(point, place)| {
                let place = (*place)?;
                let width = font::width(&point.name, LABEL, Weight::Regular);
                Some([place.x, place.y - HEIGHT, place.x + width, place.y])
            })
            .collect();
        assert!(rects.len() > 20);
        for (index, rect) in rects.iter().enumerate() {
            assert!(rects[index + 1..].iter().all(|other| !overlap(rect, other)));
        }
    }
}
