//! Several architectures on one page: a table, a chart, bars of their stages, and the page of each graph, in one HTML
//! file that fetches nothing.

mod stages;

use std::fmt::Write;

use super::chart::{Bubbles, bubbles_in_page, page_rules};
use super::colour::Colour;
use super::outline::Outline;
use super::page;
use super::svg::escape;
use crate::analyse::Report;
use crate::report::{bytes, grouped, shape, short, times};
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

/// The page.
pub fn html(compared: &[Compared], chart: Option<&Chart>, sources: &SourceMap) -> String {
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
        ("{{table}}", table(compared)),
        ("{{chart}}", chart.map(figure).unwrap_or_default()),
        ("{{stages}}", compared.iter().map(|one| stages::bars(one, compared)).collect()),
        ("{{tabs}}", compared.iter().enumerate().map(tab).collect()),
        ("{{graphs}}", compared.iter().enumerate().map(data).collect()),
        ("{{script}}", SCRIPT.to_string()),
        ("{{shell}}", shell),
    ];
    page::filled(SHELL, &parts)
}

/// A column: its name, what it means, how a cell looks, and the number it is sorted by.
struct Column {
    name: &'static str,
    about: &'static str,
    text: fn(&Report) -> String,
    value: fn(&Report) -> Option<u64>,
}

const COLUMNS: &[Column] = &[
    Column {
        name: "parameters",
        about: "values that training changes",
        text: |report| grouped(report.total.params),
        value: |report| Some(report.total.params),
    },
    Column {
        name: "MACs",
        about: "multiply-accumulates for one image, without biases",
        text: |report| short(report.total.macs),
        value: |report| Some(report.total.macs),
    },
    Column {
        name: "FLOPs",
        about: "2 x MACs and every other op's own count",
        text: |report| short(report.total.flops),
        value: |report| Some(report.total.flops),
    },
    Column {
        name: "activations",
        about: "elements of all results",
        text: |report| short(report.total.activation_elements),
        value: |report| Some(report.total.activation_elements),
    },
    Column {
        name: "weights",
        about: "parameters and buffers at float32",
        text: |report| bytes(report.total.weight_bytes()),
        value: |report| Some(report.total.weight_bytes()),
    },
    Column {
        name: "peak memory",
        about: "the most bytes of results that are needed at a time, at inference",
        text: |report| bytes(report.load.live),
        value: |report| Some(report.load.live),
    },
    Column {
        name: "layers",
        about: "the most convolutions, linear layers and the like on any way",
        text: |report| grouped(report.layers),
        value: |report| Some(report.layers),
    },
    Column {
        name: "receptive field",
        about: "rows or columns, whichever are fewer, that a place of the last map sees",
        text: |report| report.receptive_field().map(grouped).unwrap_or_default(),
        value: Report::receptive_field,
    },
];

fn table(compared: &[Compared]) -> String {
    let mut html = String::from(
        "<table id=\"table\"><thead><tr><th tabindex=\"0\">architecture</th><th tabindex=\"0\">input</th>",
    );
    for column in COLUMNS {
        let _ =
            write!(html, "<th tabindex=\"0\" class=\"number\" title=\"{}\">{}</th>", escape(column.about), column.name);
    }
    html += "<th tabindex=\"0\" class=\"number\" title=\"on ImageNet, the best that is published\">top-1 %</th></tr></thead>\n<tbody>\n";
    for (index, one) in compared.iter().enumerate() {
        let name = escape(&one.outline.graph.name);
        let input = one.report.inputs.iter().map(|input| shape(&input.shape)).collect::<Vec<_>>().join(", ");
        let _ = write!(
            html,
            "<tr><td><a href=\"#graph-{index}\">{name}</a><small>{}</small></td><td>{input}</td>",
            escape(one.file)
        );
        for column in COLUMNS {
            let value = (column.value)(one.report);
            let first = compared.first().and_then(|first| (column.value)(first.report));
            let ratio = value.zip(first).filter(|_| index > 0).map(|(value, first)| times(value, first));
            let _ = write!(
                html,
                "<td class=\"number\" data-value=\"{}\">{}<small>{}</small></td>",
                value.map(|value| value.to_string()).unwrap_or_default(),
                (column.text)(one.report),
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
