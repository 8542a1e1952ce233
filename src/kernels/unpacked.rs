//! The weights of a convolution before they are packed, which come a few output channels at a time.

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

/// The weights and biases of a convolution. Several threads may read different channels at once.
pub trait Unpacked: Sync {
    type Error: Send;

    /// Writes the weights of some output channels (`[channels, in_channels / groups, rows, columns]`) over all of `weights`,
    /// and their biases over all of `bias`.
    ///
    /// # Errors
    /// They can't be read.
    fn read(&self, channels: Range<usize>, weights: &mut [f32], bias: &mut [f32]) -> Result<(), Self::Error>;
}

thread_local! {
    /// What the channels of a part are read into: kept, since fresh memory costs more than what is done with it.
    static ROWS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Some output channels of a convolution, and where they are packed.
pub(super) struct Part<'a> {
    pub channels: Range<usize>,
    pub weights: &'a mut [f32],
    pub bias: &'a mut [f32],
}

/// Reads the weights of every part, `each` for a channel, and has them packed, on all threads; of several errors the one of
/// the first part is returned.
pub(super) fn pack<U: Unpacked>(
    parts: Vec<Part<'_>>,
    unpacked: &U,
    each: usize,
    pack: impl Fn(&[f32], &mut [f32]) + Sync,
) -> Result<(), U::Error> {
    let one = |part: Part<'_>| {
        let Part { channels, weights, bias } = part;
        ROWS.with_borrow_mut(|rows| {
            let rows = match rows.get_mut(..channels.len() * each) {
                Some(rows) => rows,
                None => {
                    *rows = vec![0.0; channels.len() * each];
                    rows
                }
            };
            unpacked.read(channels.clone(), rows, &mut bias[..channels.len()])?;
            pack(rows, weights);
            Ok(())
        })
    };
    let found: Vec<Result<(), U::Error>> = parts.into_par_iter().map(one).collect();
    found.into_iter().collect()
}
