//! What a bundle must hold to be handed off: items as data, evaluated over manifest and case; pure.
//!
//! A new item is one block in `handoff.toml`. This room reads no file and no clock: whether it is outside business hours
//! is said by the caller ([`Evaluation::outside_business_hours`]).

mod artifacts;
mod bagit_profile;
mod evaluation;
mod facts;
mod item;
mod phrase;

pub use bagit_profile::{PROFILE_ID, bagit_profile};
pub use evaluation::{Evaluation, ItemResult, State, evaluate};
pub use item::{Applies, Checklist, Condition, FactName, Group, Item, Needed};
pub use phrase::{says_nothing, words};

#[cfg(test)]
pub(crate) mod fixture;
