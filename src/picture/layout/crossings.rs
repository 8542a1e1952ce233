//! Where links would cross the shapes that are written below a row.

/// What is in the spaces below the rows of a frame.
#[derive(Debug)]
pub struct Crossings {
    spaces: Vec<Space>,
}

#[derive(Clone, Debug, Default)]
struct Space {
    /// Left, top, right, bottom.
    labels: Vec<[f64; 4]>,
    turns: Vec<[(f64, f64); 2]>,
}

/// How near a link may come to a label, whose digits have an edge in the colour of the paper.
const NEAR: f64 = 2.5;
/// A space with more pairs of labels and turns than this is taken for one where they cross.
const MAX_PAIRS: usize = 20_000;

impl Crossings {
    pub fn new(rows: usize) -> Crossings {
        Crossings { spaces: vec![Space::default(); rows] }
    }

    /// A label of that width and height below `row`, which begins at `start` on its base line.
    pub fn label(&mut self, row: usize, start: (f64, f64), width: f64, height: f64) {
        let (x, y) = start;
        self.spaces[row].labels.push([x - NEAR, y - height - NEAR, x + width + NEAR, y + NEAR]);
    }

    /// A link that turns below `row` on its way from one point to the other, as [`turn`] says.
    pub fn turn(&mut self, row: usize, from: (f64, f64), to: (f64, f64)) {
        if (from.0 - to.0).abs() > 0.01 {
            self.spaces[row].turns.push([from, to]);
        }
    }

    /// The rows below which a link crosses a label.
    pub fn rows(&self) -> Vec<usize> {
        let crossed = |space: &Space| {
            space.labels.len() * space.turns.len() > MAX_PAIRS
                || space.turns.iter().any(|turn| space.labels.iter().any(|label| crosses(turn, label)))
        };
        (0..self.spaces.len()).filter(|row| crossed(&self.spaces[*row])).collect()
    }
}

/// The two points that a link is drawn to as a cubic curve between: it leaves and arrives straight down.
pub fn turn(from: (f64, f64), to: (f64, f64)) -> [(f64, f64); 2] {
    let bend = (to.1 - from.1) * 0.55;
    [(from.0, from.1 + bend), (to.0, to.1 - bend)]
}

fn crosses(&[from, to]: &[(f64, f64); 2], &[left, top, right, bottom]: &[f64; 4]) -> bool {
    if from.0.max(to.0) < left || from.0.min(to.0) > right || to.1 < top || from.1 > bottom {
        return false;
    }
    let [leave, arrive] = turn(from, to);
    let steps = 8.0 + ((to.0 - from.0).abs() / 4.0).ceil();
    let at = |a: f64, b: f64, c: f64, d: f64, t: f64| {
        let s = 1.0 - t;
        s * s * s * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t * t * t * d
    };
    (0..=steps as usize).map(|step| step as f64 / steps).any(|t| {
        let (x, y) = (at(from.0, leave.0, arrive.0, to.0, t), at(from.1, leave.1, arrive.1, to.1, t));
        (left..=right).contains(&x) && (top..=bottom).contains(&y)
    })
}

#[cfg(test)]
mod tests {
    use super::Crossings;

    #[test]
    fn a_turn_crosses_what_is_written_on_its_way() {
        let crossed = |start: (f64, f64), to: (f64, f64)| {
            let mut crossings = Crossings::new(2);
            crossings.label(1, start, 40.0, 8.0);
            crossings.turn(1, (0.0, 0.0), to);
            crossings.rows()
        };
        // To the right, below a label at its start; to the left; straight down beside it; far below it.
        assert_eq!(crossed((5.0, 13.0), (60.0, 30.0)), [1]);
        assert!(crossed((5.0, 13.0), (-60.0, 30.0)).is_empty());
        assert!(crossed((5.0, 13.0), (0.0, 30.0)).is_empty());
        assert!(crossed((5.0, -13.0), (60.0, 30.0)).is_empty());
        // A long turn, and a label in its middle.
        assert_eq!(crossed((480.0, 18.0), (1000.0, 30.0)), [1]);
    }
}
