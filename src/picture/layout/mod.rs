//! Where everything stands: rows inside each frame ([`layers`]), columns where a frame is tall ([`columns`]), and frames
//! inside frames ([`place()`]).

pub mod columns;
pub mod layers;
mod place;

pub use layers::{Item, Layers};
pub use place::{PAD, Placed, Shown, Spot, TITLE, Wire, place};
