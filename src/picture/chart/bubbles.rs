//! The field's bubble chart: accuracy over cost, the size of a bubble by a third figure.

use super::axis::Axis;
use super::labels::{Named, labels};
use super::{AREA, Titles, finish, frame, legend, series};
use crate::picture::colour::Theme;
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
    pub bubbles: Vec<Bubble>,
}

/// The largest bubble's radius.
const LARGEST: f64 = 40.0;
/// Smaller ones could not be seen.
const SMALLEST: f64 = 3.0;

/// The chart as an SVG file, and the names that found no room.
pub fn bubbles(chart: &Bubbles, theme: Theme) -> (String, Vec<String>) {
    let most = chart.bubbles.iter().map(|bubble| bubble.size).max().unwrap_or(0).max(1) as f64;
    let radius = |size: u64| ((size as f64 / most).sqrt() * LARGEST).max(SMALLEST);
    let x = Axis::new(chart.bubbles.iter().map(|bubble| bubble.x), true, 0.09, [AREA.left, AREA.right]);
    let y = Axis::new(chart.bubbles.iter().map(|bubble| bubble.y), false, 0.10, [AREA.bottom, AREA.top]);
    let mut svg = Svg::default();
    frame(&mut svg, &chart.titles, &x, &y);

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
    let places = labels(&points, AREA);
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
    sizes(&mut svg, &chart.size, most as u64, &radius);
    (finish(svg, &chart.titles, theme), hidden)
}

/// What some sizes are, in the corner below: circles in circles, with their figures.
fn sizes(svg: &mut Svg, what: &str, most: u64, radius: &dyn Fn(u64) -> f64) {
    let mut step = 1u64;
    while step.checked_mul(10).is_some_and(|next| next <= most) {
        step *= 10;
    }
    let shown: Vec<u64> =
        [step, step / 4, step / 20].into_iter().filter(|size| *size > 0 && radius(*size) > SMALLEST).collect();
    let x = AREA.right - 130.0;
    let bottom = AREA.bottom - 12.0;
    let widest = shown.first().map_or(0.0, |size| radius(*size));
    for (index, size) in shown.iter().enumerate() {
        let radius = radius(*size);
        let y = bottom - 2.0 * radius;
        svg.circle("size", (x, bottom - radius), radius);
        // The texts have their lines, however near the circles are.
        let line = (bottom - 2.0 * widest).min(bottom - 30.0) + index as f64 * 14.0;
        svg.line("lead", (x, y), (x + widest + 8.0, line));
        let text = short(*size);
        let (number, letter) = text.split_once(' ').unwrap_or((&text, ""));
        let number = number.strip_suffix(".00").unwrap_or(number);
        svg.text("text", (x + widest + 11.0, line + 4.0), Anchor::Start, &format!("{number} {letter} {what}"));
    }
}
