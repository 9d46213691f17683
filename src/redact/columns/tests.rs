//! Which cells of which tables go, and what is no table.

use std::sync::{Arc, OnceLock};

use crate::redact::decode::Encoding;
use crate::redact::{KnownNames, Privacy, Pseudonyms, Redactor, RuleSet, Step, Treatment};

fn redactor() -> Arc<Redactor> {
    static SHARED: OnceLock<Arc<Redactor>> = OnceLock::new();
    Arc::clone(SHARED.get_or_init(|| {
        let set = Arc::new(RuleSet::load(&[]).expect("the built-in rules load"));
        let names = KnownNames::default();
        Arc::new(Redactor::new(set, Pseudonyms::new(b"tables"), &names, Privacy::Standard).expect("ready"))
    }))
}

/// What is found in `text` in one pass.
fn found(text: &str) -> Vec<&str> {
    let found = redactor().find(text.as_bytes()).expect("it is looked at");
    found.iter().map(|finding| &text[finding.start..finding.end]).collect()
}

fn redacted(text: &str) -> String {
    let input = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
    let mut out = Vec::new();
    for step in redactor().redact(&Treatment::Text(Encoding::Utf8), input) {
        if let Step::Block(block) = step.expect("it is redacted") {
            out.extend_from_slice(block.bytes());
        }
    }
    String::from_utf8(out).expect("text")
}

#[test]
fn cells_of_a_table_of_lines_go_by_the_name_of_their_column() {
    for (text, expected) in [
        ("name,password,age\nbob,swordfish,3\neve,\"a, b\"\"c\",4\n", &["swordfish", "a, b\"\"c"][..]),
        ("Name;Kennwort\r\nbob;swordfish\r\n", &["swordfish"]),
        ("login\tpass\tnote\nbob\tswordfish\tx\n", &["swordfish"]),
        ("\"Title\",\"Login Name\",\"Password\"\n\"x\",\"bob\",\"sword fish\"\n", &["sword fish"]),
        (" id | password\n----+----------\n  1 | swordfish\n(1 row)\n\n  1 | herring\n", &["swordfish"]),
        ("| user | password |\n|------|:---------|\n| bob | swordfish |\n", &["swordfish"]),
        ("name,password\nbob,NULL\neve,${PW}\nann,********\n", &[]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn a_field_in_quotation_marks_may_go_on_over_lines() {
    let text = "name,note,password\nbob,\"first\nsecond, third\",swordfish\neve,x,herring\n";
    assert_eq!(found(text), ["swordfish", "herring"]);
    assert_eq!(found("name,password\nbob,\"sword\nfish\"\neve,herring\n"), ["sword", "fish", "herring"]);
}

#[test]
fn sentences_and_other_tables_name_no_columns() {
    for text in [
        "user, password and token\nbob, swordfish and more\n",
        "user, password\nbob, swordfish\n",
        "name,token_type,age\nbob,swordfish,3\n",
        "login | password\nbob | swordfish\n",
        "name,password,age\nno\nmore\nof\nthis\ntable\nbob,swordfish,3\n",
        "2026-11-23 10:15:00,password,age\nbob,swordfish,3\n",
    ] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn values_of_an_insert_go_by_the_names_before_them() {
    for (text, expected) in [
        (
            "INSERT INTO users (name, password) VALUES ('bob','swordfish'),\n ('eve', 'it''s');\n",
            &["swordfish", "it''s"][..],
        ),
        ("x DEBUG insert into `users` (`id`,`pass`) values (1, N'sword\\'fish') on duplicate key\n", &["sword\\'fish"]),
        ("REPLACE INTO [users] ([password], [id])\nVALUES\n(CONCAT('sword', 'fish'), 1)\n", &["sword", "fish"]),
        ("INSERT INTO users (id, password) VALUES (1, 48151623);\n", &["48151623"]),
        ("INSERT INTO users (id, password) VALUES (?, ?), ($1, :pw), (1, NULL)\n", &[]),
        ("INSERT INTO users (id, password) SELECT 1, 'swordfish'\n", &[]),
        ("insert into the queue (see password), 'swordfish'\n", &[]),
        ("INSERT INTO users VALUES (1,'swordfish');\n", &[]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn a_dump_names_the_columns_where_it_makes_the_table() {
    let dump = "CREATE TABLE IF NOT EXISTS `shop`.`users` (\n  `id` int(10) DEFAULT '0', -- a, b\n  `name` varchar(9) COMMENT 'x,y',\n  \
                `password` char(60) NOT NULL,\n  PRIMARY KEY (`id`,`name`)\n) ENGINE=x;\nLOCK TABLES `users` WRITE;\n\
                INSERT INTO `users` VALUES (1,'a,(b','swordfish'),(2,'c','herring');\n";
    assert_eq!(found(dump), ["swordfish", "herring"]);
    let copy = "COPY public.users (id, password) FROM stdin;\n1\tswordfish\n2\t\\N\n3\therring\n\\.\n4\tsalmon\n";
    assert_eq!(found(copy), ["swordfish", "herring"]);
}

#[test]
fn a_dump_of_one_long_line_is_read_window_by_window() {
    let rows: Vec<String> = (0..9000).map(|n| format!("({n},'user{n}','sword{n:05}fish')")).collect();
    let dump = format!("INSERT INTO users (id, name, password) VALUES {};\nafter\n", rows.join(","));
    assert!(dump.len() > 3 * crate::redact::split::WINDOW);
    let out = redacted(&dump);
    assert!(!out.contains("fish") && out.contains("'user8999','REDACTED-") && out.ends_with(");\nafter\n"));
    assert_eq!(out.matches("REDACTED-").count(), 9000);
    assert_eq!(redacted(&out), out);
}

#[test]
fn a_table_goes_on_over_pieces() {
    let rows: Vec<String> = (0..90_000).map(|n| format!("user{n},sword{n:05}fish,x")).collect();
    let table = format!("name,password,note\n{}\n", rows.join("\n"));
    assert!(table.len() > 2 << 20);
    let out = redacted(&table);
    assert!(!out.contains("fish"));
    assert_eq!(out.lines().count(), table.lines().count());
}

#[test]
fn what_is_escaped_is_a_table_too() {
    let text = r#"{"log":"\nname,password\nbob,swordfish\n","sql":"INSERT INTO \"t\" (\"password\") VALUES ('herring', \"x\")"}"#;
    assert_eq!(found(text), ["swordfish", "herring"]);
    let dump = r#"ran "CREATE TABLE t (\n  id int,\n  password text\n);\nINSERT INTO t VALUES\n(1, 'herring');\n""#;
    assert_eq!(found(dump), ["herring"]);
    assert_eq!(found(r#"ran "COPY t (id, password) FROM stdin;\n1\therring\n""#), ["herring"]);
}

#[test]
fn a_statement_ends_at_the_same_place_when_a_value_before_it_is_replaced() {
    // The sign that ends it is no part of an empty cookie.
    for text in
        ["-INSERT INTO(,pass)VALUE(,Cookie:d=;\n3Jkene", "insert into t (id,pass) values (1,Cookie: a=b;\n3Jkene"]
    {
        let once = redacted(text);
        assert!(once.contains("3Jkene"), "{once}");
        assert_eq!(redacted(&once), once);
    }
}
