//! Names: what applications get.

pub mod system;
