//! Finds what is to be replaced in a piece of text: keywords first, rules only on the lines that a keyword lights up.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::checks::{Check, entropy};
use super::rules::{Rule, RuleSet};
use super::seeds::Seeds;
use super::sensitive_names::is_reference;
use super::spans::{Span, Why, settle};
use super::split::Piece;
use super::{Privacy, RedactError, Redactor, placeholder};

/// Which rules look at which lines.
#[derive(Debug)]
pub(super) struct Prefilter {
    automaton: AhoCorasick,
    /// Rules by keyword.
    rules: Vec<Vec<usize>>,
    /// Whether a keyword is only ever a label, and so lights up a line only where it is a word.
    label: Vec<bool>,
    /// Rules without a keyword, which look at every line.
    always: Vec<usize>,
}

impl Prefilter {
    pub(super) fn new(set: &RuleSet, privacy: Privacy) -> Result<Self, RedactError> {
        let mut by_keyword: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut always = Vec::new();
        let wanted = |rule: &Rule| privacy == Privacy::Strict || !rule.strict;
        for (n, rule) in set.rules.iter().enumerate().filter(|(_, rule)| wanted(rule)) {
            if rule.keywords.is_empty() && rule.places.is_empty() {
                always.push(n);
            }
            for keyword in &rule.keywords {
                by_keyword.entry(keyword).or_default().push(n);
            }
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(by_keyword.keys())
            .map_err(|_| RedactError::Limit("too many keywords"))?;
        let rules: Vec<Vec<usize>> = by_keyword.into_values().collect();
        let label = rules.iter().map(|of| of.iter().all(|n| !set.rules[*n].places.is_empty())).collect();
        Ok(Self { automaton, rules, label, always })
    }
}

impl Prefilter {
    fn lights_up(&self, text: &[u8], hit: &aho_corasick::Match) -> bool {
        !self.label[hit.pattern().as_usize()] || super::places::is_label(text, hit.start(), hit.end())
    }
}

/// A set of rules by index, emptied from the lowest on.
struct RuleBits(Vec<u64>);

impl RuleBits {
    fn new(rules: usize) -> Self {
        Self(vec![0; rules.div_ceil(64)])
    }

    fn insert(&mut self, rule: usize) {
        self.0[rule / 64] |= 1 << (rule % 64);
    }

    fn pop(&mut self) -> Option<usize> {
        let (n, word) = self.0.iter_mut().enumerate().find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros() as usize;
        *word &= *word - 1;
        Some(n * 64 + bit)
    }
}

/// What carries over from one piece to the next of the same text.
#[derive(Debug, Default, Clone)]
pub(super) struct LineState {
    /// Inside a private key block, whose lines go whatever they look like.
    in_key_block: bool,
    /// Bytes of the next window that the last one has already replaced.
    consumed: usize,
    /// Whether a value ran past what the last window could see; it goes on in this one.
    open_value: Option<Why>,
}

impl Redactor {
    /// The ranges of `piece` that are to be replaced, sorted and disjoint, and the range of the text that they belong to.
    /// In the first pass `seeds` takes the secrets among them.
    pub(super) fn findings(
        &self,
        piece: &Piece<'_>,
        state: &mut LineState,
        seeds: Option<&mut Seeds>,
    ) -> Result<(Vec<Span>, std::ops::Range<usize>), RedactError> {
        let text = piece.bytes;
        let own_start = (piece.own_start + std::mem::take(&mut state.consumed)).min(text.len());
        let mut spans = Vec::new();
        self.find_everywhere(text, &mut spans);
        self.find_bare(text, &mut spans)?;
        self.find_alone(text, &mut spans)?;
        self.find_by_rules(text, &mut spans)?;
        if let Some(why) = state.open_value.take() {
            let end = text[own_start..].iter().position(|b| b.is_ascii_whitespace() || b"\"'<>,;&".contains(b));
            let end = end.map_or(text.len(), |at| own_start + at);
            spans.push(Span { start: own_start, end, why });
        }
        if piece.own_start == 0 {
            key_blocks(text, state, &mut spans);
        }
        let mut placeholders = Vec::new();
        placeholder::find(text, &self.set.kinds, &mut placeholders);
        if let Some(seeds) = seeds {
            // Before they are joined: a password in an address is a secret by itself, wherever it stands next.
            let fresh = |span: &&Span| !placeholders.iter().any(|(from, to)| *from < span.end && *to > span.start);
            spans.iter().filter(fresh).for_each(|span| self.seed(text, span, seeds));
        }
        settle(text, &mut spans, &placeholders);
        spans.retain(|span| span.start < piece.own_end && span.end > own_start);
        let mut end = piece.own_end.max(own_start);
        for span in &mut spans {
            span.start = span.start.max(own_start);
            end = end.max(span.end);
        }
        if piece.line_goes_on && end == text.len() {
            state.open_value = spans.last().map(|span| span.why);
        }
        // A placeholder across the border was left alone by both windows; hand it out whole with this one.
        if let Some((_, to)) = placeholders.iter().find(|(from, to)| *from < end && *to > end) {
            end = *to;
        }
        state.consumed = end - piece.own_end;
        Ok((spans, own_start..end))
    }

    /// Addresses, own names and known secrets: what stands anywhere, without a keyword.
    fn find_everywhere(&self, text: &[u8], spans: &mut Vec<Span>) {
        let mut addresses = Vec::new();
        super::address::find(text, self.privacy, &mut addresses);
        spans.extend(addresses.iter().map(|a| Span { start: a.start, end: a.end, why: Why::Address(a.address) }));
        self.known.find(text, spans);
        spans.extend(self.seeds.find(text).map(|(start, end, by)| Span { start, end, why: Why::Seed(by) }));
    }

    fn find_by_rules(&self, text: &[u8], spans: &mut Vec<Span>) -> Result<(), RedactError> {
        let filter = &*self.prefilter;
        // Ordered by where a keyword ends; none spans a line, so the hits of a line stand together.
        let mut hits = filter
            .automaton
            .find_overlapping_iter(text)
            .filter(|m| filter.lights_up(text, m))
            .map(|m| (m.end(), m.pattern().as_usize()))
            .peekable();
        let mut wanted = RuleBits::new(self.set.rules.len());
        let mut start = 0;
        while start < text.len() {
            if filter.always.is_empty() {
                // Nothing looks at lines without a hit: go straight to the next one that has one.
                let Some((at, _)) = hits.peek() else { break };
                start = memchr::memrchr(b'\n', &text[start..*at]).map_or(start, |newline| start + newline + 1);
            }
            let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at);
            filter.always.iter().for_each(|rule| wanted.insert(*rule));
            while let Some((_, keyword)) = hits.next_if(|(at, _)| *at <= end) {
                filter.rules[keyword].iter().for_each(|rule| wanted.insert(*rule));
            }
            let line = &text[start..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            while let Some(rule) = wanted.pop() {
                self.find_by_rule(rule, line, start, spans)?;
            }
            start = end + 1;
        }
        Ok(())
    }

    pub(super) fn find_by_rule(
        &self,
        index: usize,
        line: &[u8],
        at: usize,
        spans: &mut Vec<Span>,
    ) -> Result<(), RedactError> {
        let rule = &self.set.rules[index];
        let regex = rule.regex().ok_or_else(|| RedactError::Rule(rule.id.clone()))?;
        let mut from = 0;
        // Looking allocates nothing, and most lines that a keyword lights up hold no match.
        while regex.is_match_at(line, from) {
            let Some(captures) = regex.captures_at(line, from) else { break };
            let whole = captures.get(0).map_or(from..from, |m| m.range());
            let Some((start, end)) = rule.secret_range(&captures) else { break };
            let value = &line[start..end];
            let name = captures.get(1);
            let too_plain = rule.entropy.is_some_and(|least| entropy(value) <= least);
            let reference = rule.secret && is_reference(value);
            let passes = rule.check.is_none_or(|check| check.passes(name.map(|m| m.as_bytes()), value));
            let passes = passes && !(rule.check == Some(Check::Email) && in_user_information(&line[..start]));
            let passes = passes
                && rule.number.is_none_or(|number| number.is(value))
                && (rule.places.is_empty() || super::places::is_labelled(rule, line, start, end));
            if start < end && !too_plain && !reference && passes {
                spans.push(Span { start: at + start, end: at + end, why: Why::Rule(index) });
                from = whole.end.max(whole.start + 1);
            } else {
                // What was refused may hide another: `user: password=x` is no user, but a password.
                let after_name = name.filter(|m| m.end() < start).map_or(0, |m| m.end());
                from = after_name.max(whole.start + 1);
            }
            if from > line.len() {
                break;
            }
        }
        Ok(())
    }
}

/// Whether what follows `before` is the password of a URL, which only looks like the name before a mail address's `@`:
/// `postgres://shop:hunter2@db.example.com`. The rules for URLs take it, and leave the host.
fn in_user_information(before: &[u8]) -> bool {
    let start = before.iter().rposition(|b| b.is_ascii_whitespace() || b"/\"'<>".contains(b)).map_or(0, |at| at + 1);
    before[..start].ends_with(b"://") && before[start..].contains(&b':')
}

/// Lines of PEM private keys (RFC 7468, RFC 1421): from BEGIN to END, or, cut short, to the end of the base64.
fn key_blocks(text: &[u8], state: &mut LineState, spans: &mut Vec<Span>) {
    if !state.in_key_block && memchr::memmem::find(text, b"PRIVATE KEY").is_none() {
        return;
    }
    let mut start = 0;
    while start < text.len() {
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at);
        let line = &text[start..end];
        if state.in_key_block {
            match key_line(line) {
                KeyLine::Body(from, to) => {
                    spans.push(Span { start: start + from, end: start + to, why: Why::PrivateKey });
                }
                KeyLine::Blank => {}
                KeyLine::Other => state.in_key_block = false,
            }
        }
        if let Some(at) = memchr::memmem::find(line, b"-----BEGIN ") {
            let rest = &line[at..];
            let has_end = memchr::memmem::find(rest, b"-----END ").is_some();
            state.in_key_block = memchr::memmem::find(rest, b"PRIVATE KEY").is_some() && !has_end;
        }
        start = end + 1;
    }
}

enum KeyLine {
    Body(usize, usize),
    Blank,
    Other,
}

/// Takes the last word of a line in a key block, so that a log's time stamp before it stays.
fn key_line(line: &[u8]) -> KeyLine {
    let trimmed = line.trim_ascii();
    let end = line.len() - line.iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
    if trimmed.is_empty() {
        return KeyLine::Blank;
    }
    if trimmed.starts_with(b"Proc-Type:") || trimmed.starts_with(b"DEK-Info:") || trimmed.starts_with(b"Comment:") {
        return KeyLine::Blank;
    }
    let start = line[..end].iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
    let word = &line[start..end];
    let base64 = word.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=-_\"',\\".contains(b));
    let only_word = line[..start].trim_ascii().is_empty();
    if word.starts_with(b"-----END") || word.ends_with(b"-----") || placeholder_like(word) {
        return if placeholder_like(word) { KeyLine::Blank } else { KeyLine::Other };
    }
    if base64 && !holds_placeholder(word) && (only_word || word.len() >= 16) {
        KeyLine::Body(start, end)
    } else {
        KeyLine::Other
    }
}

fn placeholder_like(word: &[u8]) -> bool {
    word.starts_with(placeholder::PREFIX.as_bytes())
}

/// A line that was redacted for another reason is no line of a key.
fn holds_placeholder(word: &[u8]) -> bool {
    memchr::memmem::find(word, placeholder::PREFIX.as_bytes()).is_some()
}
