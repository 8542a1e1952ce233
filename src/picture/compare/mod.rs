//! Several architectures on one page: a table, a chart, bars of their stages, and the page of each graph, in one HTML
//! file that fetches nothing.

mod stages;

use std::fmt::Write;

use super::chart::{Bubbles, bubbles_in_page, page_rules};
use super::colour::Colour;
use super::outline::Outline;
use super::page;
use super::svg::escape;
use crate::analyse::{Counting, Report, Summary};
use crate::report::{self, Figure, times};
use crate::source::SourceMap;

const SHELL: &str = include_str!("compare.html");
const STYLE: &str = include_str!("compare.css");
const SCRIPT: &str = include_str!("compare.js");

/// An architecture of the page.
#[derive(Debug)]
pub struct Compared<'a> {
    /// The file's name, as shown to people.
    pub file: &'a str,
    pub outline: Outline<'a>,
    pub report: &'a Report,
    /// The accuracy in per cent, and the `weights` item that states it.
    pub accuracy: Option<(f64, &'a str)>,
    /// How many levels of frames are open in its graph.
    pub depth: usize,
}

/// The chart of the page.
#[derive(Debug)]
pub struct Chart<'a> {
    pub bubbles: Bubbles,
    /// The architectures that are not in it, since no accuracy is known.
    pub left_out: Vec<&'a str>,
}

/// The page. `counting` says whose rules the reports are counted by, too.
pub fn html(compared: &[Compared], counting: Option<Counting>, chart: Option<&Chart>, sources: &SourceMap) -> String {
    let title = match compared {
        [only] => only.outline.graph.name.to_string(),
        several => format!("{} architectures", several.len()),
    };
    // A graph's page is the shell of all with its own data, made when it is opened.
    let data = |(index, one): (usize, &Compared)| {
        let data = page::data(&one.outline, sources, Colour::Op, one.depth);
        format!("<script type=\"application/json\" id=\"data-{index}\">{data}</script>\n")
    };
    let shell = serde_json::to_string(&page::shell("")).expect("it has only text").replace('<', "\\u003c");
    let parts = [
        ("{{title}}", escape(&title)),
        ("{{style}}", format!("{}{}{STYLE}", page::colours(), page_rules())),
        ("{{heading}}", escape(&title)),
        ("{{nav}}", chart.map(|_| "<a href=\"#chart\">Chart</a> ".to_string()).unwrap_or_default()),
        ("{{table}}", table(compared, counting)),
        ("{{counting}}", told(counting)),
        ("{{chart}}", chart.map(figure).unwrap_or_default()),
        ("{{stages}}", compared.iter().map(|one| stages::bars(one, compared, counting)).collect()),
        ("{{tabs}}", compared.iter().enumerate().map(tab).collect()),
        ("{{graphs}}", compared.iter().enumerate().map(data).collect()),
        ("{{script}}", SCRIPT.to_string()),
        ("{{shell}}", shell),
    ];
    page::filled(SHELL, &parts)
}

/// The columns of the table.
const COLUMNS: &[Figure] = &[
    Figure::Params,
    Figure::Macs,
    Figure::Flops,
    Figure::Activations,
    Figure::WeightBytes,
    Figure::PeakMemory,
    Figure::Layers,
    Figure::ReceptiveField,
];

/// The columns, with what a convention counts behind archc's own counts.
fn columns(counting: Option<Counting>) -> Vec<Figure> {
    let asked = |figure: &Figure| counting.filter(|_| *figure == Figure::Flops).map(|_| Figure::Convention);
    COLUMNS.iter().flat_map(|figure| [Some(*figure), asked(figure)]).flatten().collect()
}

/// What a convention is, below the table.
fn told(counting: Option<Counting>) -> String {
    let lines = report::convention(counting, None);
    if lines.is_empty() {
        return String::new();
    }
    let text = lines.join(" ");
    let parts = text.split('`').map(escape).enumerate();
    let marked = parts.map(|(at, part)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part });
    format!("<p>{}</p>\n", marked.collect::<String>())
}

/// The number that a column is sorted by.
fn value(figure: Figure, summary: &Summary) -> Option<u64> {
    match figure {
        Figure::ReceptiveField => summary.receptive_field(),
        count => count.of(summary).count(),
    }
}

fn table(compared: &[Compared], counting: Option<Counting>) -> String {
    let columns = columns(counting);
    let mut html = String::from(
        "<table id=\"table\"><thead><tr><th tabindex=\"0\">architecture</th><th tabindex=\"0\">input</th>",
    );
    for column in &columns {
        let _ = write!(
            html,
            "<th tabindex=\"0\" class=\"number\" title=\"{}\">{}</th>",
            escape(column.about()),
            column.words(counting)
        );
    }
    html += "<th tabindex=\"0\" class=\"number\" title=\"on ImageNet, the best that is published\">top-1 %</th></tr></thead>\n<tbody>\n";
    let first = compared.first().map(|first| first.report.summary());
    for (index, one) in compared.iter().enumerate() {
        let summary = one.report.summary();
        let name = escape(&one.outline.graph.name);
        let input = Figure::Inputs.of(&summary).human(false);
        let _ = write!(
            html,
            "<tr><td><a href=\"#graph-{index}\">{name}</a><small>{}</small></td><td>{input}</td>",
            escape(one.file)
        );
        for column in &columns {
            let value = value(*column, &summary);
            let first = first.as_ref().and_then(|first| self::value(*column, first));
            let ratio = value.zip(first).filter(|_| index > 0).map(|(value, first)| times(value, first));
            let _ = write!(
                html,
                "<td class=\"number\" data-value=\"{}\">{}<small>{}</small></td>",
                value.map(|value| value.to_string()).unwrap_or_default(),
                column.of(&summary).human(false),
                ratio.unwrap_or_default()
            );
        }
        let (value, item) = match one.accuracy {
            Some((percent, item)) => (percent.to_string(), escape(item)),
            None => (String::new(), String::new()),
        };
        let _ = writeln!(html, "<td class=\"number\" data-value=\"{value}\">{value}<small>{item}</small></td></tr>");
    }
    html + "</tbody></table>"
}

/// The link to a graph, which opens it.
fn tab((index, one): (usize, &Compared)) -> String {
    let name = escape(&one.outline.graph.name);
    format!("<a id=\"graph-{index}\" href=\"#graph-{index}\">{name}</a>\n")
}

fn figure(chart: &Chart) -> String {
    let (svg, _) = bubbles_in_page(&chart.bubbles);
    let left_out = match chart.left_out.as_slice() {
        [] => String::new(),
        names => format!(
            "<p>Left out, since no <code>weights</code> item states an accuracy on ImageNet: {}.</p>\n",
            escape(&names.join(", "))
        ),
    };
    format!("<h2 id=\"chart\">Chart</h2>\n<figure class=\"chart\">\n{svg}</figure>\n{left_out}")
}
