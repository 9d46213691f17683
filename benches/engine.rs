//! The line engine by kind of text: `cargo bench --bench engine`. Whole runs beside other programs: `benches/compare`.

#[path = "data/mod.rs"]
mod data;

use std::hint::black_box;
use std::io::{Cursor, Read};
use std::sync::Arc;

use casefile::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet, Step, Treatment};
use criterion::{BenchmarkId, Criterion, Throughput};

const BYTES: u64 = 400_000;

fn redactor() -> Arc<Redactor> {
    let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules load"));
    let names =
        KnownNames { hosts: vec!["web17".to_owned()], users: vec!["alice".to_owned()], ..KnownNames::default() };
    let key = Pseudonyms::new(b"a key for measurements");
    Arc::new(Redactor::new(set, key, &names, Privacy::Standard).expect("the rules are ready"))
}

fn text(kind: &str) -> Arc<[u8]> {
    let mut text = Vec::new();
    data::Text::new(kind, 1).expect("a kind of text").write(BYTES, &mut text).expect("memory takes all");
    text.into()
}

fn open(text: &Arc<[u8]>) -> Box<dyn Read + Send> {
    Box::new(Cursor::new(Arc::clone(text)))
}

/// Each pass by itself, so that both can be told from what they share.
fn passes(criterion: &mut Criterion) {
    let redactor = redactor();
    for kind in data::KINDS.into_iter().filter(|kind| *kind != "har").chain(["tokens-200", "tokens-1000"]) {
        let text = text(kind);
        let mut group = criterion.benchmark_group(kind);
        group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
        group.bench_with_input(BenchmarkId::from_parameter("gather"), &text, |bencher, text| {
            bencher.iter(|| redactor.scan(MediaHint::Text, &mut || Ok(open(text))).expect("a text can be scanned"));
        });
        let scan = redactor.scan(MediaHint::Text, &mut || Ok(open(&text))).expect("a text can be scanned");
        let second = Arc::new(redactor.with_seeds(&scan.seeds).expect("its secrets can be searched for"));
        group.bench_with_input(BenchmarkId::from_parameter("redact"), &text, |bencher, text| {
            bencher.iter(|| redact(&second, &scan.treatment, text));
        });
    }
}

fn redact(redactor: &Arc<Redactor>, treatment: &Treatment, text: &Arc<[u8]>) {
    for step in redactor.redact(treatment, open(text)) {
        if let Step::Block(block) = step.expect("a text can be redacted") {
            black_box(block.bytes());
        }
    }
}

/// What every run pays before its first byte.
fn start(criterion: &mut Criterion) {
    criterion.bench_function("rules are loaded", |bencher| {
        bencher.iter(|| RuleSet::load(&[]).expect("the built-in rules load"));
    });
    criterion.bench_function("rules and redactor are ready", |bencher| bencher.iter(redactor));
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    passes(&mut criterion);
    start(&mut criterion);
    criterion.final_summary();
}
