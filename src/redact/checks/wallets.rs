//! Addresses of crypto currencies, which carry a checksum over the whole of them.

use sha2::{Digest, Sha256};

use super::number::Number;

pub(super) const NUMBERS: [Number; 2] = [
    Number { name: "wallet", length: (26, 90), exact: true, passes: wallet },
    Number { name: "ethereum-address", length: (42, 42), exact: true, passes: ethereum },
];

fn wallet(value: &[u8]) -> bool {
    base58_check(value) || bech32(value)
}

/// Base58Check: 25 bytes, of which the last four are the start of a double SHA-256 over the others (Bitcoin, "Base58Check
/// encoding"). Bitcoin addresses begin with 1 or 3, those of Litecoin with L or M, of Dogecoin with D.
fn base58_check(value: &[u8]) -> bool {
    const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    if value.len() > 35 || !b"13LMD".contains(&value[0]) {
        return false;
    }
    let mut bytes = [0u8; 25];
    for letter in value {
        let Some(worth) = ALPHABET.iter().position(|b| b == letter) else { return false };
        let mut carry = worth as u32;
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return false;
        }
    }
    let (payload, check) = bytes.split_at(21);
    Sha256::digest(Sha256::digest(payload)).starts_with(check)
}

/// Bech32 and Bech32m: a word for the network, `1`, and characters of five bits whose last six are a BCH checksum (BIP 173,
/// BIP 350). All in one case.
fn bech32(value: &[u8]) -> bool {
    const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let lower = value.to_ascii_lowercase();
    let one_case = value == lower || value == value.to_ascii_uppercase();
    let Some(network) = ["bc1", "tb1", "ltc1"].into_iter().find(|start| lower.starts_with(start.as_bytes())) else {
        return false;
    };
    let (word, data) = lower.split_at(network.len());
    let word = &word[..word.len() - 1];
    let mut sum = 1u32;
    let mut take = |five: u32| {
        let top = sum >> 25;
        sum = (sum & 0x01ff_ffff) << 5 ^ five;
        for (bit, generator) in
            [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3].into_iter().enumerate()
        {
            if top >> bit & 1 == 1 {
                sum ^= generator;
            }
        }
    };
    word.iter().for_each(|b| take(u32::from(b >> 5)));
    take(0);
    word.iter().for_each(|b| take(u32::from(b & 31)));
    for letter in data {
        let Some(five) = ALPHABET.iter().position(|b| b == letter) else { return false };
        take(five as u32);
    }
    one_case && data.len() >= 14 && matches!(sum, 1 | 0x2bc8_30a3)
}

/// `0x` and 40 hexadecimal digits (ERC-55 checks only the case of the letters, and most programs write one case).
fn ethereum(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"0x").unwrap_or_default();
    digits.len() == 40 && digits.iter().all(u8::is_ascii_hexdigit) && digits.iter().any(|b| *b != digits[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(name: &str, value: &str) -> bool {
        Number::by_name(name).expect("a known number").is(value.as_bytes())
    }

    #[test]
    fn addresses_with_a_true_checksum_pass_and_others_do_not() {
        for good in [
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "3P14159f73E4gFr7JterCCQh9QjiTjiZrG",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        ] {
            assert!(is("wallet", good), "{good}");
        }
        for bad in [
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
            "bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "11111111111111111111111111",
        ] {
            assert!(!is("wallet", bad), "{bad}");
        }
        assert!(is("ethereum-address", "0x52908400098527886E0F7030069857D2E4169EE7"));
        assert!(!is("ethereum-address", "0x0000000000000000000000000000000000000000"));
    }
}
