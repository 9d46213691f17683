//! Logs as servers, builds and tools write them, invented: with ids, hashes, digests and prose about passwords, and without a
//! secret. Whatever is replaced in them beyond addresses and names is replaced wrongly.
//!
//! When a rule fires here and is wrong, the rule is to be mended, not the log.

pub mod applications;
pub mod builds;
pub mod system;
pub mod web;

use super::words::Words;

/// The kinds of log. A template may hold several lines.
const FAMILIES: [&[&str]; 24] = [
    web::ACCESS,
    web::NGINX_ERROR,
    web::IIS,
    web::HTTP_TRACE,
    web::PROXY,
    applications::JSON,
    applications::JAVA,
    applications::LOGFMT,
    applications::PYTHON,
    applications::DOTNET,
    applications::NODE,
    applications::POSTGRES,
    applications::MYSQL,
    applications::METRICS,
    applications::CONFIGURATION,
    applications::CLOUD,
    system::SYSLOG,
    system::JOURNAL,
    system::KERNEL,
    system::WINDOWS,
    system::CONTAINERS,
    system::TOOLS,
    builds::PACKAGES,
    builds::BUILDS,
];

/// An endless log of several families: runs of one kind, as files have them.
pub struct Logs {
    families: Vec<Vec<&'static str>>,
    words: Words,
    family: usize,
    left: usize,
}

impl Logs {
    pub fn new(seed: u64) -> Self {
        Self::of(seed, FAMILIES.iter().map(|family| family.to_vec()).collect())
    }

    /// A log of these families only.
    pub fn of(seed: u64, families: Vec<Vec<&'static str>>) -> Self {
        Self { families, words: Words::new(seed), family: 0, left: 0 }
    }

    /// The next line, or lines that belong together, with the newline.
    pub fn entry(&mut self) -> String {
        if self.left == 0 {
            self.family = self.words.random.below(self.families.len());
            self.left = 1 + self.words.random.below(60);
        }
        self.left -= 1;
        self.words.tick();
        let template = self.words.random.pick(&self.families[self.family]);
        let mut entry = self.words.fill(template);
        entry.push('\n');
        entry
    }

    /// About `bytes` bytes of it.
    pub fn text(&mut self, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 4096);
        while text.len() < bytes {
            text.push_str(&self.entry());
        }
        text
    }

    /// What fills the gaps, for others who write into the same log.
    pub fn words(&mut self) -> &mut Words {
        &mut self.words
    }
}
