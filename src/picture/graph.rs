//! A graph as SVG.

use std::collections::BTreeSet;

use super::colour::{self, COST_STEPS, Colour, Family, PAPER, Theme};
use super::font::{self, Weight};
use super::layout::{Placed, Shown, Wire, place, turn};
use super::outline::{Kind, Outline};
use super::svg::{Anchor, Svg, number, point};
use super::words::{self, LINE_SIZE, SHAPE_SIZE, TITLE_SIZE};
use crate::report::{grouped, short};

/// What a picture of a graph looks like.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub shown: Shown,
    pub colour: Colour,
    pub theme: Theme,
}

const MARGIN: f64 = 20.0;
const HEADING: f64 = 54.0;
const LEGEND: f64 = 26.0;

/// The picture, as an SVG file.
pub fn svg(outline: &Outline, look: Look) -> String {
    let placed = place(outline, look.shown);
    let mut svg = Svg::default();
    let root = outline.part(outline.root());
    let name = &*outline.graph.name;
    let costs = format!("{} parameters, {} MACs", grouped(root.sums.params), short(root.sums.macs));
    svg.text("heading", (MARGIN, MARGIN + 16.0), Anchor::Start, name);
    svg.text("line", (MARGIN, MARGIN + 34.0), Anchor::Start, &costs);
    let heading = font::width(name, 16.0, Weight::SemiBold).max(font::width(&costs, LINE_SIZE, Weight::Regular));

    let mut legend = Svg::default();
    let legend_width = match look.colour {
        Colour::Op => op_legend(&mut legend, &placed, outline),
        Colour::Cost => cost_legend(&mut legend),
    };
    let width = placed.width.max(heading).max(legend_width) + 2.0 * MARGIN;
    let height = MARGIN + HEADING + placed.height + LEGEND + MARGIN;
    // A narrow picture stands in the middle of a wide legend.
    let left = ((width - placed.width) / 2.0).floor();
    let mut drawing = Drawing { outline, colour: look.colour, svg };
    drawing.inside(&placed, left, MARGIN + HEADING - 6.0);
    let mut svg = drawing.svg;
    svg.raw(&format!(
        "<g transform=\"translate({} {})\">\n{}</g>\n",
        number(MARGIN),
        number(height - MARGIN - 14.0),
        legend.body()
    ));
    svg.finish((width.ceil(), height.ceil()), look.theme, name, &|paper| style(look.colour, paper))
}

struct Drawing<'a> {
    outline: &'a Outline<'a>,
    colour: Colour,
    svg: Svg,
}

impl Drawing<'_> {
    /// What is in an open part whose top left corner is at `x` and `y`.
    fn inside(&mut self, placed: &Placed, x: f64, y: f64) {
        for wire in &placed.wires {
            self.svg.path(if wire.arrow { "wire arrow" } else { "wire" }, &way(wire, x, y));
            if wire.arrow
                && let Some(end) = wire.points.last()
            {
                self.svg.path("head", &arrow((end.0 + x, end.1 + y)));
            }
        }
        for spot in &placed.spots {
            self.part(&spot.placed, x + spot.x, y + spot.y);
        }
        for wire in &placed.wires {
            if let Some((label_x, label_y)) = wire.label {
                let shape = words::shape(self.outline.graph, wire.tensor);
                self.svg.text("shape", (x + label_x, y + label_y), Anchor::Start, &shape);
            }
        }
    }

    fn part(&mut self, placed: &Placed, x: f64, y: f64) {
        let part = self.outline.part(placed.part);
        self.svg.open("", &tooltip(self.outline, placed));
        let (width, height) = (placed.width, placed.height);
        if placed.times > 1 {
            // The cards below the first.
            let shape = if placed.open { "frame" } else { "card" };
            for step in [2.0, 1.0] {
                self.svg.rect(shape, [x + 4.0 * step, y + 4.0 * step, width, height], 6.0);
            }
        }
        if placed.open {
            let repeat = part.kind == Kind::Repeat;
            self.svg.rect(if repeat { "frame row" } else { "frame" }, [x, y, width, height], 8.0);
            self.svg.text("title", (x + 10.0, y + 16.0), Anchor::Start, &placed.words.title);
            self.svg.text("line", (x + 10.0, y + 28.0), Anchor::Start, &placed.words.line);
            self.inside(placed, x, y);
        } else {
            let family = Family::of_part(self.outline, part);
            let class = match (self.colour, family) {
                (Colour::Op, family) => family.class().to_string(),
                (Colour::Cost, Family::Port) => Family::Port.class().to_string(),
                (Colour::Cost, _) => format!("cost{}", colour::cost_step(self.outline, part, placed.times)),
            };
            let radius = if family == Family::Port { height / 2.0 } else { 5.0 };
            self.svg.rect(&format!("box {class}"), [x, y, width, height], radius);
            let middle = x + width / 2.0;
            match placed.words.line.is_empty() {
                true => self.svg.text("title", (middle, y + height / 2.0 + 4.0), Anchor::Middle, &placed.words.title),
                false => {
                    self.svg.text("title", (middle, y + 16.0), Anchor::Middle, &placed.words.title);
                    self.svg.text("line", (middle, y + 30.0), Anchor::Middle, &placed.words.line);
                }
            }
        }
        self.svg.close();
    }
}

/// What a viewer shows beside the pointer.
fn tooltip(outline: &Outline, placed: &Placed) -> String {
    let part = outline.part(placed.part);
    let mut lines = vec![part.path.to_string()];
    if !placed.open {
        lines.extend(part.nodes.iter().map(|id| {
            let node = outline.graph.node(*id);
            format!("{} {} {}", node.op.def().name, node.op.detail(), words::shape(outline.graph, *id))
        }));
    }
    if part.sums.params > 0 || part.sums.macs > 0 {
        lines.push(format!("{} parameters, {} MACs", grouped(part.sums.params), short(part.sums.macs)));
    }
    lines.join("; ")
}

/// The way of a wire, moved by `x` and `y`.
fn way(wire: &Wire, x: f64, y: f64) -> String {
    let points: Vec<(f64, f64)> = wire.points.iter().map(|(px, py)| (px + x, py + y)).collect();
    let mut path = format!("M{}", point(points[0]));
    if wire.around {
        const ROUND: f64 = 7.0;
        for corner in points.windows(3) {
            let [before, at, after] = [corner[0], corner[1], corner[2]];
            path += &format!("L{}Q{} {}", point(toward(at, before, ROUND)), point(at), point(toward(at, after, ROUND)));
        }
        path += &format!("L{}", point(points[points.len() - 1]));
        return path;
    }
    for pair in points.windows(2) {
        let [from, to] = [pair[0], pair[1]];
        if (from.0 - to.0).abs() < 0.01 {
            path += &format!("L{}", point(to));
        } else {
            let [leave, arrive] = turn(from, to);
            path += &format!("C{} {} {}", point(leave), point(arrive), point(to));
        }
    }
    path
}

/// The point `distance` from `from` on the way to `to`, at most half of the way.
fn toward(from: (f64, f64), to: (f64, f64), distance: f64) -> (f64, f64) {
    let length = (to.0 - from.0).hypot(to.1 - from.1);
    let share = if length > 0.0 { (distance / length).min(0.5) } else { 0.0 };
    (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
}

/// The head of an arrow that points down at a point.
fn arrow((x, y): (f64, f64)) -> String {
    format!("M{}L{}L{}Z", point((x, y)), point((x - 3.5, y - 6.5)), point((x + 3.5, y - 6.5)))
}

/// The families that are drawn, side by side; how wide they are.
fn op_legend(svg: &mut Svg, placed: &Placed, outline: &Outline) -> f64 {
    let mut families = BTreeSet::new();
    let mut open = vec![placed];
    while let Some(placed) = open.pop() {
        if !placed.open {
            families.insert(Family::of_part(outline, outline.part(placed.part)));
        }
        open.extend(placed.spots.iter().map(|spot| &spot.placed));
    }
    families.remove(&Family::Port);
    let mut x = 0.0;
    for family in families {
        svg.rect(&format!("box {}", family.class()), [x, 0.0, 12.0, 12.0], 3.0);
        svg.text("line", (x + 17.0, 10.0), Anchor::Start, family.words());
        x += 17.0 + font::width(family.words(), LINE_SIZE, Weight::Regular) + 16.0;
    }
    x
}

fn cost_legend(svg: &mut Svg) -> f64 {
    for step in 0..COST_STEPS {
        svg.rect(&format!("box cost{step}"), [step as f64 * 20.0, 0.0, 20.0, 12.0], 0.0);
    }
    let end = COST_STEPS as f64 * 20.0 + 8.0;
    let text = "of all MACs: none to 20 % and more";
    svg.text("line", (end, 10.0), Anchor::Start, text);
    end + font::width(text, LINE_SIZE, Weight::Regular)
}

/// The rules for light paper, 0, or dark, 1.
fn style(colour: Colour, paper: usize) -> String {
    let [back, ink, faint, frame, inside] = PAPER[paper];
    let mut rules = format!(
        ".paper {{ fill: {back} }}\n.heading {{ font-size: 16px; font-weight: 600; fill: {ink} }}\n\
         .title {{ font-size: {TITLE_SIZE}px; font-weight: 600; fill: {ink} }}\n.line {{ font-size: {LINE_SIZE}px; fill: {faint} }}\n\
         .shape {{ font-size: {SHAPE_SIZE}px; fill: {faint}; stroke: {back}; stroke-width: 3px; paint-order: stroke; stroke-linejoin: round }}\n\
         .frame {{ fill: {inside}; stroke: {frame}; stroke-width: 1px }}\n.row {{ stroke-dasharray: 4 3 }}\n\
         .card {{ fill: {inside}; stroke: {frame}; stroke-width: 1px }}\n.box {{ stroke-width: 1.2px }}\n\
         .wire {{ fill: none; stroke: {faint}; stroke-width: 1.3px }}\n.head {{ fill: {faint} }}\n"
    );
    match colour {
        Colour::Op => {
            for family in Family::ALL {
                let [fill, stroke] = family.colours()[paper];
                rules += &format!(".{} {{ fill: {fill}; stroke: {stroke} }}\n", family.class());
            }
        }
        Colour::Cost => {
            let [fill, stroke] = Family::Port.colours()[paper];
            rules += &format!(".port {{ fill: {fill}; stroke: {stroke} }}\n");
            for step in 0..COST_STEPS {
                let [fill, stroke] = &colour::cost_colours(step)[paper];
                rules += &format!(".cost{step} {{ fill: {fill}; stroke: {stroke} }}\n");
            }
        }
    }
    rules
}
