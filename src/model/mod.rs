//! The words of the field as plain types: no I/O, no clock, no operating system, and no import from another room.

pub mod artifact_path;
pub mod case;
pub mod case_file;
pub mod case_id;
pub mod config;
pub mod digest;
pub mod drop_link;
pub mod har_span;
pub mod log_span;
pub mod log_time;
pub mod manifest;
pub mod moment;
pub mod outcome;
pub mod printable;
pub mod severity;
pub mod size;

pub use artifact_path::ArtifactPath;
pub use case::Case;
pub use case_id::CaseId;
pub use config::ConfigError;
pub use digest::Sha256Digest;
pub use drop_link::DropLink;
pub use manifest::Manifest;
pub use moment::Moment;
pub use outcome::Outcome;
pub use printable::printable;
pub use severity::Severity;
