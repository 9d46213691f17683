//! Bounded readers of compressed files.
