//! Lossless, bounded, and an error for what is no JSON.

use proptest::prelude::*;

use super::*;

/// Keeps all and writes down what it was asked.
#[derive(Default)]
struct Witness(Vec<String>);

fn described(place: &Place<'_>, text: &[u8]) -> String {
    let show = |bytes: Option<&[u8]>| bytes.map_or("-".into(), |b| String::from_utf8_lossy(b).into_owned());
    let path: Vec<_> = place.path.inner_to_outer().map(|k| show(Some(k))).collect();
    format!(
        "{}|{}|{}|{}|{}",
        path.join("<"),
        show(place.sibling_name),
        place.depth,
        show(Some(text)),
        if place.scalar == Scalar::Number { "n" } else { "s" }
    )
}

impl ValueRedactor for Witness {
    type Long = (String, Vec<u8>);

    fn value(&mut self, place: &Place<'_>, text: &[u8]) -> Vec<Edit> {
        self.0.push(described(place, text));
        Vec::new()
    }

    fn key(&mut self, _text: &[u8]) -> Vec<Edit> {
        Vec::new()
    }

    fn begin(&mut self, place: &Place<'_>) -> Self::Long {
        (described(place, b"long:"), Vec::new())
    }

    fn go_on(&mut self, long: &mut Self::Long, text: &[u8], _edits: &mut Vec<Edit>) -> u64 {
        long.1.extend_from_slice(text);
        long.1.len() as u64
    }

    fn end(&mut self, long: Self::Long, _edits: &mut Vec<Edit>) {
        self.0.push(long.0.replace("long:", &String::from_utf8_lossy(&long.1)));
    }
}

/// Replaces every value that has `secret` in it, or in its name, and every key that has; of a long string, each `secret`.
struct Censor;

const NEW: &str = "REDACTED-\"x\"\n";

fn whole(text: &[u8], new: &str) -> Vec<Edit> {
    vec![Edit { start: 0, end: text.len() as u64, text: new.into() }]
}

impl ValueRedactor for Censor {
    /// What has been seen, and up to where it has been looked at.
    type Long = (Vec<u8>, usize);

    fn value(&mut self, place: &Place<'_>, text: &[u8]) -> Vec<Edit> {
        let about = [Some(text), place.sibling_name, place.key];
        let hit = about.into_iter().flatten().any(|t| t.windows(6).any(|w| w == b"secret"));
        if hit { whole(text, NEW) } else { Vec::new() }
    }

    fn key(&mut self, text: &[u8]) -> Vec<Edit> {
        if text == b"secret key" { whole(text, "gone") } else { Vec::new() }
    }

    fn begin(&mut self, _place: &Place<'_>) -> Self::Long {
        (Vec::new(), 0)
    }

    fn go_on(&mut self, long: &mut Self::Long, text: &[u8], edits: &mut Vec<Edit>) -> u64 {
        long.0.extend_from_slice(text);
        while let Some(at) = long.0[long.1..].windows(6).position(|w| w == b"secret").map(|n| long.1 + n) {
            edits.push(Edit { start: at as u64, end: at as u64 + 6, text: NEW.into() });
            long.1 = at + 6;
        }
        long.1.max(long.0.len().saturating_sub(5)) as u64
    }

    fn end(&mut self, _long: Self::Long, _edits: &mut Vec<Edit>) {}
}

fn walk_in<R: ValueRedactor>(
    redactor: R,
    documents: Documents,
    limits: Limits,
    input: &[u8],
    chunk: usize,
) -> Result<(Vec<u8>, R), JsonError> {
    let mut out = Vec::new();
    let mut walker = JsonWalker::with_limits(redactor, documents, limits);
    for piece in input.chunks(chunk.max(1)) {
        walker.push(piece, &mut out)?;
    }
    let redactor = walker.finish(&mut out)?;
    Ok((out, redactor))
}

fn kept(input: &[u8]) -> Result<Vec<u8>, JsonError> {
    walk_in(Witness::default(), Documents::One, Limits::default(), input, 7).map(|(out, _)| out)
}

fn asked(input: &str) -> Vec<String> {
    walk_in(Witness::default(), Documents::Many, Limits::default(), input.as_bytes(), 5).unwrap().1.0
}

fn censored(input: &str) -> String {
    let whole = walk_in(Censor, Documents::Many, Limits::default(), input.as_bytes(), usize::MAX).unwrap().0;
    for chunk in 1..=input.len() {
        let pieces = walk_in(Censor, Documents::Many, Limits::default(), input.as_bytes(), chunk).unwrap().0;
        assert_eq!(pieces, whole, "in chunks of {chunk}");
    }
    String::from_utf8(whole).unwrap()
}

#[test]
fn what_is_kept_is_kept_byte_for_byte() {
    for input in [
        r#"{"a":1e400,"b":-0.0,"a":123456789012345678901234567890}"#,
        "\u{feff}{\r\n\t\"a\" :\u{20}[ ] , \"b\":{ }}\n\n",
        r#"["\ud83d","\u0041\/\"\\","\uD83D\uDE00"]"#,
        "\"top\"",
        " 1",
        "null",
        "[[[[]]]]",
        r#"{"value":"x","name":"n"}"#,
        r#"{"value":["x",{"value":1}],"n":2}"#,
    ] {
        assert_eq!(kept(input.as_bytes()).as_deref(), Ok(input.as_bytes()), "{input}");
    }
    let not_utf8 = b"{\"a\":\"\xff\xfe\"}";
    assert_eq!(kept(not_utf8).as_deref(), Ok(&not_utf8[..]));
}

#[test]
fn broken_json_is_refused() {
    for input in [
        "",
        " ",
        "{",
        "[1",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "[1,]",
        "{\"a\":1,}",
        "{,}",
        "[,1]",
        "{\"a\" 1}",
        "{1:2}",
        "[1 2]",
        "\"abc",
        "\"a\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"a\nb\"",
        "tru",
        "nul",
        "NaN",
        "01",
        "1.",
        "[1}",
        "{]",
        "}",
        "1 2",
        "{}{}",
        "{\"a\":1}x",
        "\u{feff}",
        "\u{feff}\u{feff}1",
        "'a'",
        "\"a\" \"b\"",
        "{\"\\x\":1}",
        "-",
        "[1.]",
    ] {
        for chunk in [1, 2, 100] {
            let result = walk_in(Witness::default(), Documents::One, Limits::default(), input.as_bytes(), chunk);
            assert!(result.is_err(), "{input:?} in chunks of {chunk}");
        }
    }
    let mut walker = JsonWalker::new(Censor, Documents::One);
    let mut out = Vec::new();
    assert_eq!(walker.push(b"[x", &mut out), Err(JsonError::Syntax { offset: 1 }));
    assert_eq!(walker.push(b"]", &mut out), Err(JsonError::AlreadyFailed));
    assert!(walker.finish(&mut out).is_err());
}

#[test]
fn many_documents_need_space_between() {
    let many =
        |input: &str| walk_in(Censor, Documents::Many, Limits::default(), input.as_bytes(), 3).map(|(out, _)| out);
    for input in ["", "\n", "{\"a\":1}\n{\"a\":2}\n", "1 2\n\"x\"", "{}\r\n\r\n[]"] {
        assert_eq!(many(input).as_deref(), Ok(input.as_bytes()), "{input:?}");
    }
    for input in ["{}{}", "\"a\"\"b\"", "{}\n{", "{}\nx"] {
        assert!(many(input).is_err(), "{input:?}");
    }
}

#[test]
fn a_replaced_value_is_quoted_and_escaped() {
    let new = serde_json::to_string(NEW).unwrap();
    assert_eq!(censored(r#"{"a": "my secret", "b": "open" }"#), format!(r#"{{"a": {new}, "b": "open" }}"#));
    assert_eq!(censored(r#"["\u0073ecret",1]"#), format!("[{new},1]"));
    assert_eq!(censored(r#"{"secret":42,"x":42}"#), format!(r#"{{"secret":{new},"x":42}}"#));
    assert_eq!(censored(r#"{"secret":[1,["y",null]]}"#), format!(r#"{{"secret":[{new},[{new},null]]}}"#));
    assert_eq!(censored(r#"{"secret key":null}"#), r#"{"gone":null}"#);
    assert_eq!(censored("7 \"secret\""), format!("7 {new}"));
    assert_eq!(censored(r#"{"a":"secret","a":"secret"}"#), format!(r#"{{"a":{new},"a":{new}}}"#));
}

#[test]
fn a_value_goes_by_the_name_beside_it_in_either_order() {
    let new = serde_json::to_string(NEW).unwrap();
    assert_eq!(
        censored(r#"[{"name":"secret","value":"v"},{"name":"other","value":"w"}]"#),
        format!(r#"[{{"name":{new},"value":{new}}},{{"name":"other","value":"w"}}]"#)
    );
    assert_eq!(
        censored(r#"[{"value":"v", "x":{"y":[1]}, "name":"secret"} , 2]"#),
        format!(r#"[{{"value":{new}, "x":{{"y":[1]}}, "name":{new}}} , 2]"#)
    );
    assert_eq!(
        censored(r#"{"value":["a",{"value":"b","name":"n"},"c"],"Key":"secret"}"#),
        format!(r#"{{"value":[{new},{{"value":"b","name":"n"}},{new}],"Key":{new}}}"#)
    );
    assert_eq!(
        censored(r#"{"key":"secret","value":{"stringValue":"v"}}"#),
        format!(r#"{{"key":{new},"value":{{"stringValue":{new}}}}}"#)
    );
    // Of two names the one that promises a secret decides.
    let asked = asked(r#"{"key":"password","name":"n","value":"v"}"#);
    assert_eq!(asked.last().map(String::as_str), Some("value|password|1|v|s"));
}

#[test]
fn the_place_says_where_a_value_stands() {
    assert_eq!(
        asked(r#"{"log":{"entries":[{"cookies":[{"name":"sid","value":"v"}]}]},"n":[[-1]]}"#),
        ["name<cookies<entries<log|-|6|sid|s", "value<cookies<entries<log|sid|6|v|s", "n|-|3|-1|n",]
    );
    assert_eq!(asked(r#""x" [true,"y"]"#), ["|-|0|x|s", "|-|1|y|s"]);
    // A description beside a name is not what the name is about.
    assert_eq!(asked(r#"{"name":"password","help":"type it"}"#), ["name|-|1|password|s", "help|-|1|type it|s"]);
}

#[test]
fn a_value_does_not_wait_for_its_name_forever() {
    let limits = Limits { hold: 40, ..Limits::default() };
    let far = format!(r#"{{"value":"v","pad":[{}0],"name":"secret"}}"#, "1,".repeat(40));
    let near = r#"{"value":"v","pad":[1],"name":"secret"}"#;
    for chunk in [1, 3, 1000] {
        let walk = |input: &str| walk_in(Censor, Documents::One, limits, input.as_bytes(), chunk).unwrap().0;
        assert!(walk(&far).starts_with(br#"{"value":"v","#), "too far off");
        assert!(!walk(near).starts_with(br#"{"value":"v","#), "near enough");
    }
    let table = format!(r#"{{"value":[{}"secret"],"name":"n"}}"#, "1,".repeat(5000));
    let whole = walk_in(Censor, Documents::One, Limits::default(), table.as_bytes(), usize::MAX).unwrap().0;
    assert_eq!(whole, walk_in(Censor, Documents::One, Limits::default(), table.as_bytes(), 1).unwrap().0);
}

#[test]
fn limits_refuse_what_would_fill_the_memory() {
    let bomb = "[".repeat(100_000);
    assert_eq!(kept(bomb.as_bytes()), Err(JsonError::TooDeep { limit: 512 }));
    let deep = format!("{}{}", "[".repeat(512), "]".repeat(512));
    assert_eq!(kept(deep.as_bytes()).as_deref(), Ok(deep.as_bytes()));
    let limits = Limits { value: 10, key: 5, ..Limits::default() };
    for chunk in [1, 4, 100] {
        let walk = |input: &str| walk_in(Censor, Documents::One, limits, input.as_bytes(), chunk).map(|_| ());
        assert_eq!(walk(r#"["12345678"]"#), Ok(()));
        assert_eq!(walk(r#"["123456789"]"#), Ok(()), "a longer string goes by bit by bit");
        assert_eq!(walk("[12345678901]"), Err(JsonError::TooLong { limit: 10 }));
        assert_eq!(walk(r#"{"1234":1}"#), Err(JsonError::TooLong { limit: 5 }));
    }
}

#[test]
fn a_long_string_goes_by_bit_by_bit() {
    let limits = Limits { value: 20, ..Limits::default() };
    let new = serde_json::to_string(NEW).unwrap();
    let new = &new[1..new.len() - 1];
    let input = r#"{"a":"\ud83d\ude00 a secret \/ and s\u0065cret, \ud83d end","value":"long enough to be long, secretsecret","name":"n"}"#;
    let expected = format!(
        r#"{{"a":"\ud83d\ude00 a {new} \/ and {new}, \ud83d end","value":"long enough to be long, {new}{new}","name":"n"}}"#
    );
    for chunk in (1..60).chain([1000]) {
        let (out, _) = walk_in(Censor, Documents::One, limits, input.as_bytes(), chunk).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected, "in chunks of {chunk}");
        let (out, witness) = walk_in(Witness::default(), Documents::One, limits, input.as_bytes(), chunk).unwrap();
        assert_eq!(out, input.as_bytes());
        assert_eq!(witness.0[0], "a|-|1|😀 a secret / and secret, \u{fffd}\u{fffd}\u{fffd} end|s");
    }
    for broken in [r#"["long enough to be long \x"]"#, "[\"long enough to be long\n\"]", "[\"long enough to be long"] {
        for chunk in [1, 7, 1000] {
            assert!(walk_in(Censor, Documents::One, limits, broken.as_bytes(), chunk).is_err(), "{broken}");
        }
    }
}

/// Looks at nothing and remembers nothing but lengths.
struct Passer;

impl ValueRedactor for Passer {
    type Long = u64;

    fn value(&mut self, _place: &Place<'_>, _text: &[u8]) -> Vec<Edit> {
        Vec::new()
    }

    fn key(&mut self, _text: &[u8]) -> Vec<Edit> {
        Vec::new()
    }

    fn begin(&mut self, _place: &Place<'_>) -> u64 {
        0
    }

    fn go_on(&mut self, long: &mut u64, text: &[u8], _edits: &mut Vec<Edit>) -> u64 {
        *long += text.len() as u64;
        *long
    }

    fn end(&mut self, _long: u64, _edits: &mut Vec<Edit>) {}
}

#[test]
fn a_string_of_64_megabytes_is_never_held() {
    let mut walker = JsonWalker::new(Passer, Documents::One);
    let (mut out, mut most, mut written) = (Vec::new(), 0, 0);
    let chunk = br"some text with \u0065scapes \/ in it, ".repeat(1700);
    walker.push(b"{\"body\":\"", &mut out).unwrap();
    for _ in 0..1000 {
        walker.push(&chunk, &mut out).unwrap();
        most = most.max(walker.held());
        written += std::mem::take(&mut out).len();
    }
    walker.push(b"\"}", &mut out).unwrap();
    walker.finish(&mut out).unwrap();
    assert_eq!(written + out.len(), 1000 * chunk.len() + 11);
    assert!(most < 1 << 20, "{most} bytes were held");
}

/// JSON text of any shape, with what generators of documents seldom write.
fn json() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        Just("\"value\"".to_owned()),
        Just("\"name\"".to_owned()),
        Just("\"secret\"".to_owned()),
        any::<String>().prop_map(|s| serde_json::to_string(&s).unwrap()),
    ];
    let leaf = prop_oneof![
        any::<String>().prop_map(|s| serde_json::to_string(&s).unwrap()),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(|f| serde_json::to_string(&f).unwrap()),
        prop::sample::select(vec![
            "null",
            "true",
            "1e400",
            "-0",
            r#""\ud83d""#,
            r#""\u0041\/""#,
            r#""secret""#,
            "\"\""
        ])
        .prop_map(str::to_owned),
    ];
    let space = || prop::sample::select(vec!["", " ", "\n", "\t\r\n  "]);
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..6), space())
                .prop_map(|(items, s)| format!("[{s}{}{s}]", items.join(&format!("{s},{s}")))),
            (prop::collection::vec((key.clone(), inner), 0..6), space()).prop_map(|(members, s)| {
                let members: Vec<_> = members.iter().map(|(k, v)| format!("{k}{s}:{s}{v}")).collect();
                format!("{{{s}{}{s}}}", members.join(&format!(",{s}")))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn keeping_reproduces_the_input_however_it_is_cut(input in json(), chunk in 1usize..40) {
        let (out, witness) = walk_in(Witness::default(), Documents::One, Limits::default(), input.as_bytes(), chunk).unwrap();
        prop_assert_eq!(&out, input.as_bytes());
        let whole = walk_in(Witness::default(), Documents::One, Limits::default(), input.as_bytes(), usize::MAX).unwrap();
        prop_assert_eq!(witness.0, whole.1.0);
    }

    #[test]
    fn replacing_leaves_json_however_it_is_cut(input in json(), chunk in 1usize..40, hold in 0u64..80) {
        let limits = Limits { hold, ..Limits::default() };
        let (out, _) = walk_in(Censor, Documents::One, limits, input.as_bytes(), chunk).unwrap();
        let (whole, _) = walk_in(Censor, Documents::One, limits, input.as_bytes(), usize::MAX).unwrap();
        prop_assert_eq!(&out, &whole);
        prop_assert_eq!(kept(&out), Ok(out));
    }

    #[test]
    fn a_truncated_container_is_refused(input in json(), keep in 0.0..1.0f64) {
        prop_assume!(input.starts_with(['{', '[']));
        let cut = (input.len() as f64 * keep) as usize;
        prop_assert!(kept(&input.as_bytes()[..cut]).is_err());
    }

    #[test]
    fn any_bytes_are_only_read(input in prop::collection::vec(any::<u8>(), 0..200), chunk in 1usize..20) {
        let one = walk_in(Censor, Documents::Many, Limits::default(), &input, chunk).map(|(out, _)| out);
        let other = walk_in(Censor, Documents::Many, Limits::default(), &input, usize::MAX).map(|(out, _)| out);
        prop_assert_eq!(one.is_ok(), other.is_ok());
    }
}
