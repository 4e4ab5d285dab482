use plimsoll_paper::{Bars, Decimal};

struct Case {
    name: &'static str,
    text: &'static str,
    /// Bars, first date, last close, last volume.
    expected: (usize, &'static str, &'static str, Option<&'static str>),
}

#[track_caller]
fn check(case: &Case) {
    let bars = match Bars::parse("file.csv", case.text) {
        Ok(bars) => bars,
        Err(error) => panic!("{}: {error}", case.name),
    };
    let last = bars.get(bars.len() - 1).unwrap();
    let volume = last.volume_minor.map(|v| Decimal::new(v, bars.volume_scale()).unwrap());
    let found = (bars.len(), bars.date(0).unwrap(), bars.px(last.close_minor), volume);
    let (len, date, close, volume) = case.expected;
    let wanted = (len, date.to_owned(), close.parse().unwrap(), volume.map(|v| v.parse().unwrap()));
    assert_eq!(found, wanted, "{}", case.name);
}

#[test]
fn the_files_of_the_usual_exporters_are_read() {
    let cases = [
        Case {
            name: "binance klines without header",
            text: "1502942400000,4261.48,4313.62,4261.32,4308.83,47.181009,1502945999999,202366.1,171,35.1,150952.4,0\n\
                   1502946000000,4308.83,4328.69,4291.37,4315.32,23.234916,1502949599999,100304.8,102,21.4,92608.2,0\n",
            expected: (2, "2017-08-17 04:00:00", "4315.32", Some("23.234916")),
        },
        Case {
            name: "binance klines with header, microseconds",
            text: "open_time,open,high,low,close,volume,close_time,quote_volume,count,x,y,ignore\n\
                   1735689600000000,1,2,0.5,1.5,10,1735693199999999,1,1,1,1,0\n",
            expected: (1, "2025-01-01", "1.5", Some("10")),
        },
        Case {
            name: "yahoo with byte-order mark and CRLF",
            text: "\u{feff}Date,Open,High,Low,Close,Adj Close,Volume\r\n\
                   2018-12-28,2498.77002,2520.27002,2472.889893,2485.73999,2485.73999,3702620000\r\n",
            expected: (1, "2018-12-28", "2485.73999", Some("3702620000")),
        },
        Case {
            name: "tradingview",
            text: "time,open,high,low,close\n2024-03-01T09:30:00-05:00,1,2,1,2\n",
            expected: (1, "2024-03-01 14:30:00", "2", None),
        },
        Case {
            name: "cryptodatadownload, newest first, with its comment line",
            text: "https://www.CryptoDataDownload.com\n\
                   unix,date,symbol,open,high,low,close,Volume BTC,Volume USD\n\
                   1646179200,2022-03-02 00:00:00,BTC/USD,44417,44500,44000,44357.52,5.1,226221\n\
                   1646092800,2022-03-01 00:00:00,BTC/USD,43180,44949,42809,44420,3269.1,142539463\n",
            expected: (2, "2022-03-01", "44357.52", Some("5.1")),
        },
        Case {
            name: "coinbase puts low before high",
            text: "time,low,high,open,close,volume\n1577836800,1,4,2,3,5\n",
            expected: (1, "2020-01-01", "3", Some("5")),
        },
        Case {
            name: "stooq with angle brackets, date and time",
            text: "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n\
                   AAPL.US,5,20240102,153500,187.15,187.2,187,187.1,100,0\n",
            expected: (1, "2024-01-02 15:35:00", "187.1", Some("100")),
        },
        Case {
            name: "kraken bars without header",
            text: "1616662740,52591.9,52599.9,52591.8,52599.9,0.11091626,5\n",
            expected: (1, "2021-03-25 08:59:00", "52599.9", Some("0.11091626")),
        },
        Case {
            name: "semicolons",
            text: "Date;Open;High;Low;Close;Volume\n2020-01-02;1.5;2;1;1.75;9\n",
            expected: (1, "2020-01-02", "1.75", Some("9")),
        },
        Case {
            name: "tabs and nanoseconds",
            text: "ts\topen\thigh\tlow\tclose\n1577836800000000000\t1\t2\t1\t2\n",
            expected: (1, "2020-01-01", "2", None),
        },
        Case {
            name: "small prices in scientific notation",
            text: "timestamp,open,high,low,close\n1577836800,1e-05,2E-5,1e-05,0.000015\n",
            expected: (1, "2020-01-01", "0.000015", None),
        },
        Case {
            name: "trades become minutes",
            text: "timestamp,price,amount,side\n1577836800.25,10,1,buy\n1577836859,12,0.5,sell\n1577836860,11,2,buy\n",
            expected: (2, "2020-01-01", "11", Some("2")),
        },
        Case {
            name: "binance trades without header",
            text: "28457,4261.48,0.1,426.148,1502942428322,true,true\n28458,4262,0.2,852.4,1502942429000,false,true\n",
            expected: (1, "2017-08-17 04:00:00", "4262", Some("0.3")),
        },
    ];
    for case in &cases {
        check(case);
    }
}

#[test]
fn what_cannot_be_read_is_named_by_line_and_column() {
    let head = "Date,Open,High,Low,Close,Volume\n";
    let row = "2020-01-02,1,2,1,2,5\n";
    let cases = [
        ("empty", String::new(), "`f.csv` has no rows, wanted bars or trades as CSV"),
        ("header only", head.to_owned(), "`f.csv` has no rows, wanted bars or trades as CSV"),
        (
            "not a number",
            format!("{head}{row}2020-01-03,1,null,1,2,5\n"),
            "f.csv:3:3 (high): found `null`, wanted a decimal number such as 1229.23",
        ),
        (
            "not a number by name",
            format!("{head}2020-01-03,NaN,2,1,2,5\n"),
            "f.csv:2:2 (open): found `NaN`, wanted a decimal number such as 1229.23",
        ),
        (
            "zero price",
            format!("{head}2020-01-03,1,2,0,2,5\n"),
            "f.csv:2:4 (low): found `0`, wanted a number above zero",
        ),
        (
            "negative price",
            format!("{head}2020-01-03,1,2,1,-2,5\n"),
            "f.csv:2:5 (close): found `-2`, wanted a number above zero",
        ),
        (
            "high below low",
            format!("{head}2020-01-03,1,1,2,1,5\n"),
            "f.csv:2:3 (high): found `1`, wanted a high of at least 2, the highest of the bar",
        ),
        (
            "low above open",
            format!("{head}2020-01-03,1,3,2,2,5\n"),
            "f.csv:2:4 (low): found `2`, wanted a low of at most 1, the lowest of the bar",
        ),
        (
            "duplicate time",
            format!("{head}{row}{row}"),
            "f.csv:3:1: found `2020-01-02`, wanted a time of its own; the row before has the same",
        ),
        (
            "unsorted",
            format!("{head}{row}2020-01-01,1,2,1,2,5\n2020-01-03,1,2,1,2,5\n"),
            "f.csv:3:1: found `2020-01-01`, wanted rows sorted by time; the row before is of 2020-01-02",
        ),
        (
            "decimal comma",
            "Date;Open;High;Low;Close\n2020-01-02;1,5;2;1;1\n".to_owned(),
            "f.csv:2:2 (open): found `1,5`, wanted a decimal number such as 1229.23",
        ),
        (
            "short row",
            format!("{head}2020-01-03,1,2,1\n"),
            "f.csv:2:5 (close): found `nothing`, wanted a value; the row has 4 columns",
        ),
        (
            "ambiguous date",
            format!("{head}01/02/2020,1,2,1,2,5\n"),
            "f.csv:2:1 (date): found `01/02/2020`, wanted a time: YYYY-MM-DD, ISO 8601, or an epoch in seconds, ms, us or ns",
        ),
        (
            "impossible date",
            format!("{head}2020-02-30,1,2,1,2,5\n"),
            "f.csv:2:1 (date): found `2020-02-30`, wanted a time: YYYY-MM-DD, ISO 8601, or an epoch in seconds, ms, us or ns",
        ),
        (
            "unknown columns",
            "a,b,c\n1,2,3\n".to_owned(),
            "f.csv:1: found columns `a,b,c`, wanted a time column with open, high, low, close[, volume], or with price and qty (amount, size); without a header: Binance or Kraken exports",
        ),
        (
            "negative volume",
            format!("{head}2020-01-03,1,2,1,2,-5\n"),
            "f.csv:2:6 (volume): found `-5`, wanted a volume of zero or more",
        ),
    ];
    for (name, text, wanted) in cases {
        let error = Bars::parse("f.csv", &text).unwrap_err();
        assert_eq!(error.to_string(), wanted, "{name}");
    }
}

#[test]
fn lines_are_counted_with_the_comment_line_of_the_exporter() {
    let text = "https://example.org\nunix,open,high,low,close\n1577836800,1,2,1,x\n";
    let error = Bars::parse("f.csv", text).unwrap_err();
    assert!(error.to_string().starts_with("f.csv:3:5 (close): found `x`"), "{error}");
}

#[test]
fn a_file_that_is_missing_or_no_text_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bars.csv");
    let error = Bars::from_csv(&path).unwrap_err();
    assert!(error.to_string().contains("bars.csv"), "{error}");
    std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    assert!(Bars::from_csv(&path).is_err());
    std::fs::write(&path, "Date,Open,High,Low,Close\n2020-01-02,1,2,1,2\n").unwrap();
    assert_eq!(Bars::from_csv(&path).unwrap().len(), 1);
}

#[test]
fn the_sample_is_whole_and_holds_the_falls_of_2000_and_2008() {
    let bars = Bars::sample().unwrap();
    assert_eq!((bars.len(), bars.px_scale()), (5031, 2));
    assert_eq!(bars.date(0).unwrap(), "1999-01-04");
    assert_eq!(bars.date(5030).unwrap(), "2018-12-31");
    let (mut peak, mut deepest) = (0.0_f64, 0.0_f64);
    for bar in bars.iter() {
        let close = bars.px(bar.close_minor).to_f64();
        peak = peak.max(close);
        deepest = deepest.max(1.0 - close / peak);
    }
    assert!((0.56..0.58).contains(&deepest), "{deepest}");
    let crisis = bars.between("2008-09-01", "2008-11-01").unwrap();
    assert_eq!(crisis.date(0).unwrap(), "2008-09-02");
    assert!(bars.between("1970-01-01", "1970-01-02").is_err());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 300, failure_persistence: None, ..Default::default()
    })]

    #[test]
    fn no_text_makes_the_reader_panic(text in "[0-9a-zA-Z,;:\\-\\.\\n\\r\"TZ+ <>#/\u{feff}é]{0,200}") {
        let outcome = Bars::parse("f.csv", &text);
        let with_head = Bars::parse("f.csv", &format!("time,open,high,low,close\n{text}"));
        proptest::prop_assert!(outcome.is_ok() || outcome.is_err());
        proptest::prop_assert!(with_head.is_ok() || with_head.is_err());
    }
}
