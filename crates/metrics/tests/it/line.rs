//! Line protocol: the bytes that a store gets.

use plimsoll_metrics::{
    Line, LineEncoder, LineError, LineProtocol, LineValue, Schema, parse_lines,
};
use proptest::prelude::*;
use questdb::ingress::{Buffer, ProtocolVersion, TimestampNanos};

use crate::rows::{TestBatch, V, every_type, natural, plain, s, x};

const TS: i64 = 1_700_000_000_000_000_000;

#[track_caller]
fn encode(protocol: LineProtocol, prefix: &str, rows: &TestBatch) -> (Vec<u8>, LineEncoder) {
    let mut encoder = LineEncoder::new(protocol, prefix);
    let mut out = Vec::new();
    encoder.encode(&rows.batch(), 0..rows.batch().len(), &mut out).unwrap();
    (out, encoder)
}

#[track_caller]
fn check_text(schema: &Schema, values: &[V], wanted_labels: &str, wanted_values: &str) {
    let rows = TestBatch::new(schema).row(TS, 9, values);
    let (line, _) = encode(LineProtocol::V1, "", &rows);
    let head = "t,env=prod,mode=live,producer=bot@host";
    let lead = "ts_init=1700000000000000001i,run=77i,seq=9i,flags=0i";
    let wanted = format!("{head}{wanted_labels} {lead}{wanted_values} 1700000000000000000\n");
    assert_eq!(String::from_utf8(line).unwrap(), wanted);
}

#[test]
fn a_row_is_labels_then_values_then_time() {
    check_text(
        &every_type("t"),
        &plain(),
        ",s=BTC-USD",
        r#",v="id-1",d=1.5,n=-3i,b=1i,t=1700000000000000000i"#,
    );
}

#[test]
fn unknown_values_are_left_out() {
    let null = [const { V::Null }; 6];
    check_text(&every_type("t"), &null, "", "");
    let empty = [s(""), x(""), V::Null, V::Null, V::Null, V::Null];
    check_text(&every_type("t"), &empty, "", "");
}

#[test]
fn an_unknown_part_of_a_natural_key_is_a_dash() {
    let null = [const { V::Null }; 6];
    check_text(&natural("t"), &null, ",s=-", ",v=\"-\"");
    let stripped = [s("\u{1}"), x("\0"), V::Null, V::Null, V::Null, V::Null];
    check_text(&natural("t"), &stripped, ",s=-", ",v=\"-\"");
}

#[test]
fn floats_read_back_as_the_same_floats() {
    for v in [-0.0, 5e-324, f64::MAX, 0.1, 1e21, 100.0, f64::MIN_POSITIVE] {
        let values = [V::Null, V::Null, V::D(v), V::Null, V::Null, V::Null];
        let (line, _) =
            encode(LineProtocol::V1, "", &TestBatch::new(&every_type("t")).row(TS, 0, &values));
        let line = String::from_utf8(line).unwrap();
        let text = line.split("d=").last().unwrap().split(' ').next().unwrap();
        assert_eq!(text.parse::<f64>().unwrap().to_bits(), v.to_bits(), "{text}");
    }
}

#[test]
fn floats_that_are_not_finite_are_left_out_and_counted() {
    let rows = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].iter().zip(0..).fold(
        TestBatch::new(&every_type("t")),
        |rows, (v, seq)| {
            rows.row(TS, seq, &[V::Null, V::Null, V::D(*v), V::Null, V::Null, V::Null])
        },
    );
    let (lines, encoder) = encode(LineProtocol::V2, "", &rows);
    assert!(!lines.windows(2).any(|w| w == b"d="), "{}", String::from_utf8_lossy(&lines));
    assert_eq!(encoder.counts().non_finite, 3);
}

#[test]
fn control_characters_of_labels_and_nul_of_texts_are_stripped_and_counted() {
    let values = [s("a\0\nb\u{7f}"), x("c\0d"), V::Null, V::Null, V::Null, V::Null];
    let rows = TestBatch::new(&every_type("t")).row(TS, 0, &values).row(TS, 1, &values);
    let (lines, encoder) = encode(LineProtocol::V1, "", &rows);
    let text = String::from_utf8(lines).unwrap();
    assert_eq!(
        text.lines().filter(|l| l.contains(",s=ab ") && l.contains("v=\"cd\"")).count(),
        2,
        "{text}"
    );
    assert_eq!(encoder.counts().stripped_chars, 8);
}

#[test]
fn a_row_without_time_is_refused_alone_and_leaves_no_bytes() {
    let mut values = vec![const { V::Null }; 14];
    values[1] = V::T(1);
    let rows = TestBatch::new(&every_type("t")).row(TS, 0, &plain()).raw(&values);
    let mut out = b"before".to_vec();
    let mut encoder = LineEncoder::new(LineProtocol::V2, "");
    let error = encoder.encode(&rows.batch(), 0..2, &mut out).unwrap_err();
    assert!(matches!(error, LineError::Row { row: 1, .. }), "{error}");
    assert_eq!(out, b"before");
}

#[test]
fn names_that_a_store_does_not_take_are_refused() {
    for name in ["", "a/b", "a,b", "a\"b", "a\nb", "..", "a.", "ü\u{0}", &"x".repeat(128)] {
        let rows = TestBatch::new(&every_type(name)).row(TS, 0, &plain());
        let mut out = Vec::new();
        let refused = LineEncoder::new(LineProtocol::V2, "").encode(&rows.batch(), 0..1, &mut out);
        assert!(matches!(refused, Err(LineError::Name { .. })), "{name:?}");
    }
}

#[test]
fn columns_that_the_store_lacks_are_left_out_and_counted() {
    let rows = TestBatch::new(&every_type("t")).row(TS, 0, &plain());
    let mut encoder = LineEncoder::new(LineProtocol::V1, "bt_");
    encoder.omit(&rows.schema, &["d", "s"]).unwrap();
    let mut out = Vec::new();
    encoder.encode(&rows.batch(), 0..1, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.starts_with("bt_t,env=") && !text.contains("d=1.5") && !text.contains("BTC"),
        "{text}"
    );
    assert_eq!(encoder.counts().omitted_values, 2);
}

/// The same rows through the store's own client.
fn by_questdb(rows: &[(i64, Vec<V>)]) -> Vec<u8> {
    let schema = every_type("t");
    let mut buffer = Buffer::new(ProtocolVersion::V2);
    let lead = ["ts", "ts_init", "env", "mode", "producer", "run", "seq", "flags"];
    let names: Vec<&str> =
        lead.into_iter().chain(schema.columns.iter().map(|c| c.name.as_ref())).collect();
    for ((ts, own), seq) in rows.iter().zip(0..) {
        let lead = [
            V::T(*ts),
            V::T(ts + 1),
            s("prod"),
            s("live"),
            s("bot@host"),
            V::L(77),
            V::L(seq),
            V::L(0),
        ];
        let values: Vec<(&str, V)> =
            names.iter().copied().zip(lead.into_iter().chain(own.iter().cloned())).collect();
        buffer.table("t").unwrap();
        for (name, value) in &values {
            let V::S(text) = value else { continue };
            let text: String = text.chars().filter(|c| !c.is_ascii_control()).collect();
            if !text.is_empty() {
                buffer.symbol(*name, &text).unwrap();
            }
        }
        for (name, value) in values.iter().skip(1) {
            match value {
                V::Null | V::S(_) => {}
                V::D(v) if !v.is_finite() => {}
                V::D(v) => drop(buffer.column_f64(*name, *v).unwrap()),
                V::L(v) => drop(buffer.column_i64(*name, *v).unwrap()),
                V::T(v) => drop(buffer.column_ts(*name, TimestampNanos::new(*v)).unwrap()),
                V::X(text) => {
                    let text = text.replace('\0', "");
                    if !text.is_empty() {
                        buffer.column_str(*name, &text).unwrap();
                    }
                }
            }
        }
        buffer.at(TimestampNanos::new(*ts)).unwrap();
    }
    buffer.as_bytes().to_vec()
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        Just("a,b c=d\\nevil,k=x v=9 1\n\"q\\".to_owned()),
        proptest::collection::vec(
            prop_oneof![
                Just('\\'),
                Just('"'),
                Just(' '),
                Just(','),
                Just('='),
                Just('\n'),
                Just('\r'),
                Just('\0'),
                any::<char>(),
                prop::char::range('a', 'z')
            ],
            0..40,
        )
        .prop_map(|c| c.into_iter().collect()),
    ]
}

fn own_values() -> impl Strategy<Value = (i64, Vec<V>)> {
    fn or_null(v: impl Strategy<Value = V>) -> impl Strategy<Value = V> {
        prop_oneof![1 => Just(V::Null), 4 => v]
    }
    let values = (
        or_null(hostile().prop_map(V::S)),
        or_null(hostile().prop_map(V::X)),
        or_null(any::<f64>().prop_map(V::D)),
        or_null(any::<i64>().prop_map(V::L)),
        or_null((0..=1_i64).prop_map(V::L)),
        or_null(any::<i64>().prop_map(V::T)),
    );
    (0..i64::MAX, values).prop_map(|(ts, (s, v, d, n, b, t))| (ts, vec![s, v, d, n, b, t]))
}

proptest! {
    #[test]
    fn bytes_are_those_of_the_stores_own_client(rows in proptest::collection::vec(own_values(), 1..12)) {
        let mut ours = TestBatch::new(&every_type("t"));
        for ((ts, values), seq) in rows.iter().zip(0..) {
            ours = ours.row(*ts, seq, values);
        }
        let (lines, _) = encode(LineProtocol::V2, "", &ours);
        let wanted = by_questdb(&rows);
        prop_assert_eq!(String::from_utf8_lossy(&lines), String::from_utf8_lossy(&wanted));
        prop_assert_eq!(lines, wanted);
    }

    #[test]
    fn what_is_written_is_read_back(rows in proptest::collection::vec(own_values(), 1..12)) {
        let mut ours = TestBatch::new(&every_type("t"));
        for ((ts, values), seq) in rows.iter().zip(0..) {
            ours = ours.row(*ts, seq, values);
        }
        let (lines, _) = encode(LineProtocol::V2, "", &ours);
        let read: Result<Vec<Line>, _> = parse_lines(&lines).into_iter().collect();
        let wanted: Vec<Line> = rows.iter().zip(0..).map(|((ts, own), seq)| line_of(*ts, seq, own)).collect();
        prop_assert_eq!(read.map(|lines| format!("{lines:?}")), Ok(format!("{wanted:?}")));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b','), Just(b'='), Just(b' '), Just(b'"'), Just(b'\n'), Just(b'a'), Just(b'1')], 0..200)) {
        let lines = parse_lines(&bytes);
        prop_assert!(lines.len() <= bytes.len());
    }
}

/// What a reader should make of a row.
fn line_of(ts: i64, seq: i64, own: &[V]) -> Line {
    let (lines, _) = encode(
        LineProtocol::V2,
        "",
        &TestBatch::new(&every_type("t")).row(ts, seq, &[const { V::Null }; 6]),
    );
    let mut line = parse_lines(&lines).remove(0).unwrap();
    for (name, value) in ["s", "v", "d", "n", "b", "t"].into_iter().zip(own) {
        let name = name.to_owned();
        match value {
            V::S(text) => {
                let text: String = text.chars().filter(|c| !c.is_ascii_control()).collect();
                if !text.is_empty() {
                    line.labels.push((name, text));
                }
            }
            V::X(text) if text.replace('\0', "").is_empty() => {}
            V::X(text) => line.values.push((name, LineValue::Text(text.replace('\0', "")))),
            V::D(v) if v.is_finite() => line.values.push((name, LineValue::Double(*v))),
            V::L(v) => line.values.push((name, LineValue::Long(*v))),
            V::T(v) => line.values.push((name, LineValue::Timestamp(*v))),
            V::D(_) | V::Null => {}
        }
    }
    line
}

#[test]
fn a_line_that_cannot_be_read_says_where_and_the_others_are_read() {
    #[track_caller]
    fn check(bad: &str, wanted: &str) {
        let text = format!("# comment\nt a=1 5\n{bad}\n\nt,l=x a=2i,b=t,c=\"q\" 6n\r\nt a=1");
        let read = parse_lines(text.as_bytes());
        assert_eq!(read.len(), 4, "{bad}: {read:?}");
        assert_eq!(read[1].as_ref().unwrap_err().to_string(), wanted, "{bad}");
        assert_eq!(read[2].as_ref().unwrap().ts, Some(6), "{bad}");
        assert_eq!(read[3].as_ref().unwrap().values, [("a".to_owned(), LineValue::Double(1.0))]);
    }
    let number = "a number, a truth value, a text in quotes or a binary float";
    check("t,l a=1", "line 3, byte 4: found ` `, wanted `=`");
    check("t,=x a=1", "line 3, byte 3: found `=`, wanted a label's name");
    check("t", "line 3, byte 2: found the end of the line, wanted `,` or a space");
    check("t a=x 5", &format!("line 3, byte 5: found `x`, wanted {number}"));
    check("t a=1.5i 5", &format!("line 3, byte 5: found `1`, wanted {number}"));
    check("t a=1 5.5", "line 3, byte 7: found `5`, wanted a time as a whole number");
    check("t a=1 5 6", "line 3, byte 8: found ` `, wanted the end of the line");
    check("t a==x", "line 3, byte 6: found `x`, wanted the type of a binary float, 16");
}
