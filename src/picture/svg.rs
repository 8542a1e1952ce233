//! SVG text, written piece by piece: the few shapes that pictures need.

use std::fmt::Write;

use super::colour::Theme;
use super::font;

/// A drawing in the making. Coordinates are rounded to hundredths, so that the same picture is the same text.
#[derive(Clone, Debug, Default)]
pub struct Svg {
    body: String,
}

/// Where a text stands from its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// Opens a group with a class, and a title that viewers show beside the pointer.
    pub fn open(&mut self, class: &str, title: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{}\"", escape(class)) };
        let _ = write!(self.body, "<g{class}>");
        if !title.is_empty() {
            let _ = write!(self.body, "<title>{}</title>", escape(title));
        }
        self.body.push('\n');
    }

    pub fn close(&mut self) {
        self.body.push_str("</g>\n");
    }

    pub fn rect(&mut self, class: &str, [x, y, width, height]: [f64; 4], radius: f64) {
        let [x, y, width, height, radius] = [x, y, width, height, radius].map(number);
        let radius = if radius == "0" { String::new() } else { format!(" rx=\"{radius}\"") };
        let _ = writeln!(
            self.body,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{radius}/>"
        );
    }

    pub fn circle(&mut self, class: &str, (x, y): (f64, f64), radius: f64) {
        let [x, y, radius] = [x, y, radius].map(number);
        let _ = writeln!(self.body, "<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"/>");
    }

    /// `path` is in SVG's own words, as [`point`] writes points.
    pub fn path(&mut self, class: &str, path: &str) {
        let _ = writeln!(self.body, "<path class=\"{class}\" d=\"{path}\"/>");
    }

    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.path(class, &format!("M{}L{}", point(from), point(to)));
    }

    /// `y` is where letters stand.
    pub fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let _ = writeln!(
            self.body,
            "<text class=\"{class}\" x=\"{}\" y=\"{}\"{anchor}>{}</text>",
            number(x),
            number(y),
            escape(text)
        );
    }

    /// The whole file. `style` gives the rules for one paper: 0 is light and 1 dark.
    pub fn finish(
        self,
        (width, height): (f64, f64),
        theme: Theme,
        title: &str,
        style: &dyn Fn(usize) -> String,
    ) -> String {
        let [width, height] = [width, height].map(number);
        let rules = match theme {
            Theme::Light => style(0),
            Theme::Dark => style(1),
            Theme::Auto => format!("{}@media (prefers-color-scheme: dark) {{\n{}}}\n", style(0), style(1)),
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"{}\">\n<title>{}</title>\n<style>\n{rules}</style>\n\
             <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n{}</svg>\n",
            font::FAMILY,
            escape(title),
            self.body
        )
    }

    /// Adds a piece of SVG as it is.
    pub fn raw(&mut self, piece: &str) {
        self.body.push_str(piece);
    }

    /// What is drawn, to be put into a page.
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// `12.5,7`
pub fn point((x, y): (f64, f64)) -> String {
    format!("{},{}", number(x), number(y))
}

/// At most two decimals.
pub fn number(value: f64) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    // Not `-0`.
    (rounded + 0.0).to_string()
}

/// A text as it stands in XML and HTML, also between quotes. What XML does not allow is left out.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' => escaped.push(' '),
            c if c.is_control() || c == '\u{fffe}' || c == '\u{ffff}' => {}
            c => escaped.push(c),
        }
    }
    escaped
}
