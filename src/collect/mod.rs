//! One file a collector: what produces artifacts.
