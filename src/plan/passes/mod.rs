//! What is made of a sketch before kernels are chosen: one file a pass, in the order of `PASSES`.

mod activation;
mod ahead;
mod behind;
mod concat;
mod constants;
mod dead;
mod flatten;
mod identity;
mod in_place;
mod norm;
mod pads;
mod photo;
mod residual;
#[cfg(test)]
pub(super) mod testing;

use super::sketch::Sketch;
use crate::diagnostic::Diagnostic;

type Pass = fn(&mut Sketch<'_>) -> Result<(), Diagnostic>;

/// Sums come before activations, which a kernel does last; layouts come when it is known who reads what.
const PASSES: &[Pass] = &[
    dead::run,
    constants::run,
    identity::run,
    norm::run,
    behind::run,
    ahead::run,
    pads::run,
    residual::run,
    activation::run,
    flatten::run,
    photo::run,
    concat::run,
    in_place::run,
];

/// Runs all passes.
///
/// # Errors
/// Weights that can't be read; what candle says of constants.
pub(super) fn optimise(sketch: &mut Sketch<'_>) -> Result<(), Diagnostic> {
    PASSES.iter().try_for_each(|pass| pass(sketch))
}
