//! Small automata that say whether a pattern may match around a place. They know only the next few bytes and allow too much rather
//! than too little: what one of them refuses is certain, what it lets through is asked of the rule itself.

use std::collections::{HashMap, VecDeque};
use std::sync::OnceLock;

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Bytes that are looked at.
const REACH: usize = 48;
/// States of one automaton; beyond them everything is let through.
const MOST_STATES: usize = 192;
/// Nodes of all patterns of one automaton, and steps in which it is built: a rule file may be hostile.
const MOST_NODES: usize = 20_000;
const MOST_STEPS: usize = 400_000;
/// Repetitions that are told apart; more of them are any number.
const MOST_TIMES: u32 = 6;
/// A piece of what stands on one side of a place in a pattern.
#[derive(Debug, Clone, Copy)]
pub(super) enum Piece<'a> {
    /// A part of the pattern.
    Part(&'a Hir),
    /// The same, any number of times.
    Many(&'a Hir),
    /// One byte.
    Byte(u8),
    /// Any number of these bytes.
    Run(&'a [bool; 256]),
}

/// Which way a text is read from a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Forth,
    Back,
}

#[derive(Debug)]
enum Node {
    /// One of a class of bytes, by its number.
    Bytes(u32, usize),
    Either(Vec<usize>),
    /// The text ends here, the way it is read.
    Edge(usize),
    Match,
}

/// An automaton for one side of a place. Most are only ever asked by one byte, so no more is made before it is needed.
#[derive(Debug)]
pub(super) struct Automaton {
    maker: Maker,
    starts: Vec<usize>,
    classes: Classes,
    /// As far as one byte goes.
    first: Table,
    whole: OnceLock<Table>,
}

/// Bytes by what tells them apart.
#[derive(Debug)]
struct Classes {
    of: Box<[u8; 256]>,
    /// One byte of each.
    members: Vec<u8>,
}

/// What follows what.
#[derive(Debug)]
struct Table {
    /// For each state the next one by class; the last class is the end of the text.
    next: Vec<u16>,
    states: Vec<State>,
}

/// What is known once a state is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum State {
    /// Nothing can match any more.
    Closed,
    /// It depends on what comes.
    Open,
    /// A match is possible: it is let through.
    Through,
}

impl Automaton {
    /// For what stands next to a place, which is one of several rows of pieces, each in the order of the pattern. `None` when that
    /// is too much.
    pub(super) fn new(way: Way, rows: &[Vec<Piece<'_>>]) -> Option<Self> {
        let mut maker = Maker { way, nodes: Vec::new(), classes: Vec::new(), numbers: HashMap::new() };
        let end = maker.node(Node::Match);
        let starts = rows.iter().map(|row| maker.pieces(row, end)).collect::<Option<Vec<_>>>()?;
        let classes = maker.byte_classes();
        let first = maker.table(&starts, &classes, 1);
        Some(Self { maker, starts, classes, first, whole: OnceLock::new() })
    }

    /// Whether a match is possible here. `text` begins, or on the way back ends, at the place.
    pub(super) fn passes(&self, text: &[u8]) -> bool {
        match self.maker.way {
            Way::Forth => self.read(text.iter(), text.len()),
            Way::Back => self.read(text.iter().rev(), text.len()),
        }
    }

    /// The same, where only the first byte is known, or that there is none.
    pub(super) fn may_begin(&self, byte: Option<u8>) -> bool {
        let class = byte.map_or(self.classes.members.len(), |byte| usize::from(self.classes.of[usize::from(byte)]));
        let next = self.first.states[usize::from(self.first.next[class])];
        self.first.states[0] == State::Through || next == State::Through || (byte.is_some() && next == State::Open)
    }

    #[inline]
    fn read<'a>(&self, bytes: impl Iterator<Item = &'a u8>, length: usize) -> bool {
        let Table { next, states } =
            self.whole.get_or_init(|| self.maker.table(&self.starts, &self.classes, MOST_STATES));
        let classes = self.classes.members.len() + 1;
        let mut at = 0;
        for byte in bytes.take(REACH) {
            if states[at] != State::Open {
                return states[at] == State::Through;
            }
            at = usize::from(next[at * classes + usize::from(self.classes.of[usize::from(*byte)])]);
        }
        if length <= REACH && states[at] == State::Open {
            at = usize::from(next[at * classes + classes - 1]);
        }
        states[at] != State::Closed
    }
}

/// Makes an automaton: first one with many ways at once (Thompson), then one with a single way (the subsets of its nodes).
#[derive(Debug)]
struct Maker {
    way: Way,
    nodes: Vec<Node>,
    classes: Vec<[bool; 256]>,
    numbers: HashMap<[u64; 4], u32>,
}

impl Maker {
    fn node(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn class(&mut self, bytes: [bool; 256]) -> u32 {
        let mut bits = [0; 4];
        (0..256).filter(|byte| bytes[*byte]).for_each(|byte| bits[byte / 64] |= 1 << (byte % 64));
        let (classes, next) = (&mut self.classes, self.numbers.len() as u32);
        *self.numbers.entry(bits).or_insert_with(|| {
            classes.push(bytes);
            next
        })
    }

    fn bytes(&mut self, bytes: [bool; 256], next: usize) -> usize {
        let class = self.class(bytes);
        self.node(Node::Bytes(class, next))
    }

    fn byte(&mut self, byte: u8, next: usize) -> usize {
        self.bytes(std::array::from_fn(|other| other == usize::from(byte)), next)
    }

    /// `parts`, each made by `make`, one after the other in the way of reading, and then `next`.
    fn row<T>(
        &mut self,
        parts: &[T],
        mut next: usize,
        make: impl Fn(&mut Self, &T, usize) -> Option<usize>,
    ) -> Option<usize> {
        let length = parts.len();
        for n in 0..length {
            // What is read last is made first.
            next = make(self, &parts[if self.way == Way::Forth { length - 1 - n } else { n }], next)?;
        }
        Some(next)
    }

    fn pieces(&mut self, pieces: &[Piece<'_>], next: usize) -> Option<usize> {
        self.row(pieces, next, |maker, piece, next| match piece {
            Piece::Part(part) => maker.part(part, next),
            Piece::Many(part) => maker.many(next, |maker, again| maker.part(part, again)),
            Piece::Byte(byte) => Some(maker.byte(*byte, next)),
            Piece::Run(bytes) => maker.many(next, |maker, again| Some(maker.bytes(**bytes, again))),
        })
    }

    fn many(&mut self, next: usize, make: impl Fn(&mut Self, usize) -> Option<usize>) -> Option<usize> {
        let either = self.node(Node::Either(vec![next]));
        let once = make(self, either)?;
        if let Node::Either(ways) = &mut self.nodes[either] {
            ways.push(once);
        }
        Some(either)
    }

    fn part(&mut self, hir: &Hir, next: usize) -> Option<usize> {
        if self.nodes.len() > MOST_NODES {
            return None;
        }
        match hir.kind() {
            HirKind::Empty => Some(next),
            HirKind::Look(look) => {
                let edge = match self.way {
                    Way::Forth => Look::End,
                    Way::Back => Look::Start,
                };
                Some(if *look == edge { self.node(Node::Edge(next)) } else { next })
            }
            HirKind::Literal(literal) => self.row(&literal.0, next, |maker, byte, next| Some(maker.byte(*byte, next))),
            HirKind::Class(Class::Bytes(class)) => {
                let mut bytes = [false; 256];
                let all = class.ranges().iter().flat_map(|range| range.start()..=range.end());
                all.for_each(|byte| bytes[usize::from(byte)] = true);
                Some(self.bytes(bytes, next))
            }
            HirKind::Class(Class::Unicode(class)) => {
                let mut ascii = [false; 256];
                for range in class.ranges() {
                    let all = u32::from(range.start())..=u32::from(range.end()).min(0x7f);
                    all.for_each(|code| ascii[code as usize] = true);
                }
                // Any bytes that are none of ASCII.
                let others = std::array::from_fn(|byte| byte >= 0x80);
                let rest = self.many(next, |maker, again| Some(maker.bytes(others, again)))?;
                let (one, other) = (self.bytes(ascii, next), self.bytes(others, rest));
                Some(self.node(Node::Either(vec![one, other])))
            }
            HirKind::Capture(capture) => self.part(&capture.sub, next),
            HirKind::Repetition(repetition) => {
                let (sub, least) = (&*repetition.sub, repetition.min.min(MOST_TIMES));
                let few = repetition.max.filter(|most| repetition.min <= MOST_TIMES && most - repetition.min <= 2);
                let mut next = match few {
                    Some(most) => {
                        let mut after = next;
                        for _ in least..most {
                            let once = self.part(sub, after)?;
                            after = self.node(Node::Either(vec![once, next]));
                        }
                        after
                    }
                    None => self.many(next, |maker, again| maker.part(sub, again))?,
                };
                for _ in 0..least {
                    next = self.part(sub, next)?;
                }
                Some(next)
            }
            HirKind::Concat(parts) => self.row(parts, next, Self::part),
            HirKind::Alternation(parts) => {
                let ways = parts.iter().map(|part| self.part(part, next)).collect::<Option<Vec<_>>>()?;
                Some(self.node(Node::Either(ways)))
            }
        }
    }

    /// The automaton of about so many states, or more if the first one leads to more.
    fn table(&self, starts: &[usize], classes: &Classes, most: usize) -> Table {
        let classes_and_end = classes.members.len() + 1;
        let mut walk = Walk { nodes: &self.nodes, seen: vec![0; self.nodes.len()], round: 0, steps: 0 };
        // The first state is the start.
        let (start, first) = walk.closure(starts.iter().copied(), false);
        let mut table = Table { next: vec![0; classes_and_end], states: vec![first] };
        let mut known: HashMap<(Vec<u32>, State), u16> = HashMap::new();
        let mut waiting = VecDeque::from([(0, start)]);
        while let Some((at, set)) = waiting.pop_front() {
            if at > 0 && (table.states.len() >= most || walk.steps > MOST_STEPS) {
                table.states[at] = State::Through;
                continue;
            }
            for class in 0..classes_and_end {
                let (next, state) = match classes.members.get(class) {
                    Some(byte) => {
                        let after = |node: &u32| match &self.nodes[*node as usize] {
                            Node::Bytes(class, next) if self.classes[*class as usize][usize::from(*byte)] => {
                                Some(*next)
                            }
                            _ => None,
                        };
                        walk.closure(set.iter().filter_map(after), false)
                    }
                    // The end of the text, after which nothing follows.
                    None => {
                        let nodes = set.iter().map(|node| *node as usize);
                        let (_, state) =
                            walk.closure(nodes.filter(|node| matches!(self.nodes[*node], Node::Edge(_))), true);
                        (Vec::new(), if state == State::Through { state } else { State::Closed })
                    }
                };
                table.next[at * classes_and_end + class] =
                    *known.entry((next, state)).or_insert_with_key(|(next, _)| {
                        let number = table.states.len();
                        table.states.push(state);
                        table.next.resize(table.next.len() + classes_and_end, number as u16);
                        if state == State::Open {
                            waiting.push_back((number, next.clone()));
                        }
                        number as u16
                    });
            }
        }
        table
    }

    /// Which bytes no class tells apart.
    fn byte_classes(&self) -> Classes {
        let (mut of, mut all) = (Box::new([0u8; 256]), 1);
        for class in &self.classes {
            // What lies partly in it is split.
            let (mut inside, mut outside) = ([false; 256], [false; 256]);
            for (kind, is_in) in of.iter().zip(class) {
                let side = if *is_in { &mut inside } else { &mut outside };
                side[usize::from(*kind)] = true;
            }
            let (mut split, known) = ([None; 256], all);
            for kind in 0..known {
                if inside[kind] && outside[kind] {
                    split[kind] = u8::try_from(all).ok();
                    all += 1;
                }
            }
            for (kind, _) in of.iter_mut().zip(class).filter(|(_, is_in)| **is_in) {
                *kind = split[usize::from(*kind)].unwrap_or(*kind);
            }
        }
        let member = |kind: usize| (0..=u8::MAX).find(|byte| usize::from(of[usize::from(*byte)]) == kind);
        let members = (0..all).filter_map(member).collect();
        Classes { of, members }
    }
}

/// Finds all nodes that can be reached without reading.
struct Walk<'a> {
    nodes: &'a [Node],
    seen: Vec<u32>,
    round: u32,
    steps: usize,
}

impl Walk<'_> {
    /// The nodes that wait for something, and what is said of them. `ended`: the text has ended.
    fn closure(&mut self, from: impl Iterator<Item = usize>, ended: bool) -> (Vec<u32>, State) {
        self.round += 1;
        let mut set = Vec::new();
        let mut stack: Vec<usize> = from.collect();
        while let Some(node) = stack.pop() {
            self.steps += 1;
            if std::mem::replace(&mut self.seen[node], self.round) == self.round {
                continue;
            }
            match &self.nodes[node] {
                Node::Match => return (Vec::new(), State::Through),
                Node::Either(ways) => stack.extend(ways),
                Node::Edge(next) if ended => stack.push(*next),
                Node::Bytes(..) | Node::Edge(_) => set.push(node as u32),
            }
        }
        set.sort_unstable();
        let state = if set.is_empty() { State::Closed } else { State::Open };
        (set, state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn automaton(way: Way, pattern: &str) -> Automaton {
        let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
        Automaton::new(way, &[vec![Piece::Part(&hir.expect("a pattern"))]]).expect("small")
    }

    #[test]
    fn a_place_is_let_through_where_the_pattern_may_go_on() {
        for (pattern, yes, no) in [
            (
                r#"["']?\s{0,3}[:=]\s*[^\s]{8,}"#,
                &[" = hunter2-Correct", ": 12345678"][..],
                &[": ${x}", "/reset", ""][..],
            ),
            (r"\s{1,2}is$", &[" is"], &[" is not", "is"]),
            ("[0-9]{3,40}x", &["123x", "123456789x"], &["12x", "123"]),
            ("(?:ab){2}c?$", &["abab", "ababc"], &["ab", "abc", "ababd"]),
        ] {
            let forth = automaton(Way::Forth, pattern);
            yes.iter().for_each(|text| assert!(forth.passes(text.as_bytes()), "{pattern} {text}"));
            no.iter().for_each(|text| assert!(!forth.passes(text.as_bytes()), "{pattern} {text}"));
            yes.iter().for_each(|text| assert!(forth.may_begin(text.bytes().next()), "{pattern} {text}"));
        }
        for (pattern, yes, no) in [
            (r"^\s*export ", &["  export "][..], &["an export ", "export"][..]),
            ("(?:^|[^a-z])x", &["x", "-x"], &["ax", ""]),
        ] {
            let back = automaton(Way::Back, pattern);
            yes.iter().for_each(|text| assert!(back.passes(text.as_bytes()), "{pattern} {text}"));
            no.iter().for_each(|text| assert!(!back.passes(text.as_bytes()), "{pattern} {text}"));
        }
        assert!(!automaton(Way::Forth, "[0-9]").may_begin(None) && automaton(Way::Forth, "[0-9]?$").may_begin(None));
    }

    #[test]
    fn what_is_too_far_or_too_much_is_let_through() {
        let far = automaton(Way::Forth, "[a-z]*[0-9]");
        assert!(far.passes(&[b'z'; 100]) && !far.passes(&[b'z'; 10]));
        let much = automaton(Way::Forth, "(?:a|b)*a(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)(?:a|b)c");
        assert!(much.passes(&[b'a'; 20]));
        let wide = regex_syntax::parse(&"(?:(?:[a-z]{6}){6}){6}".repeat(40)).expect("a pattern");
        let made = Automaton::new(Way::Forth, &[vec![Piece::Part(&wide); 9]]);
        assert!(made.is_none_or(|made| made.passes(&[b'a'; 100])));
    }
}
