//! Sizes and places: of boxes by their words, of frames by what is in them.

use std::collections::{HashMap, HashSet};

use super::columns::{self, Column};
use super::crossings::Crossings;
use super::layers::{Item, Layers};
use crate::ir::NodeId;
use crate::picture::outline::{End, Kind, Link, Outline, Part, PartId};
use crate::picture::words::{self, Words};

/// The space between rows, which shapes are written in.
pub const ROW_GAP: f64 = 30.0;
/// The space between a frame's border and what is in it.
pub const PAD: f64 = 12.0;
/// The height of a frame's title.
pub const TITLE: f64 = 32.0;

/// How far down a link goes straight behind the border of a frame, beside the title.
const ENTRY: f64 = 20.0;
/// How far down links go straight below a row where they would cross a shape otherwise, and the space to turn in.
const DROP: f64 = 17.0;
const TURN: f64 = 30.0;
/// The height of a shape's digits.
const LABEL: f64 = 7.0;
/// How far the cards of a repetition reach below it.
const CARDS: f64 = 7.0;

/// How much of an outline is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// How many levels of frames are open.
    pub depth: usize,
    /// Whether every part of a repetition is drawn, rather than the first for all.
    pub unfold: bool,
}

/// A part with a size, and what is drawn in it. Coordinates are from its top left corner.
#[derive(Clone, Debug)]
pub struct Placed {
    pub part: PartId,
    /// How many parts it stands for.
    pub times: usize,
    /// Whether what is in it is drawn.
    pub open: bool,
    pub words: Words,
    pub width: f64,
    pub height: f64,
    pub spots: Vec<Spot>,
    pub wires: Vec<Wire>,
    /// Where its operands enter and its results leave, from the left; empty where it takes them anywhere.
    ins: Vec<f64>,
    outs: Vec<f64>,
}

#[derive(Clone, Debug)]
pub struct Spot {
    pub x: f64,
    pub y: f64,
    pub placed: Placed,
}

/// The way of a tensor.
#[derive(Clone, Debug)]
pub struct Wire {
    pub tensor: NodeId,
    pub points: Vec<(f64, f64)>,
    /// Whether it goes around by straight lines, rather than down.
    pub around: bool,
    /// Where its shape is written, if here.
    pub label: Option<(f64, f64)>,
    /// Whether it ends with an arrow: at the border of a frame it goes on.
    pub arrow: bool,
}

/// Gives every part that is shown its place.
pub fn place(outline: &Outline, shown: Shown) -> Placed {
    Placer { outline, unfold: shown.unfold }.part(outline.root(), shown.depth + 1, 1)
}

struct Placer<'a> {
    outline: &'a Outline<'a>,
    unfold: bool,
}

impl Placer<'_> {
    /// `depth` is how many more frames are opened, `times` how many parts this one stands for.
    fn part(&self, id: PartId, depth: usize, times: usize) -> Placed {
        let part = self.outline.part(id);
        match part.kind {
            Kind::Box | Kind::Output(_) => self.closed(id, part, times),
            Kind::Repeat if self.unfold => self.open(id, part, depth, times),
            Kind::Repeat => self.part(part.children[0], depth, times * part.children.len()),
            Kind::Block if depth == 0 => self.closed(id, part, times),
            Kind::Block => self.open(id, part, depth - 1, times),
        }
    }

    fn closed(&self, id: PartId, part: &Part, times: usize) -> Placed {
        let words = words::of(self.outline, id, times);
        let outs = part.outs.iter().map(|tensor| words::label_width(&words::shape(self.outline.graph, *tensor)));
        let room = outs.fold(0.0, f64::max) * 2.0;
        let width = (words.width() + 22.0).max(room).max(64.0).ceil();
        let height = words.height();
        let (spots, wires, ins, outs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Placed { part: id, times, open: false, words, width, height, spots, wires, ins, outs }
    }

    fn open(&self, id: PartId, part: &Part, depth: usize, times: usize) -> Placed {
        let is_root = id == self.outline.root();
        let words = words::of(self.outline, id, times);
        let layers = Layers::of(part);
        let children: Vec<Placed> = part.children.iter().map(|child| self.part(*child, depth, 1)).collect();
        let width_of = |item: &Item| match item {
            Item::Port(End::Child(child)) => children[*child].width,
            Item::Port(End::In(_) | End::Out(_)) | Item::Bend(_) => super::layers::BEND_WIDTH,
        };
        let heights: Vec<f64> =
            layers.rows.iter().map(|row| row.iter().map(|item| height(item, &children)).fold(0.0, f64::max)).collect();
        // What enters a frame that stands alone goes straight down.
        let lean = |item: &Item| match item {
            Item::Port(End::Child(child)) => {
                let placed = &children[*child];
                placed.ins.first().map_or(0.0, |enters| placed.width / 2.0 - enters)
            }
            Item::Port(End::In(_) | End::Out(_)) | Item::Bend(_) => 0.0,
        };
        let x = layers.places(part, &width_of, &lean);
        let title = if is_root { 0.0 } else { TITLE };
        let columns = columns::columns(&layers, &heights, &x, &width_of);
        let column_of: Vec<usize> =
            columns.iter().enumerate().flat_map(|(at, column)| column.rows.clone().map(move |_| at)).collect();

        // Room for the title beside what enters at the top.
        let words_width = if is_root { 0.0 } else { words.width() + 16.0 };
        let left = columns.first().map_or(0.0, |column| column.left);
        let enters = part.ins.iter().enumerate().map(|(index, _)| x[&Item::Port(End::In(index))]);
        let needed = enters.map(|at| words_width - (at - left + PAD)).fold(0.0, f64::max);
        let mut edge = PAD + needed;
        let mut shift = Vec::with_capacity(columns.len());
        for column in &columns {
            shift.push(edge - column.left);
            edge += column.right - column.left + columns::GUTTER;
        }
        let width = (edge - columns::GUTTER + PAD).max(words_width + PAD).ceil();
        let center = |item: &Item, row: usize| x[item] + shift[column_of[row]];

        let row_of: HashMap<Item, usize> = layers
            .rows
            .iter()
            .enumerate()
            .flat_map(|(row, items)| items.iter().map(move |item| (*item, row)))
            .collect();
        let around = if columns.len() > 1 { 18.0 } else { 0.0 };
        let lay = |drops: &[f64]| {
            let mut tops = vec![0.0; layers.rows.len()];
            let mut bottom: f64 = title;
            for column in &columns {
                let mut y = title + if is_root { 6.0 } else { 14.0 };
                for row in column.rows.clone() {
                    if !is_border(&layers.rows[row][0]) {
                        tops[row] = y;
                        bottom = bottom.max(y + heights[row]);
                        y += heights[row] + if drops[row] > 0.0 { drops[row] + TURN } else { ROW_GAP };
                    }
                }
            }
            let height = (bottom + PAD + 4.0 + around).ceil();
            for (row, items) in layers.rows.iter().enumerate() {
                if matches!(items[0], Item::Port(End::Out(_))) {
                    tops[row] = height;
                }
            }
            let grid = Grid {
                layers: &layers,
                row_of: &row_of,
                tops: &tops,
                heights: &heights,
                drops,
                columns: &columns,
                column_of: &column_of,
                shift: &shift,
                title,
                center: &center,
            };
            let (wires, crossings) = wires(self.outline, part, &children, &grid);
            (tops, height, wires, crossings.rows())
        };
        let mut drops = vec![0.0; layers.rows.len()];
        let (mut tops, mut height, mut wires, crossed) = lay(&drops);
        if !crossed.is_empty() {
            for row in crossed {
                let cards = layers.rows[row].iter().any(|item| repeated(item, &children));
                drops[row] = DROP + if cards { CARDS } else { 0.0 };
            }
            (tops, height, wires, _) = lay(&drops);
        }
        let port = |end: End| center(&Item::Port(end), row_of[&Item::Port(end)]);
        let ins = (0..part.ins.len()).map(|index| port(End::In(index))).collect();
        let outs = (0..part.outs.len()).map(|index| port(End::Out(index))).collect();
        let mut spots = Vec::with_capacity(children.len());
        for (index, placed) in children.into_iter().enumerate() {
            let item = Item::Port(End::Child(index));
            let row = row_of[&item];
            spots.push(Spot { x: center(&item, row) - placed.width / 2.0, y: tops[row], placed });
        }
        Placed { part: id, times, open: true, words, width, height, spots, wires, ins, outs }
    }
}

fn is_border(item: &Item) -> bool {
    matches!(item, Item::Port(End::In(_) | End::Out(_)))
}

/// Whether it stands for several, whose cards reach below it.
fn repeated(item: &Item, children: &[Placed]) -> bool {
    match item {
        Item::Port(End::Child(child)) => children[*child].times > 1,
        Item::Port(End::In(_) | End::Out(_)) | Item::Bend(_) => false,
    }
}

fn height(item: &Item, children: &[Placed]) -> f64 {
    match item {
        Item::Port(End::Child(child)) => children[*child].height,
        Item::Port(End::In(_) | End::Out(_)) | Item::Bend(_) => 0.0,
    }
}

/// The rows and columns of an open frame.
struct Grid<'a> {
    layers: &'a Layers,
    row_of: &'a HashMap<Item, usize>,
    tops: &'a [f64],
    heights: &'a [f64],
    /// How far down links go straight below each row.
    drops: &'a [f64],
    columns: &'a [Column],
    column_of: &'a [usize],
    shift: &'a [f64],
    title: f64,
    /// The middle of an item in a row.
    center: &'a dyn Fn(&Item, usize) -> f64,
}

impl Grid<'_> {
    fn x(&self, item: Item) -> f64 {
        (self.center)(&item, self.row_of[&item])
    }
}

/// All links, and where they come near the shapes that are written beside them.
fn wires(outline: &Outline, part: &Part, children: &[Placed], grid: &Grid) -> (Vec<Wire>, Crossings) {
    // Several links into one box end side by side, in the order in which they come.
    let mut arrivals: HashMap<usize, Vec<(f64, usize)>> = HashMap::new();
    for (index, link) in part.links.iter().enumerate() {
        if let End::Child(to) = link.to {
            let before = grid.layers.bends[index].last().map_or(Item::Port(link.from), |bend| Item::Bend(*bend));
            arrivals.entry(to).or_default().push((grid.x(before), index));
        }
    }
    let mut entry: HashMap<usize, f64> = HashMap::new();
    for (to, list) in &mut arrivals {
        list.sort_by(|a, b| a.0.total_cmp(&b.0));
        let room = children[*to].width * 0.5 - 10.0;
        let middle = grid.x(Item::Port(End::Child(*to)));
        // What comes from straight above goes straight on.
        let straight = list.iter().position(|(x, _)| (x - middle).abs() < 1.0);
        let straight = straight.map_or((list.len() - 1) as f64 / 2.0, |place| place as f64);
        let step = (room / straight.max(list.len() as f64 - 1.0 - straight).max(1.0)).min(22.0);
        for (place, (_, link)) in list.iter().enumerate() {
            entry.insert(*link, (place as f64 - straight) * step);
        }
    }
    let below = |link: &Link| if repeated(&Item::Port(link.from), children) { CARDS } else { 0.0 };
    let mut crossings = Crossings::new(grid.tops.len());
    let mut labelled = HashSet::new();
    let mut wires = Vec::with_capacity(part.links.len());
    for (index, link) in part.links.iter().enumerate() {
        let (start, from_row) = leaves(outline, part, children, grid, link);
        let end = enters(outline, part, children, grid, link, entry.get(&index).copied().unwrap_or_default());
        let to_row = grid.row_of[&Item::Port(link.to)];
        let label = (matches!(link.from, End::Child(_)) && !matches!(link.to, End::Out(_)))
            .then(|| labelled.insert((link.from, link.tensor)).then_some((start.0 + 5.0, start.1 + 13.0 + below(link))))
            .flatten();
        if let Some(start) = label {
            let width = words::label_width(&words::shape(outline.graph, link.tensor));
            crossings.label(from_row, start, width, LABEL);
        }
        let arrow = matches!(link.to, End::Child(child) if !children[child].open);
        let (from_column, to_column) = (grid.column_of[from_row], grid.column_of[to_row]);
        let around = from_column != to_column;
        let points = if around {
            let gutter = grid.columns[from_column].right + grid.shift[from_column] + columns::GUTTER / 2.0;
            let (low, high) = (start.1 + ROW_GAP * 0.75 + below(link), grid.title - 8.0);
            vec![start, (start.0, low), (gutter, low), (gutter, high), (end.0, high), end]
        } else {
            let mut points = vec![start];
            let entry = if matches!(link.from, End::In(_)) { ENTRY } else { 0.0 };
            let mut row_end = grid.tops[from_row] + grid.heights[from_row] + entry + grid.drops[from_row];
            for (row, bend) in (from_row + 1..).zip(&grid.layers.bends[index]) {
                let x = (grid.center)(&Item::Bend(*bend), row);
                let last = points[points.len() - 1].0;
                crossings.turn(row - 1, (last, row_end), (x, grid.tops[row]));
                points.extend([(last, row_end), (x, grid.tops[row]), (x, grid.tops[row] + grid.heights[row])]);
                row_end = grid.tops[row] + grid.heights[row] + grid.drops[row];
            }
            let last = points[points.len() - 1];
            let last = (last.0, row_end.max(last.1));
            crossings.turn(to_row - 1, last, end);
            points.extend([last, end]);
            points.dedup();
            points
        };
        wires.push(Wire { tensor: link.tensor, points, around, label, arrow });
    }
    (wires, crossings)
}

/// Where a link leaves what it comes from, and the row of that.
fn leaves(outline: &Outline, part: &Part, children: &[Placed], grid: &Grid, link: &Link) -> ((f64, f64), usize) {
    let item = Item::Port(link.from);
    let row = grid.row_of[&item];
    let middle = grid.x(item);
    let point = match link.from {
        End::In(_) | End::Out(_) => (middle, grid.tops[row]),
        End::Child(child) => {
            let placed = &children[child];
            let index = outline.part(part.children[child]).outs.iter().position(|tensor| *tensor == link.tensor);
            let out = index.and_then(|index| placed.outs.get(index)).map_or(placed.width / 2.0, |x| *x);
            (middle - placed.width / 2.0 + out, grid.tops[row] + placed.height)
        }
    };
    (point, row)
}

/// Where a link enters what it leads to; `beside` is how far from the middle of a box.
fn enters(outline: &Outline, part: &Part, children: &[Placed], grid: &Grid, link: &Link, beside: f64) -> (f64, f64) {
    let item = Item::Port(link.to);
    let row = grid.row_of[&item];
    let middle = grid.x(item);
    match link.to {
        End::In(_) | End::Out(_) => (middle, grid.tops[row]),
        End::Child(child) => {
            let placed = &children[child];
            let index = outline.part(part.children[child]).ins.iter().position(|tensor| *tensor == link.tensor);
            let at = index.and_then(|index| placed.ins.get(index)).map_or(placed.width / 2.0 + beside, |x| *x);
            (middle - placed.width / 2.0 + at, grid.tops[row])
        }
    }
}
