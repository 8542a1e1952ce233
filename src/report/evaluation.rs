//! How often a classifier was right: tables for people, JSON and CSV with all that was counted.

use serde::Serialize;

use super::{Column, Grid};
use crate::evaluate::{Evaluation, Score};
use crate::labels::Classes;

/// An evaluation and what it is about.
#[derive(Clone, Copy, Debug)]
pub struct Evaluated<'a> {
    pub arch: &'a str,
    pub folder: &'a str,
    pub classes: Classes<'a>,
    /// The classes that images were looked for of, in order.
    pub present: &'a [usize],
    /// How many images could not be classified.
    pub failed: u64,
    pub found: &'a Evaluation,
}

/// How many classes a table shows; of more, the worst ones.
const CLASSES_SHOWN: usize = 40;
/// How many mistakes a table shows.
const MISTAKES_SHOWN: usize = 10;

impl Evaluated<'_> {
    /// The scores in all and by class, and the mistakes made most often.
    pub fn to_text(&self, width: Option<u16>) -> String {
        let mut text = self.scores().to_text(width);
        let mistakes = self.found.mistakes();
        if mistakes.is_empty() {
            return text;
        }
        let rows = mistakes.iter().take(MISTAKES_SHOWN).map(|(class, guess, count)| {
            vec![self.classes.name_apart(*class), self.classes.name_apart(*guess), count.to_string()]
        });
        let mut head = Vec::new();
        if mistakes.len() > MISTAKES_SHOWN {
            head.push(format!("{MISTAKES_SHOWN} of {}; `--format csv` has all.", mistakes.len()));
        }
        let grid = Grid {
            title: "Mistaken most often".to_string(),
            head,
            columns: vec![Column::left("class"), Column::left("taken for"), Column::right("images")],
            rows: rows.collect(),
            total: None,
        };
        text.push('\n');
        text.push_str(&grid.to_text(width));
        text
    }

    fn scores(&self) -> Grid {
        let total = self.found.total();
        let mut shown: Vec<(usize, Score)> = self.present.iter().map(|class| (*class, self.found.of(*class))).collect();
        let mut head = vec![
            "Top-1 and top-5: how many images in a hundred have their class as the best, or among the \
                             five best guesses."
                .to_string(),
        ];
        if self.failed > 0 {
            head.push(format!("{} not classified, and not counted.", super::counted(self.failed, "image")));
        }
        if shown.len() > CLASSES_SHOWN {
            head.push(format!("The worst {CLASSES_SHOWN} of {} classes; `--format csv` has all.", shown.len()));
            shown.sort_by(|(_, a), (_, b)| {
                let worth = |score: &Score| score.fraction(score.top1).unwrap_or(f64::INFINITY);
                worth(a).total_cmp(&worth(b))
            });
            shown.truncate(CLASSES_SHOWN);
        }
        let row = |name: String, number: String, score: Score| {
            let percent = |part| score.fraction(part).map_or("-".to_string(), |part| format!("{:.2}", part * 100.0));
            vec![name, number, score.images.to_string(), percent(score.top1), percent(score.top5)]
        };
        Grid {
            title: format!("{} on {}", self.arch, self.folder),
            head,
            columns: vec![
                Column::left("class"),
                Column::right("number"),
                Column::right("images"),
                Column::right("top-1 %"),
                Column::right("top-5 %"),
            ],
            rows: shown
                .iter()
                .map(|(class, score)| row(self.classes.name(*class), class.to_string(), *score))
                .collect(),
            total: Some(row("total".to_string(), String::new(), total)),
        }
    }

    /// One object on one line, without a line break; `docs/features.md` describes it.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            arch: &'a str,
            folder: &'a str,
            images: u64,
            failed: u64,
            top1: Option<f64>,
            top5: Option<f64>,
            classes: Vec<Class<'a>>,
            confusion: Vec<Confusion>,
        }
        #[derive(Serialize)]
        struct Class<'a> {
            index: usize,
            label: Option<&'a String>,
            images: u64,
            top1: Option<f64>,
            top5: Option<f64>,
        }
        #[derive(Serialize)]
        struct Confusion {
            class: usize,
            guess: usize,
            images: u64,
        }
        let total = self.found.total();
        let class = |index: &usize| {
            let score = self.found.of(*index);
            let label = self.classes.labels.map(|labels| &labels[*index]);
            let (top1, top5) = (score.fraction(score.top1), score.fraction(score.top5));
            Class { index: *index, label, images: score.images, top1, top5 }
        };
        let confusion = self.found.confusion().map(|(class, guess, images)| Confusion { class, guess, images });
        let document = Document {
            arch: self.arch,
            folder: self.folder,
            images: total.images,
            failed: self.failed,
            top1: total.fraction(total.top1),
            top5: total.fraction(total.top5),
            classes: self.present.iter().map(class).collect(),
            confusion: confusion.collect(),
        };
        serde_json::to_string(&document).expect("texts and finite numbers can be written")
    }

    /// A row a class: its scores, then how often each class that came up was its best guess.
    pub fn to_csv(&self) -> String {
        let mut guesses: Vec<usize> = self.found.confusion().map(|(_, guess, _)| guess).collect();
        guesses.extend(self.present);
        guesses.sort_unstable();
        guesses.dedup();
        let mut table = csv::Writer::from_writer(Vec::new());
        let mut write =
            |row: Vec<String>| table.write_record(row).expect("memory takes all, and rows are equally long");
        let mut header: Vec<String> = ["class", "label", "images", "top1", "top5"].map(String::from).to_vec();
        header.extend(guesses.iter().map(|guess| self.classes.name_apart(*guess)));
        write(header);
        for class in self.present {
            let score = self.found.of(*class);
            let part = |part| score.fraction(part).map_or(String::new(), |part| part.to_string());
            let label = self.classes.labels.map_or(String::new(), |labels| labels[*class].clone());
            let mut row = vec![class.to_string(), label, score.images.to_string(), part(score.top1), part(score.top5)];
            row.extend(guesses.iter().map(|guess| self.found.count(*class, *guess).to_string()));
            write(row);
        }
        let bytes = table.into_inner().expect("memory takes all");
        String::from_utf8(bytes).expect("only texts were written")
    }
}

#[cfg(test)]
mod tests {
    use super::{Classes, Evaluated, Evaluation};

    fn checked(check: impl Fn(Evaluated)) {
        let labels = ["cat", "dog", "dog", "bird"].map(String::from);
        let mut found = Evaluation::default();
        for (class, guesses) in [(0, [0, 1]), (0, [1, 0]), (0, [2, 3]), (1, [1, 0])] {
            found.add(class, &guesses);
        }
        check(Evaluated {
            arch: "net",
            folder: "photos",
            classes: Classes { count: 4, labels: Some(&labels) },
            present: &[0, 1, 3],
            failed: 1,
            found: &found,
        });
    }

    #[test]
    fn scores_and_mistakes_are_shown() {
        checked(|evaluated| insta::assert_snapshot!("evaluation", evaluated.to_text(None)));
    }

    #[test]
    fn csv_has_the_whole_confusion() {
        checked(|evaluated| insta::assert_snapshot!("evaluation_csv", evaluated.to_csv()));
    }

    #[test]
    fn json_has_fractions() {
        checked(|evaluated| {
            let value: serde_json::Value = serde_json::from_str(&evaluated.to_json()).unwrap();
            assert_eq!([&value["images"], &value["failed"]].map(|count| count.as_u64()), [Some(4), Some(1)]);
            assert_eq!([&value["top1"], &value["top5"]].map(|part| part.as_f64()), [Some(0.5), Some(0.75)]);
            assert_eq!(
                value["classes"][2],
                serde_json::json!({"index": 3, "label": "bird", "images": 0, "top1": null, "top5": null})
            );
            assert_eq!(value["confusion"][1], serde_json::json!({"class": 0, "guess": 1, "images": 1}));
        });
    }
}
