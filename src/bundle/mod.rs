//! The container: write, seal, open untrusted, verify; its limits.
//!
//! A bundle from a stranger becomes trusted in steps, and each step is a type: [`UntrustedBundle`] is a file,
//! [`CheckedStructure`] a zip whose names and sizes are safe, [`VerifiedBundle`] one whose every byte is accounted for.

pub mod bag;
mod checked;
mod code;
mod content;
pub mod encryption;
mod entry_reading;
mod error;
mod examination;
pub mod layout;
mod leak_scan;
pub mod limits;
mod names;
pub mod packing;
mod problem;
mod reading;
mod record;
pub mod signature;
pub mod signing;
mod source;
mod untrusted;
mod verified;
pub mod writer;
mod zip_directory;
mod zip_end;
mod zip_local;
mod zip_writer;

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
pub(crate) mod test_bundle;

pub use checked::{CheckedStructure, Entry, Warning};
pub use code::Code;
pub use content::ArtifactReader;
pub use error::{BundleError, Newer, Refused};
pub use examination::{Examination, Progress, State};
pub use leak_scan::{
    LeakFinding, LeakScan, LeakScanError, LeakScanner, METADATA, NO_RULES, UNKNOWN_PRIVACY, UNREADABLE,
};
pub use limits::Limits;
pub use problem::{NotWhole, Problem};
pub use record::Record;
pub use untrusted::UntrustedBundle;
pub use verified::VerifiedBundle;
