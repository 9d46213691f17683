//! What walks through JSON, alone and with the rules: `cargo bench --bench walkers`.

#[path = "data/mod.rs"]
mod data;

use std::hint::black_box;
use std::io::{Cursor, Read};
use std::sync::Arc;

use casefile::redact::json::{Documents, Edit, JsonWalker, Place, ValueRedactor};
use casefile::redact::{KnownNames, MediaHint, Privacy, Pseudonyms, Redactor, RuleSet, Step};
use criterion::{BenchmarkId, Criterion, Throughput};

const BYTES: u64 = 400_000;

/// Looks at nothing, so that only the walk is left.
struct Nothing;

impl ValueRedactor for Nothing {
    type Long = ();

    fn value(&mut self, _: &Place<'_>, _: &[u8]) -> Vec<Edit> {
        Vec::new()
    }

    fn key(&mut self, _: &[u8]) -> Vec<Edit> {
        Vec::new()
    }

    fn begin(&mut self, _: &Place<'_>) {}

    fn go_on(&mut self, (): &mut (), _: &[u8], _: &mut Vec<Edit>) -> u64 {
        0
    }

    fn end(&mut self, (): (), _: &mut Vec<Edit>) {}
}

fn walks(criterion: &mut Criterion) {
    let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules load"));
    let key = Pseudonyms::new(b"a key for measurements");
    let redactor =
        Arc::new(Redactor::new(set, key, &KnownNames::default(), Privacy::Standard).expect("the rules are ready"));
    for kind in data::KINDS.into_iter().filter(|kind| ["har", "ndjson"].contains(kind)) {
        let (documents, hint) = match kind {
            "har" => (Documents::One, MediaHint::Json),
            _ => (Documents::Many, MediaHint::JsonLines),
        };
        let mut text = Vec::new();
        data::Text::new(kind, 1).expect("a kind of text").write(BYTES, &mut text).expect("memory takes all");
        let text: Arc<[u8]> = text.into();
        let open = || -> Box<dyn Read + Send> { Box::new(Cursor::new(Arc::clone(&text))) };
        let mut group = criterion.benchmark_group(kind);
        group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
        group.bench_function(BenchmarkId::from_parameter("walk"), |bencher| {
            bencher.iter(|| {
                let (mut walker, mut out) = (JsonWalker::new(Nothing, documents), Vec::with_capacity(text.len()));
                for chunk in text.chunks(256 << 10) {
                    walker.push(chunk, &mut out).expect("it is JSON");
                }
                walker.finish(&mut out).expect("it is JSON");
                black_box(out)
            });
        });
        group.bench_function(BenchmarkId::from_parameter("gather"), |bencher| {
            bencher.iter(|| redactor.scan(hint, &mut || Ok(open())).expect("JSON can be scanned"));
        });
        let scan = redactor.scan(hint, &mut || Ok(open())).expect("JSON can be scanned");
        let second = Arc::new(redactor.with_seeds(&scan.seeds).expect("its secrets can be searched for"));
        group.bench_function(BenchmarkId::from_parameter("redact"), |bencher| {
            bencher.iter(|| {
                for step in second.redact(&scan.treatment, open()) {
                    if let Step::Block(block) = step.expect("JSON can be redacted") {
                        black_box(block.bytes());
                    }
                }
            });
        });
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    walks(&mut criterion);
    criterion.final_summary();
}
