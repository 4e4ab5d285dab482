//! Asking, within the weight that the venue allows.

use std::collections::VecDeque;
use std::io::Read as _;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::HoldingsError;
use super::rows::{
    ClearinghouseState, Dex, FillRow, OrderRow, PastOrderRow, Role, SpotMeta, SpotState, SubAccount,
};
use crate::http::{Fetch, Request};

/// Weight of requests that the venue takes a minute from one address.
const WEIGHT_MAX: u32 = 1200;
const MINUTE: Duration = Duration::from_secs(60);
const REPLY_LEN_MAX: u64 = 64 << 20;
/// How often a request is made again that the venue refused for its number.
const REFUSALS_MAX: usize = 3;

/// What was asked in the last minute.
pub(super) struct Spent {
    clock: fn() -> SystemTime,
    pause: fn(Duration),
    asked: VecDeque<(SystemTime, u32)>,
}

impl Spent {
    pub(super) fn new(clock: fn() -> SystemTime, pause: fn(Duration)) -> Self {
        Self { clock, pause, asked: VecDeque::new() }
    }

    /// Waits until a request of that weight is allowed, at most a minute.
    fn wait(&mut self, weight: u32) {
        loop {
            let now = (self.clock)();
            let is_over = |at: &SystemTime| now.duration_since(*at).is_ok_and(|age| age >= MINUTE);
            while self.asked.front().is_some_and(|(at, _)| is_over(at)) {
                self.asked.pop_front();
            }
            let sum: u32 = self.asked.iter().map(|(_, weight)| weight).sum();
            let Some((oldest, _)) = self.asked.front().filter(|_| sum + weight > WEIGHT_MAX) else {
                self.asked.push_back((now, weight));
                return;
            };
            let age = now.duration_since(*oldest).unwrap_or_default();
            (self.pause)(MINUTE.saturating_sub(age).max(Duration::from_millis(1)));
        }
    }
}

pub(super) struct Ask<'a> {
    pub(super) fetch: &'a mut dyn Fetch,
    pub(super) spent: &'a mut Spent,
}

impl Ask<'_> {
    pub(super) fn role(&mut self, user: &str) -> Result<Role, HoldingsError> {
        self.post(&json!({"type": "userRole", "user": user}), 60)
    }

    /// All perpetual exchanges; the venue's own is the first, which is listed as null.
    pub(super) fn dexes(&mut self) -> Result<Vec<Dex>, HoldingsError> {
        let listed: Vec<Option<Dex>> = self.post(&json!({"type": "perpDexs"}), 20)?;
        let own = Dex { name: String::new() };
        Ok(std::iter::once(own).chain(listed.into_iter().flatten()).collect())
    }

    pub(super) fn spot_meta(&mut self) -> Result<SpotMeta, HoldingsError> {
        self.post(&json!({"type": "spotMeta"}), 20)
    }

    pub(super) fn sub_accounts(&mut self, user: &str) -> Result<Vec<SubAccount>, HoldingsError> {
        let listed: Option<Vec<SubAccount>> =
            self.post(&json!({"type": "subAccounts", "user": user}), 20)?;
        Ok(listed.unwrap_or_default())
    }

    pub(super) fn clearinghouse(
        &mut self,
        user: &str,
        dex: &str,
    ) -> Result<ClearinghouseState, HoldingsError> {
        self.post(&json!({"type": "clearinghouseState", "user": user, "dex": dex}), 2)
    }

    pub(super) fn open_orders(
        &mut self,
        user: &str,
        dex: &str,
    ) -> Result<Vec<OrderRow>, HoldingsError> {
        self.post(&json!({"type": "frontendOpenOrders", "user": user, "dex": dex}), 20)
    }

    pub(super) fn spot(&mut self, user: &str) -> Result<SpotState, HoldingsError> {
        self.post(&json!({"type": "spotClearinghouseState", "user": user}), 2)
    }

    pub(super) fn fills(
        &mut self,
        user: &str,
        since_ms: i64,
    ) -> Result<Vec<FillRow>, HoldingsError> {
        // A page weighs more the more entries it has.
        self.post(&json!({"type": "userFillsByTime", "user": user, "startTime": since_ms}), 45)
    }

    /// Entries of one sort from a moment on; the venue decides how many at once.
    pub(super) fn since<T: for<'de> Deserialize<'de>>(
        &mut self,
        sort: &str,
        user: &str,
        since_ms: i64,
    ) -> Result<Vec<T>, HoldingsError> {
        self.post(&json!({"type": sort, "user": user, "startTime": since_ms}), 45)
    }

    pub(super) fn past_orders(&mut self, user: &str) -> Result<Vec<PastOrderRow>, HoldingsError> {
        self.post(&json!({"type": "historicalOrders", "user": user}), 120)
    }

    fn post<T: for<'de> Deserialize<'de>>(
        &mut self,
        body: &Value,
        weight: u32,
    ) -> Result<T, HoldingsError> {
        let what = body.get("type").and_then(Value::as_str).unwrap_or_default();
        let failed = || HoldingsError::new(format!("cannot ask the venue for {what}"));
        let text = body.to_string();
        for _ in 0..REFUSALS_MAX {
            self.spent.wait(weight);
            let request = Request::post("/info", &text);
            let reply = self.fetch.fetch(&request).map_err(|error| failed().with_source(error))?;
            let status = reply.status;
            let mut answer = Vec::new();
            reply
                .body
                .take(REPLY_LEN_MAX)
                .read_to_end(&mut answer)
                .map_err(|error| failed().with_source(error))?;
            match status {
                200 => {
                    return serde_json::from_slice(&answer)
                        .map_err(|error| failed().with_source(error));
                }
                // Others ask from this address too: as if everything of this minute were spent.
                429 => self.spent.asked.push_back(((self.spent.clock)(), WEIGHT_MAX)),
                other => {
                    let said: String = String::from_utf8_lossy(&answer).chars().take(200).collect();
                    return Err(
                        failed().with_source(format!("it answered with status {other}: {said}"))
                    );
                }
            }
        }
        Err(failed().with_source("it refuses requests for their number".to_owned()))
    }
}
