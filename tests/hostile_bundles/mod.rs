//! Bundles that nobody sealed, made on the spot: attacks, each refused with its own code, and oddities that are harmless. Every
//! digest and checksum is computed anew, so that only the attack is wrong.
//!
//! Written without the `zip` crate and without our own writer, because both refuse to write most of this.

#![allow(dead_code, reason = "the tests and the example use their own parts")]

mod attacks_on_bags;
mod attacks_on_names;
mod attacks_on_zips;
pub mod bag;
mod oddities;
pub mod raw_zip;

/// One bundle and what is to become of it.
pub struct Made {
    /// A name for a file.
    pub name: String,
    /// The code of its refusal; none where it is to be accepted.
    pub code: Option<&'static str>,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Everything that is to be refused.
pub fn attacks() -> Vec<Made> {
    let mut all = attacks_on_zips::all();
    all.extend(attacks_on_names::all());
    all.extend(attacks_on_bags::all());
    all
}

/// Everything that looks odd and is to be accepted.
pub fn oddities() -> Vec<Made> {
    oddities::all()
}

fn attack(name: &str, code: &'static str, bytes: Vec<u8>) -> Made {
    Made { name: name.to_owned(), code: Some(code), bytes }
}
