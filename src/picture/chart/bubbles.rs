//! The field's bubble chart: accuracy over cost, the size of a bubble by a third figure.

use super::axis::Axis;
use super::labels::{Named, labels};
use super::{AREA, TEXT, Titles, finish, frame, in_page, legend, series};
use crate::picture::colour::Theme;
use crate::picture::font::{self, Weight};
use crate::picture::svg::{Anchor, Svg};
use crate::report::short;

/// A bubble.
#[derive(Clone, Debug)]
pub struct Bubble {
    pub name: String,
    /// What it is coloured by: its series, by its place in [`Bubbles::series`].
    pub series: usize,
    /// Above 0.
    pub x: f64,
    pub y: f64,
    /// What its area stands for.
    pub size: u64,
    /// What a viewer shows beside the pointer.
    pub about: String,
}

/// What a chart shows.
#[derive(Clone, Debug)]
pub struct Bubbles {
    pub titles: Titles,
    pub series: Vec<String>,
    /// What sizes are of: `parameters`.
    pub size: String,
    /// Whether the upright axis is logarithmic, which is for values above 0.
    pub log_y: bool,
    pub bubbles: Vec<Bubble>,
}

/// The largest bubble's radius.
const LARGEST: f64 = 40.0;
/// Smaller ones could not be seen.
const SMALLEST: f64 = 3.0;

/// The chart as an SVG file, and the names that found no room.
pub fn bubbles(chart: &Bubbles, theme: Theme) -> (String, Vec<String>) {
    let (svg, hidden) = drawn(chart);
    (finish(svg, &chart.titles, theme), hidden)
}

/// The chart as a piece of a page, which has the rules that `page_rules` gives, and the names that found no room.
pub fn bubbles_in_page(chart: &Bubbles) -> (String, Vec<String>) {
    let (svg, hidden) = drawn(chart);
    (in_page(&svg, &chart.titles), hidden)
}

fn drawn(chart: &Bubbles) -> (Svg, Vec<String>) {
    let most = chart.bubbles.iter().map(|bubble| bubble.size).max().unwrap_or(0).max(1) as f64;
    let radius = |size: u64| ((size as f64 / most).sqrt() * LARGEST).max(SMALLEST);
    let x = Axis::new(chart.bubbles.iter().map(|bubble| bubble.x), true, 0.09, [AREA.left, AREA.right]);
    let y = Axis::new(chart.bubbles.iter().map(|bubble| bubble.y), chart.log_y, 0.10, [AREA.bottom, AREA.top]);
    let mut svg = Svg::default();
    frame(&mut svg, &chart.titles, AREA, (&x, &x.ticks()), (&y, &y.ticks()));

    // Small bubbles lie on large ones.
    let mut order: Vec<&Bubble> = chart.bubbles.iter().collect();
    order.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
    for bubble in &order {
        svg.open("", &bubble.about);
        svg.circle(&format!("bubble {}", series(bubble.series)), (x.at(bubble.x), y.at(bubble.y)), radius(bubble.size));
        svg.close();
    }
    let named = |bubble: &&Bubble| {
        let at = (x.at(bubble.x), y.at(bubble.y));
        Named { at, radius: radius(bubble.size), name: bubble.name.clone() }
    };
    let points: Vec<Named> = order.iter().map(named).collect();
    let mut hidden = Vec::new();
    let key = Key::new(most as u64, &chart.size, &points, &radius);
    let places = labels(&points, AREA, &key.taken());
    for (point, place) in points.iter().zip(&places) {
        if let Some(lead) = place.as_ref().and_then(|place| place.lead) {
            svg.line("lead", point.at, lead);
        }
    }
    for (point, place) in points.iter().zip(places) {
        match place {
            Some(place) => svg.text("label", (place.x, place.y), Anchor::Start, &point.name),
            None => hidden.push(point.name.clone()),
        }
    }
    legend(&mut svg, &chart.series, &|svg, index, x, y| {
        svg.circle(&format!("bubble {}", series(index)), (x + 4.0, y), 5.0);
    });
    key.draw(&mut svg);
    (svg, hidden)
}

/// What some sizes are: circles in circles, with their figures, in the corner that is emptiest.
struct Key {
    /// Some sizes, as they are written, and their radii.
    shown: Vec<(String, f64)>,
    width: f64,
    left: f64,
    bottom: f64,
}

impl Key {
    fn new(most: u64, what: &str, points: &[Named], radius: &dyn Fn(u64) -> f64) -> Key {
        let mut step = 1u64;
        while step.checked_mul(10).is_some_and(|next| next <= most) {
            step *= 10;
        }
        let sizes = [step, step / 4, step / 20].into_iter().filter(|size| *size > 0 && radius(*size) > SMALLEST);
        let written = |size: u64| {
            let text = short(size);
            let (number, letter) = text.split_once(' ').unwrap_or((&text, ""));
            let number = number.strip_suffix(".00").unwrap_or(number);
            [number, letter, what].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        };
        let shown: Vec<(String, f64)> = sizes.map(|size| (written(size), radius(size))).collect();
        let widths = shown.iter().map(|(text, _)| font::width(text, TEXT, Weight::Regular));
        let width = widths.fold(0.0, f64::max) + 16.0;
        let mut key = Key { shown, width, left: 0.0, bottom: 0.0 };
        key.width += 2.0 * key.widest();
        let corners = [
            (AREA.right - key.width, AREA.bottom - 12.0),
            (AREA.left + 14.0, AREA.top + 12.0 + key.height()),
            (AREA.left + 14.0, AREA.bottom - 12.0),
            (AREA.right - key.width, AREA.top + 12.0 + key.height()),
        ];
        let mut fewest = f64::INFINITY;
        for (left, bottom) in corners {
            let [x, y, right, below] = key.at(left, bottom);
            let hidden: f64 = points
                .iter()
                .map(|point| {
                    let nearest = (point.at.0.clamp(x, right), point.at.1.clamp(y, below));
                    let distance = (nearest.0 - point.at.0).hypot(nearest.1 - point.at.1);
                    (point.radius - distance).max(0.0)
                })
                .sum();
            if hidden < fewest {
                fewest = hidden;
                (key.left, key.bottom) = (left, bottom);
            }
        }
        key
    }

    fn widest(&self) -> f64 {
        self.shown.first().map_or(0.0, |(_, radius)| *radius)
    }

    /// The texts have their lines, however near the circles are.
    fn height(&self) -> f64 {
        (2.0 * self.widest()).max(30.0)
    }

    /// Left, top, right, bottom, were it there.
    fn at(&self, left: f64, bottom: f64) -> [f64; 4] {
        [left, bottom - self.height() - 6.0, left + self.width, bottom]
    }

    /// Where no name may stand.
    fn taken(&self) -> Vec<[f64; 4]> {
        if self.shown.is_empty() { Vec::new() } else { vec![self.at(self.left, self.bottom)] }
    }

    fn draw(&self, svg: &mut Svg) {
        let widest = self.widest();
        let x = self.left + widest + 2.0;
        for (index, (text, radius)) in self.shown.iter().enumerate() {
            svg.circle("size", (x, self.bottom - radius), *radius);
            let line = self.bottom - self.height() + index as f64 * 14.0;
            svg.line("lead", (x, self.bottom - 2.0 * radius), (x + widest + 8.0, line));
            svg.text("text", (x + widest + 11.0, line + 4.0), Anchor::Start, text);
        }
    }
}
