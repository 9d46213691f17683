//! What a bundle must hold to be handed off: items as data, evaluated over manifest and case; pure.
