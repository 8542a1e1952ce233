//! A table before it is drawn.

use std::borrow::Cow;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

/// Lines of text, then rows of cells under named columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    pub title: String,
    pub head: Vec<String>,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<String>>,
    /// A last row that sums up, set apart.
    pub total: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: Cow<'static, str>,
    pub align: Align,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

impl Column {
    pub const fn left(name: &'static str) -> Column {
        Column { name: Cow::Borrowed(name), align: Align::Left }
    }

    pub const fn right(name: &'static str) -> Column {
        Column { name: Cow::Borrowed(name), align: Align::Right }
    }
}

impl Grid {
    /// For a terminal or a text file, wrapped at `width` columns where that is given.
    pub fn to_text(&self, width: Option<u16>) -> String {
        let mut table = Table::new();
        table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
        table.set_header(self.columns.iter().map(|column| &*column.name));
        for (column, shown) in self.columns.iter().zip(table.column_iter_mut()) {
            shown.set_padding((0, 2));
            shown.set_cell_alignment(match column.align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            });
        }
        match width {
            Some(width) => table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width),
            None => table.set_content_arrangement(ContentArrangement::Disabled),
        };
        for row in self.rows.iter().chain(&self.total) {
            table.add_row(row);
        }
        let mut text = format!("{}\n", self.title);
        for line in &self.head {
            text.push_str(line);
            text.push('\n');
        }
        text.push('\n');
        let mut lines: Vec<String> = table.lines().collect();
        if self.total.is_some()
            && let [_, rule, .., _] = lines.as_slice()
        {
            lines.insert(lines.len() - 1, rule.clone());
        }
        for line in lines {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// A Markdown section. Leading blanks of a cell, which show depth, are kept.
    pub fn to_markdown(&self) -> String {
        let mut text = format!("## {}\n\n", escape(&self.title));
        for line in &self.head {
            text.push_str(&format!("- {}\n", escape(line)));
        }
        if !self.head.is_empty() {
            text.push('\n');
        }
        text.push_str(&markdown_row(self.columns.iter().map(|column| column.name.to_string())));
        text.push_str(&markdown_row(self.columns.iter().map(|column| match column.align {
            Align::Left => "---".to_string(),
            Align::Right => "--:".to_string(),
        })));
        for row in &self.rows {
            text.push_str(&markdown_row(row.iter().map(|cell| escape(cell))));
        }
        if let Some(total) = &self.total {
            let strong = |cell: &String| if cell.is_empty() { String::new() } else { format!("**{}**", escape(cell)) };
            text.push_str(&markdown_row(total.iter().map(strong)));
        }
        text
    }
}

fn markdown_row(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn escape(text: &str) -> String {
    let blanks = text.len() - text.trim_start().len();
    let rest = text.trim_start().replace('\\', "\\\\").replace('|', "\\|").replace('*', "\\*");
    format!("{}{rest}", "&nbsp;".repeat(blanks))
}
