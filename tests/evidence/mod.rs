//! The evidence that the redactor is right: logs without secrets, logs with planted ones, and a second, simple implementation.

pub mod agreement;
pub mod engine;
pub mod logs;
pub mod oracle;
pub mod over_redaction;
pub mod planted;
pub mod random;
pub mod recall;
pub mod words;
