//! Curves over a value that changes: what a sweep costs.

use super::axis::Axis;
use super::{AREA, Area, TEXT, Titles, WIDTH, finish, frame, series};
use crate::picture::colour::Theme;
use crate::picture::font::{self, Weight};
use crate::picture::svg::{Anchor, Svg, point};

/// What a chart shows.
#[derive(Clone, Debug)]
pub struct Curves {
    pub titles: Titles,
    /// What is written at the level axis, from left to right: the values that points have, or places of words.
    pub level: Vec<(f64, String)>,
    /// Whether these are words, with nothing between two of them.
    pub is_words: bool,
    /// What tells the curves apart: `alpha`. Nothing for a single one.
    pub by: String,
    pub curves: Vec<Curve>,
}

#[derive(Clone, Debug)]
pub struct Curve {
    /// The value that it is of; nothing for a single one.
    pub name: String,
    /// From left to right, one at least.
    pub points: Vec<Mark>,
}

#[derive(Clone, Debug)]
pub struct Mark {
    pub x: f64,
    /// 0 or above.
    pub y: f64,
    /// What a viewer shows beside the pointer.
    pub about: String,
}

/// The most curves that can be told apart.
pub const MAX_CURVES: usize = 24;
/// Values that spread further than this many times the least stand on a logarithmic axis.
const SPREAD: f64 = 100.0;
/// Curves of more points have no marks.
const MARKED: usize = 60;
/// The height of a name, and the most that is seen of it.
const LINE: f64 = 17.0;
const MAX_CHARS: usize = 36;

/// The chart as an SVG file. There are [`MAX_CURVES`] at most, one at least.
pub fn curves(chart: &Curves, theme: Theme) -> String {
    let names: Vec<String> = chart.curves.iter().map(|curve| cut(&curve.name)).collect();
    let texts = names.iter().chain([&chart.by]).map(|name| font::width(name, TEXT, Weight::SemiBold));
    let legend = if chart.by.is_empty() { 0.0 } else { texts.fold(0.0, f64::max) + 40.0 };
    let area = Area { right: AREA.right - legend.min(WIDTH / 3.0), ..AREA };

    let marks = || chart.curves.iter().flat_map(|curve| &curve.points);
    let log_x = !chart.is_words && spreads(marks().map(|mark| mark.x));
    let log_y = spreads(marks().map(|mark| mark.y));
    let x = Axis::new(marks().map(|mark| mark.x), log_x, 0.03, [area.left, area.right]);
    let y = Axis::new(marks().map(|mark| mark.y), log_y, 0.06, [area.bottom, area.top]).starting_at_zero();
    let logarithmic = |title: &str, log| if log { format!("{title}, logarithmic") } else { title.to_string() };
    let titles = Titles {
        x: logarithmic(&chart.titles.x, log_x),
        y: logarithmic(&chart.titles.y, log_y),
        ..chart.titles.clone()
    };

    let mut svg = Svg::default();
    frame(&mut svg, &titles, area, (&x, &level(chart, &x)), (&y, &y.ticks()));
    for (index, curve) in chart.curves.iter().enumerate() {
        let way: Vec<String> = curve.points.iter().map(|mark| point((x.at(mark.x), y.at(mark.y)))).collect();
        svg.path(&class(index), &format!("M{}", way.join("L")));
    }
    for (index, curve) in chart.curves.iter().enumerate().filter(|(_, curve)| curve.points.len() <= MARKED) {
        for mark in &curve.points {
            svg.open("", &mark.about);
            svg.circle(&series(index), (x.at(mark.x), y.at(mark.y)), 3.5);
            svg.close();
        }
    }
    if !chart.by.is_empty() {
        let ends = chart.curves.iter().filter_map(|curve| curve.points.last());
        let ends: Vec<(f64, f64)> = ends.map(|mark| (x.at(mark.x), y.at(mark.y))).collect();
        legend_beside(&mut svg, &chart.by, &names, &ends, area);
    }
    finish(svg, &titles, theme)
}

/// The names of the curves, each as near to its curve's end as the others let it be.
fn legend_beside(svg: &mut Svg, by: &str, names: &[String], ends: &[(f64, f64)], area: Area) {
    svg.text("text strong", (area.right + 12.0, area.top - 14.0), Anchor::Start, by);
    let mut order: Vec<usize> = (0..ends.len()).collect();
    order.sort_by(|a, b| ends[*a].1.total_cmp(&ends[*b].1).then(a.cmp(b)));
    let wanted: Vec<f64> = order.iter().map(|index| ends[*index].1).collect();
    for (index, y) in order.into_iter().zip(spread(&wanted, area)) {
        let left = area.right + 12.0;
        svg.line("lead", (ends[index].0 + 5.0, ends[index].1), (left, y));
        svg.line(&class(index), (left, y), (left + 18.0, y));
        svg.text("text", (left + 24.0, y + TEXT * 0.35), Anchor::Start, &names[index]);
    }
}

/// Heights at least a line apart and inside the area, near those wanted, which are in order.
fn spread(wanted: &[f64], area: Area) -> Vec<f64> {
    let mut heights: Vec<f64> = Vec::with_capacity(wanted.len());
    for want in wanted {
        let above = heights.last().map_or(f64::NEG_INFINITY, |last| last + LINE);
        heights.push(want.max(above));
    }
    let mut limit = area.bottom;
    for height in heights.iter_mut().rev() {
        *height = height.min(limit);
        limit = *height - LINE;
    }
    heights
}

/// What is written at the level axis: all that is given where it fits, or else some words, or round values.
fn level(chart: &Curves, x: &Axis) -> Vec<(f64, String)> {
    let given: Vec<(f64, String)> = chart.level.iter().map(|(value, text)| (*value, cut(text))).collect();
    let fits = |ticks: &[(f64, String)]| {
        ticks.windows(2).all(|pair| {
            let widths: f64 = pair.iter().map(|(_, text)| font::width(text, TEXT, Weight::Regular)).sum();
            x.at(pair[1].0) - x.at(pair[0].0) > widths / 2.0 + 10.0
        })
    };
    if fits(&given) {
        return given;
    }
    if !chart.is_words {
        return x.ticks();
    }
    let some = |every: usize| given.iter().step_by(every).cloned().collect::<Vec<_>>();
    (2..given.len()).map(some).find(|ticks| fits(ticks)).unwrap_or_else(|| given[..1].to_vec())
}

fn spreads(values: impl Iterator<Item = f64>) -> bool {
    let (low, high) = values.fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    low > 0.0 && high > SPREAD * low
}

/// Colours come again with dashes.
fn class(index: usize) -> String {
    let dashes = if index < super::SERIES.len() { "" } else { " dashed" };
    format!("curve {}{dashes}", series(index))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        None => text.to_string(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::{AREA, LINE, MAX_CURVES, spread};

    #[test]
    fn names_lie_apart_inside_the_area() {
        for wanted in [vec![AREA.top; MAX_CURVES], vec![AREA.bottom; MAX_CURVES], vec![100.0, 300.0, 301.0, 500.0]] {
            let heights = spread(&wanted, AREA);
            assert!(heights.windows(2).all(|pair| pair[1] - pair[0] > LINE - 1e-9), "{heights:?}");
            assert!(heights.iter().all(|height| (AREA.top - 1e-9..=AREA.bottom).contains(height)), "{heights:?}");
        }
        assert_eq!(spread(&[100.0, 200.0], AREA), [100.0, 200.0]);
    }
}
