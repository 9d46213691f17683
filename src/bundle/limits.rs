//! How much of a stranger's bundle this program is willing to read.

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// Upper bounds for reading a bundle. What is over one of them is refused before it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entries in the zip. The largest `/var/log` trees that people send hold some ten thousand files; a million is far
    /// above them, and its directory still fits into memory.
    pub entries: u64,
    /// Bytes of the zip's directory, which is held in memory: a million entries at the longest names people have.
    pub directory_bytes: u64,
    /// Bytes of one entry, expanded. One log of 10 GB is a real case (see "Hot path" in the design).
    pub entry_bytes: u64,
    /// Bytes of all entries, expanded. An absolute budget stops a bomb; a ratio does not, because an idle log of equal
    /// lines compresses a thousandfold in all honesty.
    pub total_bytes: u64,
    /// Bytes of each file that is parsed in memory: `manifest.json`, `case.json` and the bag's own files. A hundred
    /// thousand artifacts need about 50 MiB of `manifest.json`.
    pub record_bytes: u64,
    /// An entry or bundle that expands by more than this factor is worth a warning, no more.
    pub warn_ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 1_000_000,
            directory_bytes: 256 * MIB,
            entry_bytes: 16 * GIB,
            total_bytes: 64 * GIB,
            record_bytes: 64 * MIB,
            warn_ratio: 200,
        }
    }
}
