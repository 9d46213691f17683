//! Severity, policy and ticket text; pure, takes `now`.
