//! What places read along one axis of the image.

use crate::ops::{MAX_PERIOD, Step, gcd};

/// What the places of a result read along the rows, or the columns, of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The dimension of the result that its places lie along; where there is none, all values read alike.
    pub dim: Option<usize>,
    /// Whether every value reads the whole image, besides what `paths` say.
    whole: bool,
    /// What the paths from the image read, one for all paths of a stride.
    paths: Vec<Path>,
}

/// Place `i` reads the pixels from `spans[i][0]` to `spans[i][1]`; place `i + spans.len()` reads `shift` pixels further.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Path {
    shift: i64,
    spans: Vec<[i64; 2]>,
}

/// More strides than this at one place are taken for the whole image, and so are pixels further off.
const MAX_PATHS: usize = 8;
const MAX_PIXEL: i64 = 1 << 52;

impl Line {
    /// The pixels themselves, along dimension `dim`.
    pub fn pixels(dim: usize) -> Line {
        Line { dim: Some(dim), whole: false, paths: vec![Path { shift: 1, spans: vec![[0, 0]] }] }
    }

    /// Every value reads all; its places lie along `dim` still, or are not told apart.
    pub fn whole(dim: Option<usize>) -> Line {
        Line { dim, whole: true, paths: Vec::new() }
    }

    /// The pixels from the first to the last that any of `places` places reads; nothing where that is the whole image.
    pub fn size(&self, places: usize) -> Option<u64> {
        if self.whole {
            return None;
        }
        let size = |place: i64| {
            let spans = || self.paths.iter().map(|path| path.at(place)).filter(|[first, last]| first <= last);
            let ends = (spans().map(|span| span[0]).min(), spans().map(|span| span[1]).max());
            if let (Some(first), Some(last)) = ends { last - first + 1 } else { 0 }
        };
        // Sizes grow or shrink steadily from period to period: the most is read near one end.
        let period = self.paths.iter().map(|path| path.spans.len()).max().unwrap_or(1).min(places);
        let near_the_ends = (0..period).chain(places - period..places);
        near_the_ends.map(|place| size(place as i64)).max().map(|size| size as u64)
    }

    /// How far places lie apart, and the middle of what the first one reads, in pixels; nothing where all values read
    /// alike, and where paths disagree.
    pub fn step(&self) -> Option<(f64, f64)> {
        let mut moving = self.paths.iter().filter(|path| path.shift > 0);
        let (Some(path), None, true) = (moving.next(), moving.next(), self.dim.is_some()) else { return None };
        let stride = path.shift as f64 / path.spans.len() as f64;
        // Places that differ in turn: their mean.
        let middles = path.spans.iter().enumerate();
        let middles = middles.map(|(place, [first, last])| (first + last) as f64 / 2.0 - place as f64 * stride);
        Some((stride, middles.sum::<f64>() / path.spans.len() as f64))
    }

    /// What is read by a result of shape `output`, which this operand of shape `operand` broadcasts to.
    pub fn broadcast(&self, operand: &[usize], output: &[usize]) -> Line {
        let Some(dim) = self.dim else { return self.clone() };
        let place = (dim + output.len()).saturating_sub(operand.len());
        match operand[dim] == 1 && output.get(place).is_some_and(|size| *size > 1) {
            // One place stands for all.
            true => self.fixed(1),
            false => Line { dim: Some(place), ..self.clone() },
        }
    }

    /// Both together.
    pub fn union(self, other: Line) -> Line {
        let mut union = Line { dim: self.dim.or(other.dim), whole: self.whole || other.whole, paths: self.paths };
        for path in other.paths {
            match union.paths.iter().position(|own| own.same_stride(&path)) {
                Some(at) => match union.paths[at].hull(&path) {
                    Some(hull) => union.paths[at] = hull,
                    None => union.whole = true,
                },
                None if union.paths.len() < MAX_PATHS => union.paths.push(path),
                None => union.whole = true,
            }
        }
        union
    }

    /// Of a result whose places read the places of this one by `step`.
    pub fn step_by(&self, step: &Step) -> Line {
        let mut line = Line { dim: self.dim, whole: self.whole, paths: Vec::with_capacity(self.paths.len()) };
        for path in &self.paths {
            match path.step_by(step) {
                Some(path) => line.paths.push(path),
                None => line.whole = true,
            }
        }
        line
    }

    /// Of a result whose dimension `i` is `dims[i]` of this operand of shape `operand`, and whose values read all along
    /// the others.
    pub fn moved(&self, dims: &[Option<usize>], operand: &[usize]) -> Line {
        let Some(dim) = self.dim else { return self.clone() };
        match dims.iter().position(|from| *from == Some(dim)) {
            Some(place) => Line { dim: Some(place), ..self.clone() },
            None => self.fixed(operand[dim]),
        }
    }

    /// Of values that each read all of `places` places.
    fn fixed(&self, places: usize) -> Line {
        match places {
            1 => {
                let at_first = |path: &Path| Path { shift: 0, spans: vec![path.at(0)] };
                let none = Line { dim: None, whole: self.whole, paths: Vec::new() };
                let each = self.paths.iter().map(|path| Line { paths: vec![at_first(path)], ..none.clone() });
                each.fold(none.clone(), Line::union)
            }
            _ => Line::whole(None),
        }
    }
}

impl Path {
    /// The pixels that place `place` reads.
    fn at(&self, place: i64) -> [i64; 2] {
        let period = self.spans.len() as i64;
        let moved = self.shift.saturating_mul(place.div_euclid(period));
        self.spans[place.rem_euclid(period) as usize].map(|pixel| pixel.saturating_add(moved))
    }

    fn same_stride(&self, other: &Path) -> bool {
        let (here, there) = (self.spans.len() as i128, other.spans.len() as i128);
        i128::from(self.shift) * there == i128::from(other.shift) * here
    }

    /// What this or `other`, of the same stride, reads; nothing where that can't be told in short.
    fn hull(&self, other: &Path) -> Option<Path> {
        let (here, there) = (self.spans.len(), other.spans.len());
        let period = here / gcd(here, there) * there;
        let span = |place: usize| {
            let [a, b] = [self, other].map(|path| path.at(place as i64));
            [a[0].min(b[0]), a[1].max(b[1])]
        };
        let shift = self.shift.checked_mul((period / here) as i64)?;
        (period <= MAX_PERIOD).then(|| Path { shift, spans: (0..period).map(span).collect() }.checked()).flatten()
    }

    /// The path of a result that reads this one's places by `step`; nothing where that can't be told in short.
    fn step_by(&self, step: &Step) -> Option<Path> {
        let (period, turns) = (step.spans.len(), self.spans.len());
        // After so many of its periods the result stands at the same turn of this path again.
        let times = turns / gcd(step.shift.unsigned_abs() as usize, turns).max(1);
        let count = period.checked_mul(times).filter(|count| *count <= MAX_PERIOD)?;
        let spans = (0..count).map(|place| {
            let further = step.shift.saturating_mul((place / period) as i64);
            let [first, last] = step.spans[place % period].map(|at| at.saturating_add(further));
            [self.at(first)[0], self.at(last)[1]]
        });
        let spans = spans.collect();
        let shift = self.shift.checked_mul(step.shift.checked_mul(times as i64)? / turns as i64)?;
        Path { shift, spans }.checked()
    }

    /// Nothing where pixels are too far off to be counted.
    fn checked(self) -> Option<Path> {
        let near = self.spans.iter().flatten().all(|pixel| pixel.abs() < MAX_PIXEL) && self.shift < MAX_PIXEL;
        near.then_some(self)
    }
}
