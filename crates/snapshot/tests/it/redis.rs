//! The engine's cache in Redis: captured, compared, put back.

use std::sync::atomic::Ordering;
use std::time::Duration;

use plimsoll_snapshot::RedisServer;
use plimsoll_snapshot::capture::RedisKeys;
use plimsoll_snapshot::plan::Event;
use plimsoll_snapshot::restore::{RestoreOptions, restore};
use plimsoll_snapshot::venue::{NautilusCache, ReadHoldings, Side};
use plimsoll_snapshot::{CreateOptions, Manifest, Outcome, Part, create};

use crate::fakes::{FakeRedis, Keys, nautilus_keys};
use crate::home::{Home, now};

fn server(redis: &FakeRedis) -> RedisServer {
    RedisServer::new(redis.address.to_string()).with_timeout(Duration::from_secs(5))
}

fn captured(home: &Home, keys: RedisKeys) -> Manifest {
    let mut parts = [Part::required("cache", keys)];
    create(&home.store(), &mut parts, &CreateOptions::new(now(), "test 1")).unwrap()
}

#[test]
fn positions_and_orders_are_read_as_a_real_node_wrote_them() {
    for encoding in ["json", "msgpack"] {
        let redis = FakeRedis::start(nautilus_keys(encoding), None);
        let mut cache = NautilusCache::new(server(&redis), "TRADER-001", None);
        let holdings = cache.holdings().unwrap();
        let positions: Vec<String> = holdings
            .positions
            .iter()
            .map(|p| format!("{} {}", p.instrument_id, p.signed_qty))
            .collect();
        assert_eq!(positions, ["BTCUSDT-PERP.BINANCE 1", "ETHUSDT-PERP.BINANCE 1"], "{encoding}");
        let orders: Vec<String> = holdings
            .open_orders
            .iter()
            .map(|o| {
                format!(
                    "{} {} {:?} {} of {}",
                    o.instrument_id, o.order_type, o.px, o.leaves_qty, o.qty
                )
            })
            .collect();
        assert_eq!(orders.len(), 2, "{encoding}: {orders:?}");
        let bought = &holdings.open_orders.iter().find(|o| o.side == Side::Buy).unwrap();
        assert_eq!(
            (bought.leaves_qty.to_string().as_str(), bought.px.unwrap().to_string().as_str()),
            ("3", "2000")
        );
        assert_eq!(bought.venue_order_id.as_deref(), Some("1"));
        assert_eq!(holdings.in_flight, ["O-19700101-000000-001-001-5"], "{encoding}");
        let balance = &holdings.balances[0];
        assert_eq!(
            (balance.currency.as_str(), balance.total.to_string().as_str()),
            ("USD", "1000000")
        );
    }
}

#[test]
fn a_cache_that_says_nothing_or_lies_is_no_flat_book() {
    let check = |keys: Keys, wanted: &str| {
        let redis = FakeRedis::start(keys, None);
        let error = NautilusCache::new(server(&redis), "TRADER-001", None).holdings().unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
    };
    check(Keys::new(), "no key that begins with `trader-TRADER-001:`");
    let mut keys = nautilus_keys("json");
    keys.remove("trader-TRADER-001:positions:P-1");
    check(keys, "the cache has no such key");
    let mut keys = nautilus_keys("json");
    keys.get_mut("trader-TRADER-001:positions:P-1").unwrap().1 = vec![b"garbage".to_vec()];
    check(keys, "neither JSON nor MessagePack");
    let mut keys = nautilus_keys("json");
    let event = br#"{"type":"PositionAdjusted","account_id":"A"}"#.to_vec();
    keys.get_mut("trader-TRADER-001:positions:P-1").unwrap().1 = vec![event];
    check(keys, "not known here: PositionAdjusted");
}

#[test]
fn keys_come_back_as_they_were_and_others_go() {
    let home = Home::new();
    let redis = FakeRedis::start(nautilus_keys("msgpack"), Some("hunter2-hunter2"));
    let with_password = server(&redis).with_password(None, "hunter2-hunter2");
    let keys = RedisKeys::nautilus(with_password, "TRADER-001", None);
    let manifest = captured(&home, keys.clone());
    assert!(manifest.is_good(), "{:?}", manifest.parts);
    let before = redis.keys.lock().unwrap().clone();
    {
        let mut now = redis.keys.lock().unwrap();
        now.remove("trader-TRADER-001:positions:P-1");
        now.get_mut("trader-TRADER-001:index:orders_open").unwrap().1.clear();
        now.insert(
            "trader-TRADER-001:orders:O-new".to_owned(),
            ("list".to_owned(), vec![b"x".to_vec()]),
        );
        now.insert(
            "trader-OTHER:orders:O-1".to_owned(),
            ("list".to_owned(), vec![b"kept".to_vec()]),
        );
    }
    let observe = &mut |_: &Event<'_>| {};
    let mut options =
        RestoreOptions::new(&now, "test 1", observe).with_restorer("cache", keys.absent_is_fine());
    restore(&home.store(), &manifest.id, &mut options).unwrap();
    let mut after = redis.keys.lock().unwrap().clone();
    assert_eq!(after.remove("trader-OTHER:orders:O-1").unwrap().1, [b"kept".to_vec()]);
    assert_eq!(after, before);
}

#[test]
fn what_is_wrong_with_redis_fails_the_part_and_is_named() {
    let home = Home::new();
    let check = |keys: RedisKeys, wanted: &str| {
        let manifest = captured(&home, keys);
        assert!(!manifest.is_good());
        let Outcome::Failed { why } = &manifest.parts[0].outcome else { panic!("{manifest:?}") };
        assert!(why.contains(wanted), "{why}");
        assert!(!why.contains("hunter2"), "{why}");
    };
    let nobody = RedisServer::new("127.0.0.1:1");
    check(RedisKeys::nautilus(nobody, "T-1", None), "cannot connect to Redis at 127.0.0.1:1");
    let redis = FakeRedis::start(nautilus_keys("json"), Some("right"));
    check(RedisKeys::nautilus(server(&redis), "TRADER-001", None), "NOAUTH");
    let wrong = server(&redis).with_password(None, "hunter2-hunter2");
    check(RedisKeys::nautilus(wrong, "TRADER-001", None), "WRONGPASS");
    let redis = FakeRedis::start(nautilus_keys("json"), None);
    check(
        RedisKeys::nautilus(server(&redis), "TRADER-002", None),
        "no key begins with `trader-TRADER-002:`",
    );
    redis.is_busy.store(true, Ordering::SeqCst);
    check(RedisKeys::nautilus(server(&redis), "T-1", None), "change while they are read");
    // Something on that port that is no Redis.
    let web = crate::fakes::serve_http(Box::new(|_, _| (200, String::new())));
    check(
        RedisKeys::nautilus(RedisServer::new(web.to_string()), "T-1", None),
        "did not answer PING",
    );
}
