//! Read-only views of a bundle. They give data; the command line prints it. Texts in them are as the bundle has them:
//! whoever shows them on a terminal passes them through [`printable()`](crate::model::printable()).

pub mod listing;
pub mod summary;

pub use listing::{Listing, Row};
pub use summary::Summary;

#[cfg(test)]
mod published_schemas;
