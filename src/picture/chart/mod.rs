//! Charts: bubbles over two axes and curves, drawn with what graphs are drawn with.

mod axis;
mod bubbles;
mod curves;
mod labels;

pub use bubbles::{Bubble, Bubbles, bubbles, bubbles_in_page};
pub use curves::{Curve, Curves, MAX_CURVES, Mark, curves};

use super::colour::{PAPER, Theme};
use super::font::{self, Weight};
use super::svg::{Anchor, Svg, escape};
use axis::Axis;

/// The size of the whole chart.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 640.0;
/// The space around what is drawn: above, right, below, left.
const SPACE: [f64; 4] = [76.0, 24.0, 58.0, 70.0];
/// The font sizes of text and of labels.
const TEXT: f64 = 12.0;
const LABEL: f64 = 11.0;

/// Colours of series, on light paper and on dark; there are more series than colours, so that they come again.
const SERIES: [[&str; 2]; 12] = [
    ["#3b75af", "#6aa3dd"],
    ["#d9772b", "#f0a060"],
    ["#519e3e", "#7cc96a"],
    ["#c03d3e", "#ea7071"],
    ["#8d69b8", "#b597dd"],
    ["#84584e", "#b98d83"],
    ["#d57dbe", "#eda6da"],
    ["#7f7f7f", "#a8a8a8"],
    ["#a9a630", "#d2cf5c"],
    ["#35a9b8", "#62d2e0"],
    ["#1f3f77", "#8fa8ff"],
    ["#7a1f4a", "#ff9ec4"],
];

/// The words of a chart.
#[derive(Clone, Debug, Default)]
pub struct Titles {
    pub title: String,
    /// The line below.
    pub line: String,
    pub x: String,
    pub y: String,
}

/// Where the axes cross, and how far they go.
#[derive(Clone, Copy, Debug)]
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

const AREA: Area = Area { left: SPACE[3], right: WIDTH - SPACE[1], top: SPACE[0], bottom: HEIGHT - SPACE[2] };

/// Values that are written at an axis, with their texts.
type Ticks = [(f64, String)];

/// Draws titles, axes and their lines.
fn frame(svg: &mut Svg, titles: &Titles, area: Area, (x, levels): (&Axis, &Ticks), (y, heights): (&Axis, &Ticks)) {
    svg.text("heading", (20.0, 30.0), Anchor::Start, &titles.title);
    svg.text("text", (20.0, 48.0), Anchor::Start, &titles.line);
    for (value, text) in levels {
        let at = x.at(*value);
        svg.line("grid", (at, area.top), (at, area.bottom));
        svg.text("text", (at, area.bottom + 17.0), Anchor::Middle, text);
    }
    for (value, text) in heights {
        let at = y.at(*value);
        svg.line("grid", (area.left, at), (area.right, at));
        svg.text("text", (area.left - 8.0, at + 4.0), Anchor::End, text);
    }
    svg.line("axis", (area.left, area.bottom), (area.right, area.bottom));
    svg.line("axis", (area.left, area.top), (area.left, area.bottom));
    svg.text("text strong", ((area.left + area.right) / 2.0, HEIGHT - 14.0), Anchor::Middle, &titles.x);
    svg.raw(&format!("<g transform=\"translate(18 {}) rotate(-90)\">\n", (area.top + area.bottom) / 2.0));
    svg.text("text strong", (0.0, 0.0), Anchor::Middle, &titles.y);
    svg.close();
}

/// The names of series on one line above the chart, as many as it holds.
fn legend(svg: &mut Svg, names: &[String], draw: &dyn Fn(&mut Svg, usize, f64, f64)) {
    const LEFT: f64 = 20.0;
    let width = |text: &str| font::width(text, TEXT, Weight::Regular);
    let total: f64 = names.iter().map(|name| 24.0 + width(name)).sum();
    let mut x = (AREA.right - total).max(LEFT);
    let end = if LEFT + total > WIDTH { WIDTH - width("and 99 more") - 4.0 } else { WIDTH };
    for (index, name) in names.iter().enumerate() {
        let after = x + 24.0 + width(name);
        if after > end {
            svg.text("text", (x, AREA.top - 10.0), Anchor::Start, &format!("and {} more", names.len() - index));
            break;
        }
        draw(svg, index, x, AREA.top - 14.0);
        svg.text("text", (x + 12.0, AREA.top - 10.0), Anchor::Start, name);
        x = after;
    }
}

/// The whole chart as a file.
fn finish(svg: Svg, titles: &Titles, theme: Theme) -> String {
    svg.finish((WIDTH, HEIGHT), theme, &titles.title, &style)
}

/// The whole chart as a piece of a page.
fn in_page(svg: &Svg, titles: &Titles) -> String {
    let family = font::FAMILY;
    let title = escape(&titles.title);
    let body = svg.body();
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\" font-family=\"{family}\">\n{body}</svg>\n"
    )
}

/// The rules for light paper, 0, or dark, 1.
fn style(paper: usize) -> String {
    let [back, ink, faint, frame, _] = PAPER[paper];
    let mut rules = format!(
        ".paper {{ fill: {back} }}\n.heading {{ font-size: 16px; font-weight: 600; fill: {ink} }}\n\
         .text {{ font-size: {TEXT}px; fill: {faint} }}\n.strong {{ fill: {ink}; font-weight: 600 }}\n\
         .label {{ font-size: {LABEL}px; fill: {ink}; stroke: {back}; stroke-width: 3px; paint-order: stroke; stroke-linejoin: round }}\n\
         .axis {{ stroke: {faint}; stroke-width: 1.2px }}\n.grid {{ stroke: {frame}; stroke-width: 0.5px; stroke-opacity: 0.7 }}\n\
         .lead {{ stroke: {faint}; stroke-width: 0.7px }}\n.size {{ fill: none; stroke: {faint}; stroke-width: 1px }}\n\
         .bubble {{ fill-opacity: 0.42; stroke-width: 1.3px }}\n.curve {{ stroke-width: 2px; stroke-linejoin: round }}\n.dashed {{ stroke-dasharray: 7 4 }}\n"
    );
    for (index, colours) in SERIES.iter().enumerate() {
        let colour = colours[paper];
        rules += &format!(".s{index} {{ fill: {colour}; stroke: {colour} }}\n.curve.s{index} {{ fill: none }}\n");
    }
    rules
}

/// The rules of charts for a page that has the colours of both papers.
pub(super) fn page_rules() -> String {
    let mut rules = format!(
        ".chart .paper {{ fill: none }}\n.chart .heading {{ font-size: 16px; font-weight: 600; fill: var(--ink) }}\n\
         .chart .text {{ font-size: {TEXT}px; fill: var(--faint) }}\n.chart .strong {{ fill: var(--ink); font-weight: 600 }}\n\
         .chart .label {{ font-size: {LABEL}px; fill: var(--ink); stroke: var(--paper); stroke-width: 3px; paint-order: stroke }}\n\
         .chart .axis {{ stroke: var(--faint); stroke-width: 1.2px }}\n.chart .grid {{ stroke: var(--frame); stroke-width: 0.5px }}\n\
         .chart .lead {{ stroke: var(--faint); stroke-width: 0.7px }}\n.chart .size {{ fill: none; stroke: var(--faint) }}\n\
         .chart .bubble {{ fill-opacity: 0.42; stroke-width: 1.3px }}\n"
    );
    for (index, [light, dark]) in SERIES.iter().enumerate() {
        rules += &format!(".c{index} {{ background: {light} }}\n");
        rules += &format!(".chart .s{index} {{ fill: {light}; stroke: light-dark({light}, {dark}) }}\n");
    }
    rules
}

/// The class of a series.
fn series(index: usize) -> String {
    format!("s{}", index % SERIES.len())
}
