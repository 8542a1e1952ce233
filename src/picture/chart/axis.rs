//! An axis: which value stands where, and which values are written.

use crate::report::short;

/// Values on a way across the chart.
#[derive(Clone, Debug)]
pub struct Axis {
    log: bool,
    /// The values at its ends.
    from: f64,
    to: f64,
    /// Where its ends are.
    start: f64,
    end: f64,
}

impl Axis {
    /// An axis that holds all `values`, with `margin` of its length at each end. A logarithmic one is for values above 0.
    pub fn new(values: impl Iterator<Item = f64>, log: bool, margin: f64, [start, end]: [f64; 2]) -> Axis {
        let scale = |value: f64| if log { value.max(f64::MIN_POSITIVE).ln() } else { value };
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.map(scale) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        // A single value has some room, too.
        let room = if high - low > 1e-9 * high.abs().max(1.0) { high - low } else { high.abs().max(1.0) * 0.2 };
        Axis { log, from: low - room * margin, to: high + room * margin, start, end }
    }

    /// The same from 0 on, for values that are not below; a logarithmic one has no 0.
    pub fn starting_at_zero(self) -> Axis {
        if self.log { self } else { Axis { from: 0.0, ..self } }
    }

    pub fn at(&self, value: f64) -> f64 {
        let value = if self.log { value.max(f64::MIN_POSITIVE).ln() } else { value };
        self.start + (value - self.from) / (self.to - self.from) * (self.end - self.start)
    }

    /// The values that are written, with their texts.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let values = if self.log { self.log_ticks() } else { self.linear_ticks() };
        values.into_iter().map(|value| (value, written(value))).collect()
    }

    fn linear_ticks(&self) -> Vec<f64> {
        let rough = (self.to - self.from) / 7.0;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough);
        let step = step.unwrap_or(10.0 * power);
        let (first, last) = ((self.from / step).ceil() as i64, (self.to / step).floor() as i64);
        (first..=last).map(|index| index as f64 * step).collect()
    }

    fn log_ticks(&self) -> Vec<f64> {
        let decades =
            (self.from / std::f64::consts::LN_10).floor() as i32..=(self.to / std::f64::consts::LN_10).ceil() as i32;
        let spread = (self.to - self.from) / std::f64::consts::LN_10;
        let factors: &[f64] = match spread {
            spread if spread < 1.2 => &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
            spread if spread < 3.5 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let all = decades.flat_map(|decade| factors.iter().map(move |factor| factor * 10f64.powi(decade)));
        let ticks: Vec<f64> = all.filter(|value| (self.from..=self.to).contains(&value.ln())).collect();
        // Between two powers of ten that are near each other nothing round may stand.
        if ticks.len() >= 2 { ticks } else { vec![self.from.exp(), ((self.from + self.to) / 2.0).exp(), self.to.exp()] }
    }
}

/// `500 M`, `4 G`, `0.25`, `76.5`.
fn written(value: f64) -> String {
    if value.abs() < 1000.0 {
        let text = format!("{value:.4}");
        return text.trim_end_matches('0').trim_end_matches('.').to_string();
    }
    let text = short(value.abs().round() as u64);
    let (number, letter) = text.split_once(' ').unwrap_or((&text, ""));
    let number = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    format!("{}{number} {letter}", if value < 0.0 { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::Axis;

    fn texts(values: &[f64], log: bool) -> Vec<String> {
        let axis = Axis::new(values.iter().copied(), log, 0.05, [0.0, 100.0]);
        axis.ticks().into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn values_are_round() {
        assert_eq!(texts(&[69.0, 84.0], false), ["70", "75", "80"]);
        assert_eq!(texts(&[0.25, 1.0], false), ["0.4", "0.6", "0.8", "1"]);
        assert_eq!(texts(&[3e8, 3e10], true), ["500 M", "1 G", "2 G", "5 G", "10 G", "20 G"]);
        assert_eq!(texts(&[4e9, 5e9], true), ["4 G", "5 G"]);
    }

    #[test]
    fn one_value_or_none_has_an_axis() {
        assert!(texts(&[5.0], false).len() > 2);
        assert!(texts(&[5.0], true).len() > 1);
        assert!(!texts(&[], false).is_empty());
    }
}
