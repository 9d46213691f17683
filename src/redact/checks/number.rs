//! Numbers of people, accounts and documents that rules ask for by name, `number = "pl-pesel"`: the table of them all.

use super::{americas, asia, europe, germany, nordic, pacific, payment, wallets};

/// The form and check digits of one kind of number.
#[derive(Debug, Clone, Copy)]
pub struct Number {
    /// Its name in rule files.
    pub(super) name: &'static str,
    /// How many letters and digits it has, at least and at most.
    pub(super) length: (usize, usize),
    /// Whether the letters' case and all other characters count; else letters are made upper case and the rest is dropped.
    pub(super) exact: bool,
    pub(super) passes: fn(&[u8]) -> bool,
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Number {}

/// Letters and digits of the longest number, a Bitcoin address of 90 characters.
pub(in crate::redact) const LONGEST: usize = 90;

/// What belongs to no country.
const OTHERS: [Number; 2] =
    [Number::new("hardware-address", 12, 16, hardware_address), Number::new("document", 9, 10, document)];

/// Address of a network card, of 48 or 64 bits, not that of all cards or of none (IEEE, "Guidelines for Use of EUI").
fn hardware_address(value: &[u8]) -> bool {
    (value.len() == 12 || value.len() == 16)
        && value.iter().all(u8::is_ascii_hexdigit)
        && value.iter().any(|b| *b != value[0])
}

/// A document of a traveller: one to three letters, digits, perhaps one more letter among them (ICAO Doc 9303, part 4). Its
/// check digit stands only in the machine readable zone.
fn document(value: &[u8]) -> bool {
    value[0].is_ascii_uppercase() && value.iter().filter(|b| b.is_ascii_digit()).count() >= 7
}

impl Number {
    /// A number in which case and separators mean nothing.
    pub(super) const fn new(name: &'static str, least: usize, most: usize, passes: fn(&[u8]) -> bool) -> Self {
        Self { name, length: (least, most), exact: false, passes }
    }

    /// The number that rules call `name`.
    pub(in crate::redact) fn by_name(name: &str) -> Option<Self> {
        let all: [&[Self]; 9] = [
            &OTHERS,
            &americas::NUMBERS,
            &asia::NUMBERS,
            &europe::NUMBERS,
            &germany::NUMBERS,
            &nordic::NUMBERS,
            &pacific::NUMBERS,
            &payment::NUMBERS,
            &wallets::NUMBERS,
        ];
        all.into_iter().flatten().find(|number| number.name == name).copied()
    }

    /// How many letters and digits such a number has.
    pub(in crate::redact) fn length(self) -> std::ops::RangeInclusive<usize> {
        self.length.0..=self.length.1
    }

    /// Whether `value` is such a number.
    pub(in crate::redact) fn is(self, value: &[u8]) -> bool {
        let mut compact = [0; LONGEST];
        let mut length = 0;
        for byte in value.iter().filter(|b| self.exact || b.is_ascii_alphanumeric()) {
            let Some(place) = compact.get_mut(length) else { return false };
            *place = if self.exact { *byte } else { byte.to_ascii_uppercase() };
            length += 1;
        }
        self.length().contains(&length) && (self.passes)(&compact[..length])
    }
}
