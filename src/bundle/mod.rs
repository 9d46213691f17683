//! The container: write, seal, open untrusted, verify; its limits.
