//! Read-only views of a bundle.
