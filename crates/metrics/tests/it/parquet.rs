//! What is exported as Parquet is in the file, and reading it back says so.

use std::fs;

use plimsoll_metrics::{
    ColumnType, ParquetError, ParquetWriter, Timestamp,
    read::{Datum, Store},
    read_parquet,
};

use crate::stored::{Build, V, at, open, with};

#[test]
fn a_table_and_a_query_come_back_as_they_were_written() {
    let dir = tempfile::tempdir().unwrap();
    let (path, file) = (dir.path().join("s.db"), dir.path().join("rows.parquet"));
    let mut build = Build::table("trading_fills");
    for seq in 0..3 {
        let id = format!("t-{seq}");
        let values = [("trade_id", V::S(&id)), ("last_px", V::D(0.1)), ("account_id", V::S("a"))];
        build.add(&with(at(seq, 1, seq), &values));
    }
    build.write(&mut open(&path)).unwrap();
    let store = Store::open(&path).unwrap();
    let export = |what: &str| {
        let written = store.export_parquet(what, fs::File::create(&file).unwrap()).unwrap();
        assert_eq!(read_parquet(&file).unwrap(), written, "{what}");
        written
    };
    let table = export("trading_fills");
    assert_eq!(table.rows, 3);
    assert_eq!(export("SELECT * FROM trading_fills").rows, 3);
    let one = export("SELECT trade_id, last_px FROM trading_fills WHERE seq = 1");
    assert_ne!(one.digest, table.digest);
    assert_eq!(export("SELECT count(*) FROM trading_fills").rows, 1);
    assert_eq!(export("SELECT * FROM trading_fills WHERE seq > 9").rows, 0);
}

fn columns() -> Vec<(String, ColumnType)> {
    let types = [ColumnType::Timestamp, ColumnType::Long, ColumnType::Double, ColumnType::Varchar];
    ["t", "l", "d", "s"].map(str::to_owned).into_iter().zip(types).collect()
}

fn row(n: i64) -> [Datum; 4] {
    let text = if n % 3 == 0 { Datum::Null } else { Datum::Text(format!("ä{n}")) };
    let double = if n % 5 == 0 { f64::NAN } else { -0.5 };
    [
        Datum::Timestamp(Timestamp::from_nanos(n)),
        Datum::Long(i64::MIN + n),
        Datum::Double(double),
        text,
    ]
}

#[test]
fn more_rows_than_a_group_holds_are_counted_and_a_changed_value_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, rows: i64, changed: Option<i64>| {
        let file = dir.path().join(name);
        let to = fs::File::create(&file).unwrap();
        let mut writer = ParquetWriter::new(to, &columns()).unwrap();
        for n in 0..rows {
            let row = if changed == Some(n) { row(n + 1) } else { row(n) };
            writer.row(&row).unwrap();
        }
        let written = writer.finish().unwrap();
        assert_eq!(read_parquet(&file).unwrap(), written);
        written
    };
    let all = write("a", 120_000, None);
    assert_eq!(all.rows, 120_000);
    assert_eq!(write("b", 120_000, None), all);
    assert_ne!(write("c", 120_000, Some(110_000)).digest, all.digest);
    assert_ne!(write("d", 119_999, None).digest, all.digest);
}

#[test]
fn what_is_no_parquet_or_cut_short_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a");
    let mut writer = ParquetWriter::new(fs::File::create(&file).unwrap(), &columns()).unwrap();
    for n in 0..100 {
        writer.row(&row(n)).unwrap();
    }
    writer.finish().unwrap();
    let bytes = fs::read(&file).unwrap();
    for end in [0, 4, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&file, &bytes[..end]).unwrap();
        assert!(matches!(read_parquet(&file), Err(ParquetError::Read { .. })), "{end} bytes");
    }
    let mut writer = ParquetWriter::new(Vec::new(), &columns()).unwrap();
    let error = writer.row(&[Datum::Text("x".into())]).unwrap_err().to_string();
    assert!(error.contains("column `t`"), "{error}");
}
