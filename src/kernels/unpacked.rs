//! The weights of a convolution before they are packed, which come a few output channels at a time.

use std::cell::RefCell;
use std::ops::Range;

use rayon::prelude::*;

use super::Arena;

/// The weights and biases of a convolution. Several threads may read different channels at once.
pub trait Unpacked: Sync {
    type Error: Send;

    /// Writes the weights of some output channels (`[channels, in_channels / groups, rows, columns]`) over all of `weights`,
    /// and their biases over all of `bias`.
    ///
    /// # Errors
    /// They can't be read.
    fn read(&self, channels: Range<usize>, weights: &mut [f32], bias: &mut [f32]) -> Result<(), Self::Error>;

    /// Weights and biases, so many floats of each, as the kernel that asks packed them once before; nothing where they are
    /// not at hand.
    fn kept(&self, floats: [usize; 2]) -> Option<[Arena; 2]> {
        let _ = floats;
        None
    }
}

thread_local! {
    /// What the channels of a part are read into: kept, since fresh memory costs more than what is done with it.
    static ROWS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Weights and biases as a kernel reads them, so many floats of each: those that were kept, or else what `pack` makes of two
/// zeroed arenas. Every kernel with weights gets them here.
///
/// # Errors
/// What `pack` says.
pub(super) fn packed<U: Unpacked>(
    floats: [usize; 2],
    unpacked: &U,
    pack: impl FnOnce(&mut [f32], &mut [f32]) -> Result<(), U::Error>,
) -> Result<[Arena; 2], U::Error> {
    if let Some(kept) = unpacked.kept(floats) {
        assert_eq!(kept.each_ref().map(Arena::len), floats, "what is kept is as long as what is packed");
        return Ok(kept);
    }
    let mut arenas = floats.map(Arena::new);
    let [weights, bias] = &mut arenas;
    pack(weights.floats_mut(), bias.floats_mut())?;
    Ok(arenas)
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
