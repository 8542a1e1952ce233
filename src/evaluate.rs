//! How often a classifier is right, over images whose classes are known.

use std::collections::BTreeMap;

/// What was predicted for images of known classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// How many images of a class, the first of each pair, had the other as their best guess.
    confusion: BTreeMap<(usize, usize), u64>,
    /// How many images of a class had it among their five best guesses.
    top5: BTreeMap<usize, u64>,
}

/// Images, and how many of them were classified rightly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Score {
    pub images: u64,
    /// The best guess is right.
    pub top1: u64,
    /// One of the five best guesses is right.
    pub top5: u64,
}

impl Score {
    /// A part of the images as a fraction; nothing where there are none.
    pub fn fraction(&self, part: u64) -> Option<f64> {
        (self.images > 0).then(|| part as f64 / self.images as f64)
    }
}

impl Evaluation {
    /// Counts an image of `class` with its guesses, best first; there is at least one.
    pub fn add(&mut self, class: usize, guesses: &[usize]) {
        *self.confusion.entry((class, guesses[0])).or_default() += 1;
        *self.top5.entry(class).or_default() += u64::from(guesses.iter().take(5).any(|guess| *guess == class));
    }

    /// The score of one class.
    pub fn of(&self, class: usize) -> Score {
        let guesses = self.confusion.range((class, 0)..=(class, usize::MAX));
        let images = guesses.map(|(_, count)| count).sum();
        let top1 = self.confusion.get(&(class, class)).copied().unwrap_or(0);
        Score { images, top1, top5: self.top5.get(&class).copied().unwrap_or(0) }
    }

    /// The score of all images.
    pub fn total(&self) -> Score {
        let mut total = Score::default();
        for ((class, guess), count) in &self.confusion {
            total.images += count;
            total.top1 += if class == guess { *count } else { 0 };
        }
        total.top5 = self.top5.values().sum();
        total
    }

    /// How many images of the class `actual` had `guess` as their best guess.
    pub fn count(&self, actual: usize, guess: usize) -> u64 {
        self.confusion.get(&(actual, guess)).copied().unwrap_or(0)
    }

    /// Every pair of a class and a best guess that came up, with how often, in order.
    pub fn confusion(&self) -> impl Iterator<Item = (usize, usize, u64)> {
        self.confusion.iter().map(|((class, guess), count)| (*class, *guess, *count))
    }

    /// Wrong best guesses, `(class, guess, count)`, the most frequent first.
    pub fn mistakes(&self) -> Vec<(usize, usize, u64)> {
        let mut mistakes: Vec<_> = self.confusion().filter(|(class, guess, _)| class != guess).collect();
        mistakes.sort_by_key(|(class, guess, count)| (std::cmp::Reverse(*count), *class, *guess));
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use super::{Evaluation, Score};

    #[test]
    fn right_guesses_are_counted_by_class() {
        let mut found = Evaluation::default();
        found.add(0, &[0, 1, 2, 3, 4]);
        found.add(0, &[1, 2, 3, 4, 0, 5]);
        found.add(0, &[1, 2, 3, 4, 5, 0]);
        found.add(7, &[0, 1]);
        assert_eq!(found.of(0), Score { images: 3, top1: 1, top5: 2 });
        assert_eq!(found.of(7), Score { images: 1, top1: 0, top5: 0 });
        assert_eq!((found.total(), found.of(3)), (Score { images: 4, top1: 1, top5: 2 }, Score::default()));
        assert_eq!(found.mistakes(), [(0, 1, 2), (7, 0, 1)]);
        assert_eq!([found.count(0, 1), found.count(1, 0)], [2, 0]);
        assert_eq!(found.total().fraction(1), Some(0.25));
        assert_eq!(Score::default().fraction(0), None);
    }
}
