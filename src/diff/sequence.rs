//! Two sequences of tokens, aligned: which elements of one are those of the other.
//!
//! What both begin and end with is set aside first, so that two long sequences that differ in one place cost a pass. The
//! rest is aligned by Myers's algorithm ("An O(ND) Difference Algorithm", 1986), which finds the fewest additions and
//! removals, for as long as these are few; then by tokens that both have once ("patience"), and by halves. All steps
//! count against a budget, so that the time is bounded for any input.

use std::collections::HashMap;
use std::ops::Range;

/// Pairs of places, rising on both sides, whose tokens are equal.
pub(super) type Pairs = Vec<(usize, usize)>;

/// The most additions and removals that Myers's algorithm looks for.
const MAX_EDITS: usize = 1024;

/// How many steps may still be taken.
#[derive(Debug)]
pub(super) struct Budget(u64);

impl Budget {
    /// What two sides of so many nodes may cost: some hundred steps for each, and enough for small ones.
    pub fn new(nodes: usize) -> Budget {
        Budget(20_000_000 + 500 * nodes as u64)
    }

    /// Takes so many steps, if they are left.
    pub fn take(&mut self, steps: u64) -> bool {
        let enough = self.0 >= steps;
        if enough {
            self.0 -= steps;
        }
        enough
    }
}

/// Aligns two sequences. Where an added or removed run could as well stand later, it does: of equal elements the last
/// are the new ones.
pub(super) fn align(a: &[u64], b: &[u64], budget: &mut Budget) -> Pairs {
    let mut pairs = Vec::new();
    common(a, b, (0, 0), budget, &mut pairs);
    slide(a, &mut pairs, |pair| *pair, |pair, place| pair.0 = place);
    slide(b, &mut pairs, |pair| (pair.1, pair.0), |pair, place| pair.1 = place);
    pairs
}

/// The parts between pairs, with the two ends: `(a, b)` ranges, those aside that are empty on both sides.
pub(super) fn gaps(pairs: &[(usize, usize)], a: usize, b: usize) -> Vec<(Range<usize>, Range<usize>)> {
    between(pairs, a, b).filter(|(a, b)| !a.is_empty() || !b.is_empty()).collect()
}

fn common(a: &[u64], b: &[u64], at: (usize, usize), budget: &mut Budget, pairs: &mut Pairs) {
    let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (rest_a, rest_b) = (&a[start..], &b[start..]);
    let end = rest_a.iter().rev().zip(rest_b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a_mid, b_mid) = (&rest_a[..rest_a.len() - end], &rest_b[..rest_b.len() - end]);
    pairs.extend((0..start).map(|place| (at.0 + place, at.1 + place)));
    let at = (at.0 + start, at.1 + start);
    if !a_mid.is_empty() && !b_mid.is_empty() {
        middle(a_mid, b_mid, at, budget, pairs);
    }
    let tail = (at.0 + a_mid.len(), at.1 + b_mid.len());
    pairs.extend((0..end).map(|place| (tail.0 + place, tail.1 + place)));
}

/// Two sequences that differ at both ends.
fn middle(a: &[u64], b: &[u64], at: (usize, usize), budget: &mut Budget, pairs: &mut Pairs) {
    if let Some(found) = myers(a, b, budget) {
        pairs.extend(found.into_iter().map(|(x, y)| (at.0 + x, at.1 + y)));
        return;
    }
    let anchors = unique(a, b);
    if anchors.is_empty() {
        // Neither few changes nor a landmark: what stands in the same half belongs together, as far as it does.
        let (half_a, half_b) = (a.len() / 2, b.len() / 2);
        if (half_a, half_b) != (0, 0) && budget.take((a.len() + b.len()) as u64) {
            common(&a[..half_a], &b[..half_b], at, budget, pairs);
            common(&a[half_a..], &b[half_b..], (at.0 + half_a, at.1 + half_b), budget, pairs);
        }
        return;
    }
    for (index, (range_a, range_b)) in between(&anchors, a.len(), b.len()).enumerate() {
        if budget.take((range_a.len() + range_b.len()) as u64) {
            let start = (at.0 + range_a.start, at.1 + range_b.start);
            common(&a[range_a], &b[range_b], start, budget, pairs);
        }
        pairs.extend(anchors.get(index).map(|(x, y)| (at.0 + x, at.1 + y)));
    }
}

/// The ranges before, between and after pairs, one more than there are pairs.
fn between(pairs: &[(usize, usize)], a: usize, b: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let starts = [(0, 0)].into_iter().chain(pairs.iter().map(|(x, y)| (x + 1, y + 1)));
    let ends = pairs.iter().copied().chain([(a, b)]);
    starts.zip(ends).map(|(start, end)| (start.0..end.0, start.1..end.1))
}

/// The longest common subsequence; nothing where it leaves out more than [`MAX_EDITS`] or the budget is spent.
fn myers(a: &[u64], b: &[u64], budget: &mut Budget) -> Option<Pairs> {
    let mut search = Search { n: a.len(), m: b.len(), reach: Vec::new() };
    for edits in 0..=(a.len() + b.len()).min(MAX_EDITS) {
        if !budget.take(1 + edits as u64) {
            return None;
        }
        let mut row = vec![None; edits + 1];
        for (index, place) in row.iter_mut().enumerate() {
            let Some(step) = search.step(edits, index) else { continue };
            let run = a[step.x..].iter().zip(&b[step.y..]).take_while(|(x, y)| x == y).count();
            if !budget.take(run as u64) {
                return None;
            }
            *place = Some(step.x + run);
            if (step.x + run, step.y + run) == (a.len(), b.len()) {
                search.reach.push(row);
                return Some(search.trace());
            }
        }
        search.reach.push(row);
    }
    None
}

/// How far one comes with so many edits.
struct Search {
    n: usize,
    m: usize,
    /// `reach[d][i]` is the furthest place in `a` after d edits, i of them removals; nothing where that leaves the grid.
    reach: Vec<Vec<Option<usize>>>,
}

/// The place after an edit, before the equal elements that follow it.
struct Step {
    x: usize,
    y: usize,
    /// Whether the edit was a removal; nothing at the very start.
    removal: Option<bool>,
}

impl Search {
    /// The best last edit of `edits` with `removals` among them.
    fn step(&self, edits: usize, removals: usize) -> Option<Step> {
        let Some(before) = edits.checked_sub(1).map(|before| &self.reach[before]) else {
            return Some(Step { x: 0, y: 0, removal: None });
        };
        // `y - x` is additions less removals.
        let y = |x: usize| (x + edits - removals).checked_sub(removals);
        let removed = removals.checked_sub(1).and_then(|one_less| before[one_less]).map(|x| x + 1);
        let removed = removed.filter(|x| *x <= self.n);
        let added = before.get(removals).copied().flatten().filter(|x| y(*x).is_some_and(|y| y <= self.m));
        let x = removed.max(added)?;
        Some(Step { x, y: y(x)?, removal: Some(removed >= added) })
    }

    /// The equal elements on the way to the end, which the last row holds.
    fn trace(&self) -> Pairs {
        let mut pairs = Vec::new();
        let (mut x, mut y) = (self.n, self.m);
        for edits in (0..self.reach.len()).rev() {
            let removals = (x + edits - y) / 2;
            let step = self.step(edits, removals).expect("the way was found through this place");
            while x > step.x {
                x -= 1;
                y -= 1;
                pairs.push((x, y));
            }
            match step.removal {
                None => {}
                Some(true) => x -= 1,
                Some(false) => y -= 1,
            }
        }
        pairs.reverse();
        pairs
    }
}

/// The longest rising run of tokens that both sides have exactly once.
fn unique(a: &[u64], b: &[u64]) -> Pairs {
    let mut seen: HashMap<u64, [(usize, usize); 2]> = HashMap::new();
    for (side, tokens) in [a, b].into_iter().enumerate() {
        for (place, token) in tokens.iter().enumerate() {
            let (count, last) = &mut seen.entry(*token).or_default()[side];
            (*count, *last) = (*count + 1, place);
        }
    }
    let once = |(place, token): (usize, &u64)| match seen[token] {
        [(1, _), (1, other)] => Some((place, other)),
        _ => None,
    };
    let candidates: Pairs = a.iter().enumerate().filter_map(once).collect();
    rising(&candidates)
}

/// The longest subsequence whose second places rise, too; the first ones rise already.
fn rising(candidates: &[(usize, usize)]) -> Pairs {
    // `ends[k]` is the candidate that ends the best run of k + 1.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(candidates.len());
    for (index, (_, place)) in candidates.iter().enumerate() {
        let at = ends.partition_point(|end| candidates[*end].1 < *place);
        before.push(at.checked_sub(1).map(|previous| ends[previous]));
        match ends.get_mut(at) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut run = Vec::new();
    let mut next = ends.last().copied();
    while let Some(index) = next {
        run.push(candidates[index]);
        next = before[index];
    }
    run.reverse();
    run
}

/// Moves runs without a partner on one side as far down as they go: the element behind a run takes the run's first place
/// where the two are equal, and where the other side has no such run beside it.
fn slide(
    tokens: &[u64],
    pairs: &mut [(usize, usize)],
    get: fn(&(usize, usize)) -> (usize, usize),
    set: fn(&mut (usize, usize), usize),
) {
    let (mut start, mut other_start) = (0, 0);
    for pair in pairs {
        let (place, other) = get(pair);
        // `start..place` has no partner.
        if place > start && other == other_start && tokens[start] == tokens[place] {
            set(pair, start);
            start += 1;
        } else {
            start = place + 1;
        }
        other_start = other + 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Budget, Pairs, align, gaps};

    fn tokens(text: &str) -> Vec<u64> {
        text.bytes().map(u64::from).collect()
    }

    fn aligned(a: &str, b: &str) -> (Pairs, String) {
        let (a, b) = (tokens(a), tokens(b));
        let pairs = align(&a, &b, &mut Budget::new(a.len() + b.len()));
        let kept = pairs.iter().map(|(x, _)| char::from(a[*x] as u8)).collect();
        (pairs, kept)
    }

    #[test]
    fn the_longest_common_part_is_found() {
        assert_eq!(aligned("abcabba", "cbabac").1.len(), 4);
        assert_eq!(aligned("kitten", "sitting").1, "ittn");
        assert_eq!(aligned("", "abc").1, "");
        assert_eq!(aligned("abc", "abc").1, "abc");
    }

    #[test]
    fn of_equal_elements_the_last_are_new() {
        assert_eq!(aligned("xuuuy", "xuuuuuy").0, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 6)]);
        // The new unit begins with its own first element, not with the end of the one before.
        assert_eq!(aligned("cbrdbr", "cbrebrdbr").0, [(0, 0), (1, 1), (2, 2), (3, 6), (4, 7), (5, 8)]);
    }

    #[test]
    fn gaps_are_what_lies_between() {
        assert_eq!(gaps(&[(0, 1), (1, 2), (4, 3)], 5, 5), [(0..0, 0..1), (2..4, 3..3), (5..5, 4..5)]);
    }

    #[test]
    fn long_sequences_take_bounded_work() {
        // Nothing in common but two kinds of tokens, in another order: no landmark, and many edits.
        let a: Vec<u64> = (0..50_000u64).map(|i| i.wrapping_mul(2_654_435_761) >> 7 & 1).collect();
        let b: Vec<u64> = (0..50_000u64).map(|i| i.wrapping_mul(40_503) >> 5 & 1).collect();
        let mut budget = Budget::new(100_000);
        let pairs = align(&a, &b, &mut budget);
        assert!(pairs.iter().all(|(x, y)| a[*x] == b[*y]) && pairs.len() > 10_000);
        // One element more in the middle of a long sequence of equal ones is found in one pass.
        let mut longer = a.clone();
        longer.insert(25_000, 7);
        assert_eq!(align(&a, &longer, &mut Budget(2)).len(), 50_000);
    }

    proptest! {
        #[test]
        fn pairs_rise_and_hold_equal_tokens(a in proptest::collection::vec(0u64..4, 0..40), b in proptest::collection::vec(0u64..4, 0..40)) {
            let pairs = align(&a, &b, &mut Budget::new(0));
            prop_assert!(pairs.iter().all(|(x, y)| a[*x] == b[*y]));
            prop_assert!(pairs.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 < two[1].1));
            // As long as the longest there is.
            let mut best = vec![vec![0; b.len() + 1]; a.len() + 1];
            for x in 0..a.len() {
                for y in 0..b.len() {
                    best[x + 1][y + 1] = if a[x] == b[y] { best[x][y] + 1 } else { best[x][y + 1].max(best[x + 1][y]) };
                }
            }
            prop_assert_eq!(pairs.len(), best[a.len()][b.len()]);
        }
    }
}
