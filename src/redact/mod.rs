//! Rules, matching, placeholders, walkers a format; pure, bytes in and bytes out.
