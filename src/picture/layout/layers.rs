//! The rows of a frame: in which row each part stands, where links pass the rows between their ends, and the order from
//! left to right.

use std::collections::HashMap;

use rust_sugiyama::configure::{Config, RankingType};

use crate::picture::outline::{End, Part};

/// Something that has a place in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    Port(End),
    /// Where a link passes a row, by a number of its own.
    Bend(usize),
}

/// A part's inside, in rows from top to bottom.
#[derive(Clone, Debug)]
pub struct Layers {
    pub rows: Vec<Vec<Item>>,
    /// For each link of the part, the bends that it takes, from the top.
    pub bends: Vec<Vec<usize>>,
}

/// Links take no bends where there would be more than this.
const MAX_BENDS: usize = 4000;
/// Rows between two that hold one thing are ordered by the library up to this many things; beyond, they stay in the
/// order of the file.
const MAX_ORDERED: usize = 1500;
/// The space between things of a row.
pub const COLUMN_GAP: f64 = 18.0;
/// The width of a bend.
pub const BEND_WIDTH: f64 = 6.0;
/// The library's own recursion grows with its input.
const STACK: usize = 64 << 20;

impl Layers {
    pub fn of(part: &Part) -> Layers {
        let row_of = rows(part);
        let height = row_of.values().max().map_or(0, |row| row + 1);
        let mut layers = Layers { rows: vec![Vec::new(); height], bends: vec![Vec::new(); part.links.len()] };
        let mut items: Vec<(usize, End)> = row_of.iter().map(|(end, row)| (*row, *end)).collect();
        items.sort_unstable();
        for (row, end) in items {
            layers.rows[row].push(Item::Port(end));
        }
        // Links of one tensor share their bends as far down as they go.
        let mut shared: HashMap<(End, usize), usize> = HashMap::new();
        let long = |index: &usize| row_of[&part.links[*index].to] - row_of[&part.links[*index].from] - 1;
        let bends: usize = (0..part.links.len()).map(|index| long(&index)).sum();
        if bends <= MAX_BENDS {
            let mut count = 0;
            for (index, link) in part.links.iter().enumerate() {
                for row in row_of[&link.from] + 1..row_of[&link.to] {
                    let bend = *shared.entry((link.from, row)).or_insert_with(|| {
                        count += 1;
                        layers.rows[row].push(Item::Bend(count - 1));
                        count - 1
                    });
                    layers.bends[index].push(bend);
                }
            }
        }
        let nominal = |item: &Item| if matches!(item, Item::Bend(_)) { BEND_WIDTH } else { 100.0 };
        let places = layers.places(part, &nominal, &|_| 0.0);
        for row in &mut layers.rows {
            row.sort_by(|a, b| places[a].total_cmp(&places[b]));
        }
        layers
    }

    /// The middle of each item, from left to right. What stands alone in its row is at `lean` from 0.
    pub fn places(
        &self,
        part: &Part,
        width: &impl Fn(&Item) -> f64,
        lean: &impl Fn(&Item) -> f64,
    ) -> HashMap<Item, f64> {
        let mut places = HashMap::new();
        let alone = |row: &Vec<Item>| row.len() == 1;
        let mut at = 0;
        let steps = self.steps(part);
        while at < self.rows.len() {
            if alone(&self.rows[at]) {
                places.insert(self.rows[at][0], lean(&self.rows[at][0]));
                at += 1;
                continue;
            }
            let end = (at..self.rows.len()).find(|row| alone(&self.rows[*row])).unwrap_or(self.rows.len());
            places.extend(place_rows(&self.rows, at..end, &steps, width));
            at = end;
        }
        places
    }

    /// The links from row to row: each goes to the next one, where links have bends.
    pub fn steps(&self, part: &Part) -> Vec<(Item, Item)> {
        let mut steps = Vec::new();
        for (link, bends) in part.links.iter().zip(&self.bends) {
            let way = std::iter::once(Item::Port(link.from))
                .chain(bends.iter().map(|bend| Item::Bend(*bend)))
                .chain([Item::Port(link.to)]);
            let way: Vec<Item> = way.collect();
            steps.extend(way.windows(2).map(|pair| (pair[0], pair[1])));
        }
        steps.sort_unstable();
        steps.dedup();
        steps
    }
}

/// The row of every end: operands first, results last, and each part as high as what it reads allows.
fn rows(part: &Part) -> HashMap<End, usize> {
    let mut rows: HashMap<End, usize> = (0..part.ins.len()).map(|index| (End::In(index), 0)).collect();
    let first = usize::from(!part.ins.is_empty());
    let mut incoming: Vec<Vec<End>> = vec![Vec::new(); part.children.len()];
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); part.children.len()];
    for link in &part.links {
        if let End::Child(to) = link.to {
            incoming[to].push(link.from);
            if let End::Child(from) = link.from {
                readers[from].push(to);
            }
        }
    }
    for (child, sources) in incoming.iter().enumerate() {
        let row = sources.iter().map(|source| rows[source] + 1).max().unwrap_or(first);
        rows.insert(End::Child(child), row);
    }
    // What reads nothing stands right above its first reader.
    for child in (0..part.children.len()).rev().filter(|child| incoming[*child].is_empty()) {
        if let Some(reader) = readers[child].iter().map(|reader| rows[&End::Child(*reader)]).min() {
            rows.insert(End::Child(child), reader.saturating_sub(1).max(first));
        }
    }
    let last = rows.values().max().map_or(0, |row| row + 1);
    rows.extend((0..part.outs.len()).map(|index| (End::Out(index), last)));
    rows
}

/// Places for the items of some rows, none of which holds one alone. What stands alone above and below is at 0.
fn place_rows(
    rows: &[Vec<Item>],
    range: std::ops::Range<usize>,
    steps: &[(Item, Item)],
    width: &impl Fn(&Item) -> f64,
) -> Vec<(Item, f64)> {
    let inner: Vec<Item> = rows[range.clone()].iter().flatten().copied().collect();
    if inner.len() > MAX_ORDERED {
        return rows[range].iter().flat_map(|row| side_by_side(row, width)).collect();
    }
    // Two more vertices stand for what is above and below, so that the library keeps each thing in its row.
    let (top, bottom) = (inner.len() as u32, inner.len() as u32 + 1);
    let number: HashMap<Item, u32> = inner.iter().enumerate().map(|(index, item)| (*item, index as u32)).collect();
    let (mut has_above, mut has_below) = (vec![false; inner.len()], vec![false; inner.len()]);
    let mut edges: Vec<(u32, u32)> = Vec::new();
    let row_of: HashMap<Item, usize> =
        range.clone().flat_map(|row| rows[row].iter().map(move |item| (*item, row))).collect();
    for (from, to) in steps {
        match (number.get(from), number.get(to)) {
            (Some(a), Some(b)) if row_of[to] == row_of[from] + 1 => {
                edges.push((*a, *b));
                has_above[*b as usize] = true;
                has_below[*a as usize] = true;
            }
            (Some(_) | None, Some(_) | None) => {}
        }
    }
    let mut vertices: Vec<(u32, (f64, f64))> =
        inner.iter().enumerate().map(|(index, item)| (index as u32, (width(item), 1.0))).collect();
    vertices.extend([(top, (BEND_WIDTH, 1.0)), (bottom, (BEND_WIDTH, 1.0))]);
    let mut extra = bottom;
    // A way of bends up or down to the end for what has nothing there.
    let mut way = |from: u32, to: u32, rows: usize, edges: &mut Vec<(u32, u32)>| {
        let mut last = from;
        for _ in 0..rows {
            extra += 1;
            vertices.push((extra, (0.0, 1.0)));
            edges.push((last, extra));
            last = extra;
        }
        edges.push((last, to));
    };
    for (index, item) in inner.iter().enumerate() {
        if !has_above[index] {
            way(top, index as u32, row_of[item] - range.start, &mut edges);
        }
        if !has_below[index] {
            way(index as u32, bottom, range.end - 1 - row_of[item], &mut edges);
        }
    }
    let config = Config {
        vertex_spacing: COLUMN_GAP,
        dummy_vertices: true,
        ranking_type: RankingType::Up,
        transpose: inner.len() <= 300,
        ..Config::default()
    };
    let layouts = stacker::grow(STACK, || rust_sugiyama::from_vertices_and_edges(&vertices, &edges, &config));
    let found: HashMap<usize, f64> =
        layouts.into_iter().flat_map(|(places, _, _)| places).map(|(id, (x, _))| (id, x)).collect();
    let middle = match main_way(rows, range, steps) {
        Some(main) => found[&(number[&main] as usize)],
        None => (found[&(top as usize)] + found[&(bottom as usize)]) / 2.0,
    };
    inner.iter().enumerate().map(|(index, item)| (*item, found[&index] - middle)).collect()
}

/// Of two ways beside each other, the last thing on the one that goes straight on: a part rather than a link that passes
/// it by, and else the one that comes first in the file.
fn main_way(rows: &[Vec<Item>], range: std::ops::Range<usize>, steps: &[(Item, Item)]) -> Option<Item> {
    let last = &rows[range.end - 1];
    if rows[range.clone()].iter().any(|row| row.len() > 2) || rows.get(range.end).is_none() {
        return None;
    }
    let (above, below) = (range.start.checked_sub(1).and_then(|row| rows[row].first())?, rows[range.end].first()?);
    let straight = |item: &Item| steps.contains(&(*item, *below));
    // Only what also begins above is a way.
    let begins = rows[range.start].iter().all(|item| steps.contains(&(*above, *item)));
    let way = last.iter().filter(|item| straight(item)).min_by_key(|item| (matches!(item, Item::Bend(_)), **item));
    way.filter(|_| begins).copied()
}

/// A row in its own order, its middle at 0.
fn side_by_side(row: &[Item], width: &impl Fn(&Item) -> f64) -> Vec<(Item, f64)> {
    let total: f64 = row.iter().map(|item| width(item) + COLUMN_GAP).sum();
    let mut left = -total / 2.0;
    let mut places = Vec::with_capacity(row.len());
    for item in row {
        let step = width(item) + COLUMN_GAP;
        places.push((*item, left + step / 2.0));
        left += step;
    }
    places
}
