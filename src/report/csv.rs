//! Costs as comma-separated values, as RFC 4180 has them: exact numbers, a header, no total.

use csv::Writer;

use super::Subject;
use super::layers::op;
use super::numbers::{ratio, shape};
use crate::analyse::{Sums, Tree};

/// A row each node; with a depth, a row each path of at most that many parts, blocks summed.
pub fn layers_csv(subject: &Subject, depth: Option<usize>) -> String {
    let report = &subject.report;
    let mut table =
        Csv::new(&["path", "op", "detail", "output", "params", "buffers", "macs", "flops", "activation_elements"]);
    match depth {
        None => {
            for node in &report.nodes {
                table.row([&node.path, node.op, &node.detail, &shape(&node.output)], &node.sums, []);
            }
        }
        Some(depth) => {
            let tree = Tree::new(report);
            for entry in tree.walk(depth) {
                let output = shape(&report.nodes[entry.last].output);
                let words = op(report, &tree, entry);
                let (op, detail) = match (&entry.block, entry.nodes.last()) {
                    (None, Some(place)) => (report.nodes[*place].op, report.nodes[*place].detail.as_str()),
                    _ => (words.as_str(), ""),
                };
                table.row([&entry.path, op, detail, &output], &entry.sums, []);
            }
        }
    }
    table.finish()
}

/// A row each architecture.
pub fn comparison_csv(subjects: &[Subject]) -> String {
    let mut table = Csv::new(&[
        "name",
        "file",
        "inputs",
        "params",
        "buffers",
        "macs",
        "flops",
        "activation_elements",
        "weight_bytes",
        "params_ratio",
        "macs_ratio",
    ]);
    for subject in subjects {
        let (total, first) = (&subject.report.total, &subjects[0].report.total);
        let inputs: Vec<String> = subject.report.inputs.iter().map(|input| shape(&input.shape)).collect();
        let ratio = |number: u64, first: u64| ratio(number, first).map_or(String::new(), |ratio| format!("{ratio:.4}"));
        table.row(
            [&subject.report.arch, &subject.file, &inputs.join(" ")],
            total,
            [total.weight_bytes().to_string(), ratio(total.params, first.params), ratio(total.macs, first.macs)],
        );
    }
    table.finish()
}

struct Csv(Writer<Vec<u8>>);

impl Csv {
    fn new(header: &[&str]) -> Csv {
        let mut table = Csv(Writer::from_writer(Vec::new()));
        table.record(header.iter().map(|name| (*name).to_string()));
        table
    }

    fn row<const N: usize, const M: usize>(&mut self, words: [&str; N], sums: &Sums, more: [String; M]) {
        let Sums { params, buffers, macs, flops, activation_elements } = sums;
        let numbers = [params, buffers, macs, flops, activation_elements].map(u64::to_string);
        self.record(words.map(str::to_string).into_iter().chain(numbers).chain(more));
    }

    fn record(&mut self, cells: impl Iterator<Item = String>) {
        self.0.write_record(cells.collect::<Vec<_>>()).expect("rows are as long as the header, and memory takes all");
    }

    fn finish(self) -> String {
        let bytes = self.0.into_inner().unwrap_or_else(|_| unreachable!("memory takes all"));
        String::from_utf8(bytes).expect("cells are text")
    }
}
