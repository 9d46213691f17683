//! Where an escalation goes: ticket systems, the outbox, the journal on disk.
