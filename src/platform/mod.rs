//! What differs by system: the only `cfg(target_os)` and `unsafe`.
