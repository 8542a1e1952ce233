//! Where everything stands: rows inside each frame ([`layers`]), columns where a frame is tall ([`columns`]), room for
//! shapes where links turn, and frames inside frames ([`place()`]).

pub mod columns;
mod crossings;
pub mod layers;
mod place;

pub use crossings::turn;
pub use layers::{Item, Layers};
pub use place::{PAD, Placed, Shown, Spot, TITLE, Wire, place};
