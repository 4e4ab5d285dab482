//! `app_metrics`.

use crate::{
    encoder::Encoder,
    field::Field,
    own::{OwnTable, own_label},
    row::{HEAD_WORDS, Table, TableId, series_word},
    schema::{Column, ColumnType, Origin, Schema},
};

const fn double(name: &'static str) -> Column {
    Column::new(name, ColumnType::Double, Origin::Row, 0)
}

const COLUMNS: &[Column] = &[
    own_label("name"),
    own_label("kind"),
    own_label("labels"),
    Column::new("n", ColumnType::Long, Origin::Row, 0),
    double("value"),
    double("sum"),
    double("min"),
    double("max"),
    double("p50"),
    double("p95"),
    double("p99"),
];

static SCHEMA: Schema = Schema::own("app_metrics", COLUMNS);

/// A row; its labels are those of its series, which [`table!`](crate::table) does not offer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AppMetric {
    n: Option<i64>,
    /// `value`, `sum`, `min`, `max`, `p50`, `p95`, `p99`.
    doubles: [Option<f64>; 7],
}

impl AppMetric {
    #[allow(clippy::cast_precision_loss, reason = "`n` has the exact count")]
    pub(super) fn counter(count: u64) -> Self {
        let n = i64::try_from(count).unwrap_or(i64::MAX);
        Self { n: Some(n), doubles: [Some(count as f64), None, None, None, None, None, None] }
    }

    pub(super) fn gauge(value: f64) -> Self {
        Self { n: None, doubles: [Some(value), None, None, None, None, None, None] }
    }

    /// The row of an interval; `None` without samples. Sorts them.
    pub(super) fn histogram(samples: &mut [f64]) -> Option<Self> {
        samples.sort_unstable_by(f64::total_cmp);
        let (min, max) = (samples.first().copied()?, samples.last().copied()?);
        let sum = samples.iter().sum();
        Some(Self {
            n: i64::try_from(samples.len()).ok(),
            doubles: [
                None,
                Some(sum),
                Some(min),
                Some(max),
                rank(samples, 50),
                rank(samples, 95),
                rank(samples, 99),
            ],
        })
    }
}

/// The nearest-rank percentile of sorted samples.
fn rank(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100).max(1);
    sorted.get(rank.saturating_sub(1)).copied()
}

impl Table for AppMetric {
    const SCHEMA: &'static Schema = &SCHEMA;

    fn table_id() -> TableId {
        static NUMBER: OwnTable = OwnTable::new();
        NUMBER.id(&SCHEMA)
    }

    fn max_words(&self) -> usize {
        HEAD_WORDS.saturating_add(1).saturating_add(self.doubles.len())
    }

    fn encode(&self, series: u32, to: &mut Encoder<'_, '_>) {
        let mut bits = 0;
        let mut presence = u64::from(self.n.is_present(&mut bits));
        for (at, value) in (1_u32..).zip(&self.doubles) {
            presence |= u64::from(value.is_present(&mut bits)) << at;
        }
        to.word(series_word(series, presence));
        Field::put(&self.n, to);
        self.doubles.iter().for_each(|value| Field::put(value, to));
        to.flags(bits);
    }
}
