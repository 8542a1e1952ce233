//! What a table of costs shows: which rows, and which columns of them.

use super::Refused;
use super::figure::Figure;
use crate::analyse::{Counting, Device, Optimizer};

/// What the rows of one architecture stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// All nodes of an op.
    Op,
    /// The nodes below a path that a block or a label opened.
    Block,
    /// One node.
    Layer,
    /// The whole architecture, also where there is only one.
    Arch,
}

/// What to show of costs. The default is the tree of one architecture, and a row each of several.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// How many parts of the paths to show; left open, as many as fit a screen.
    pub depth: Option<usize>,
    /// What a row stands for.
    pub by: Option<By>,
    pub columns: Columns,
    /// Whose rules are counted by, too.
    pub counting: Option<Counting>,
    /// What latencies are for.
    pub device: Option<Device>,
    pub optimizer: Optimizer,
}

/// Which columns a table has, beside those that say what a row is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns(Choice);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Choice {
    #[default]
    Usual,
    /// The usual ones and these.
    More(Vec<String>),
    /// These alone.
    Only(Vec<String>),
}

impl Columns {
    /// Columns from their names with commas between them; a `+` in front adds them to the usual ones.
    pub fn parse(text: &str) -> Columns {
        let names =
            |text: &str| text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_string).collect();
        Columns(match text.trim().strip_prefix('+') {
            Some(more) => Choice::More(names(more)),
            None => Choice::Only(names(text)),
        })
    }
}

impl View {
    /// The figures to show among the `possible` ones; those of a convention and of a device that are asked for are among the
    /// usual.
    ///
    /// # Errors
    /// A name that none of them has, one that needs what is not given, or no name at all.
    pub(super) fn figures(&self, usual: &[Figure], possible: &[Figure]) -> Result<Vec<Figure>, Refused> {
        let asked = self.counting.map(|_| Figure::Convention).into_iter();
        let usual = usual.iter().copied().chain(asked).chain(self.device.as_ref().map(|_| Figure::Latency));
        let (mut figures, names): (Vec<Figure>, _) = match &self.columns.0 {
            Choice::Usual => return Ok(usual.collect()),
            Choice::More(names) => (usual.collect(), names),
            Choice::Only(names) => (Vec::new(), names),
        };
        let list = || possible.iter().map(|figure| figure.name()).collect::<Vec<_>>().join(", ");
        if names.is_empty() {
            return Err(Refused {
                message: "`--columns` names no column".to_string(),
                help: format!("there are {} and all", list()),
            });
        }
        for name in names {
            if name == "all" {
                let rest = possible.iter().filter(|figure| self.missing(**figure).is_none());
                let rest: Vec<Figure> = rest.copied().filter(|figure| !figures.contains(figure)).collect();
                figures.extend(rest);
                continue;
            }
            let Some(figure) = Figure::find(name).filter(|figure| possible.contains(figure)) else {
                let what = if Figure::find(name).is_some() { "has no place in this table" } else { "is unknown" };
                let hint = crate::diagnostic::did_you_mean(name, possible.iter().map(|figure| figure.name()));
                let help = hint.unwrap_or_else(|| format!("there are {} and all", list()));
                return Err(Refused { message: format!("the column `{name}` {what}"), help });
            };
            if let Some([what, help]) = self.missing(figure) {
                return Err(Refused { message: format!("the column `{name}` needs {what}"), help: help.to_string() });
            }
            if !figures.contains(&figure) {
                figures.push(figure);
            }
        }
        Ok(figures)
    }

    /// What a figure needs and is not given, and how to give it.
    fn missing(&self, figure: Figure) -> Option<[&'static str; 2]> {
        match figure {
            Figure::Latency | Figure::LatencyShare if self.device.is_none() => {
                Some(["a device", "give one: `--device a100`, or `--device-spec peak=19.5T,bandwidth=1555G`"])
            }
            Figure::Convention if self.counting.is_none() => {
                Some(["a convention", "give one, as in `--convention torchinfo`"])
            }
            _ => None,
        }
    }
}
