//! First and last time stamps.
