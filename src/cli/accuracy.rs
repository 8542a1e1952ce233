//! How well architectures are known to classify, over what they cost.

use super::figure::Count;
use super::survey::Surveyed;
use crate::picture::chart::{Bubble, Bubbles, Titles};
use crate::report::capital;
use crate::weights::{Labels, Preset};

/// What a `weights` item says of the accuracy, in per cent.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    pub preset: &'a Preset,
    pub percent: f64,
}

/// Which accuracy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Metric {
    Top1,
    Top5,
}

impl Metric {
    pub fn words(self) -> &'static str {
        match self {
            Metric::Top1 => "top-1 accuracy",
            Metric::Top5 => "top-5 accuracy",
        }
    }
}

/// What a chart shows: along its axes, and as areas.
#[derive(Clone, Copy, Debug)]
pub struct Axes {
    pub x: Count,
    pub y: Metric,
    pub size: Count,
}

impl Surveyed {
    /// The best accuracy that is published for the classes of ImageNet, and the item that states it.
    pub fn best(&self, metric: Metric) -> Option<Known<'_>> {
        let of = |preset: &Preset| match (metric, preset.accuracy) {
            (Metric::Top1, Some(accuracy)) => Some(accuracy.top1),
            (Metric::Top5, Some(accuracy)) => accuracy.top5,
            (Metric::Top1 | Metric::Top5, None) => None,
        };
        let items = self.presets.iter().filter(|preset| preset.labels == Some(Labels::ImageNet1k));
        let known = items.filter_map(|preset| of(preset).map(|percent| Known { preset, percent }));
        // The first of equals.
        known.reduce(|best, other| if other.percent > best.percent { other } else { best })
    }
}

/// The chart, and the architectures whose accuracy nothing states.
pub fn chart(axes: Axes, surveyed: &[Surveyed]) -> (Bubbles, Vec<&str>) {
    let mut series: Vec<String> = Vec::new();
    let mut unknown = Vec::new();
    let mut drawn: Vec<Bubble> = Vec::new();
    let mut counts = vec![Count::MACS, Count::PARAMS];
    for count in [axes.x, axes.size] {
        if !counts.contains(&count) {
            counts.push(count);
        }
    }
    for arch in surveyed {
        let Some(known) = arch.best(axes.y) else {
            unknown.push(&*arch.name);
            continue;
        };
        let summary = arch.report.summary();
        let about = format!(
            "{}: {} %, {}; {}",
            arch.name,
            known.percent,
            counts.iter().map(|count| count.told(&summary)).collect::<Vec<_>>().join(", "),
            known.preset.name
        );
        let (x, size) = (axes.x.of(&summary).max(1) as f64, axes.size.of(&summary));
        let name = arch.name.to_string();
        add(&mut drawn, Bubble { name, series: place(&mut series, arch), x, y: known.percent, size, about });
    }
    let titles = Titles {
        title: format!("ImageNet {} over {}", axes.y.words(), axes.x.words()),
        line: format!("Areas are {}. The best accuracy published for each.", axes.size.words()),
        x: format!("{}, logarithmic", axes.x.axis()),
        y: format!("{}, %", axes.y.words()),
    };
    (Bubbles { titles, series, size: axes.size.noun(), log_y: false, bubbles: drawn }, unknown)
}

/// Costs over costs: `y` over `x`, both logarithmic, the areas by `size`.
pub fn costs(x: Count, y: Count, size: Count, surveyed: &[Surveyed]) -> Bubbles {
    let mut series: Vec<String> = Vec::new();
    let mut drawn: Vec<Bubble> = Vec::new();
    for arch in surveyed {
        let summary = arch.report.summary();
        let about = [x, y, size].map(|count| count.told(&summary)).join(", ");
        let about = format!("{}: {about}", arch.name);
        let [across, up] = [x, y].map(|figure| figure.of(&summary).max(1) as f64);
        let (name, series) = (arch.name.to_string(), place(&mut series, arch));
        add(&mut drawn, Bubble { name, series, x: across, y: up, size: size.of(&summary), about });
    }
    let titles = Titles {
        title: capital(&format!("{} over {}", y.words(), x.words())),
        line: format!("Areas are {}.", size.words()),
        x: format!("{}, logarithmic", x.axis()),
        y: format!("{}, logarithmic", y.axis()),
    };
    Bubbles { titles, series, size: size.noun(), log_y: true, bubbles: drawn }
}

/// What is named twice is drawn once.
fn add(drawn: &mut Vec<Bubble>, bubble: Bubble) {
    if drawn.iter().all(|other| other.about != bubble.about) {
        drawn.push(bubble);
    }
}

/// The place of an architecture's file among the series.
fn place(series: &mut Vec<String>, arch: &Surveyed) -> usize {
    let family = arch.family();
    series.iter().position(|other| other == family).unwrap_or_else(|| {
        series.push(family.to_string());
        series.len() - 1
    })
}
