//! The page of `plimsoll station`, while somebody writes into it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use plimsoll_metrics::{Auth, HttpClient, HttpOptions};
use serde_json::json;

use super::browser::Browser;
use super::program::Program;
use crate::live::Live;
use crate::{Depth, machine};

const SOON: Duration = Duration::from_secs(20);
/// Longest that a row may take to be seen; a program that is not optimized is given more.
const SEEN_MAX_MS: f64 = 1_000.0;
const SEEN_MAX_QUICK_MS: f64 = 4_000.0;
/// Rows a second that are written meanwhile, in so many requests.
const LOAD_ROWS: u32 = 10_000;
const LOAD_REQUESTS: u32 = 20;

pub(super) fn check(
    live: &Live<'_>,
    browser: &mut Browser,
    plimsoll: &Path,
    dir: &Path,
) -> anyhow::Result<String> {
    let args = ["station", "--listen", "127.0.0.1:0", "--store", "station.db", "--operate"];
    let station = Program::start(plimsoll, dir, &args)?;
    let url = format!("http://{}", station.prints("http://")?);
    browser.open(&format!("{url}/"))?;
    browser.until(
        "that nobody can say how it stands",
        "/unknown: no row since the start/.test(document.getElementById('verdict').textContent)",
        SOON,
    )?;
    browser.eval(WATCH)?;
    let rows = usize::try_from(live.count(8, 300))?;
    let mut seen = Vec::new();
    let until = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let stop = Stop(&until);
        let loading = scope.spawn(|| load(&url, &until));
        for row in 0..rows {
            seen.push(visible(browser, row)?);
        }
        drop(stop);
        let sent = loading.join().map_err(|_| anyhow::anyhow!("the load has failed"))??;
        ensure!(sent > 0, "no load");
        anyhow::Ok(())
    })?;
    seen.sort_by(f64::total_cmp);
    let rank = (seen.len() * 99).div_ceil(100).saturating_sub(1);
    let p99 = *seen.get(rank).context("no row")?;
    let max = if live.depth == Depth::Full { SEEN_MAX_MS } else { SEEN_MAX_QUICK_MS };
    ensure!(p99 < max, "a row is seen after {p99:.0} ms (99 of 100)");
    let median = *seen.get(seen.len() / 2).context("no row")?;
    filter(browser, &url)?;
    alert(browser, &url)?;
    browser.open("about:blank")?;
    station.end()?;
    Ok(format!(
        "{rows} rows seen after {median:.0} ms (median), {p99:.0} ms (99 of 100), at 10,000 rows/s"
    ))
}

/// Ends the load also when the check fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Lets the page say when it shows a strategy that it did not show before.
const WATCH: &str = "(() => { window.shown = (name) => new Promise((done) => { const is = () => document.getElementById('p-strategies').textContent.includes(name); const look = new MutationObserver(() => { if (is()) { look.disconnect(); done(performance.now()); } }); look.observe(document.getElementById('main'), { childList: true, subtree: true }); }); return true; })()";

/// Milliseconds from the sending of a row until a person sees it.
fn visible(browser: &mut Browser, row: usize) -> anyhow::Result<f64> {
    // The same few strategies with other values, so that the page stays as large as a page is.
    let (name, number) = (row % 8, 1_000 + row);
    let line = format!(
        "trading_risk,env=prod,mode=live,scope=strategy,strategy_id=seen-{name} equity=100.0,peak_equity=100.0,drawdown_ratio=0.0,gross_exposure={number}.25"
    );
    let text = format!("1,{:03}.25", row % 1_000);
    let measure = format!(
        "(async () => {{ const at = shown({}); const begun = performance.now(); const reply = await fetch('/write', {{ method: 'POST', body: {} }}); if (reply.status !== 204) throw new Error(await reply.text()); const late = new Promise((_, no) => setTimeout(() => no(new Error('not seen')), 10000)); return (await Promise.race([at, late])) - begun; }})()",
        json!(text),
        json!(line)
    );
    browser.eval(&measure)?.as_f64().context("no time")
}

/// Writes as many rows a second as are asked for, until it is told to end.
fn load(url: &str, until: &AtomicBool) -> anyhow::Result<u64> {
    let mut client = HttpClient::new(url, &Auth::None, HttpOptions::default())?;
    let per_request = LOAD_ROWS / LOAD_REQUESTS;
    let begun = machine::now();
    let mut sent = 0_u32;
    while !until.load(Ordering::SeqCst) {
        let body: String = (0..per_request)
            .map(|n| format!("order_latency,env=prod,mode=live,strategy_id=load,stage=ack latency_ms={n}.5,client_order_id=\"{sent}-{n}\"\n"))
            .collect();
        let reply = client.post("/write", "text/plain", body.as_bytes())?;
        ensure!(reply.status == 204, "{}: {}", reply.status, String::from_utf8_lossy(&reply.body));
        sent += 1;
        let due = Duration::from_secs(1) * sent / LOAD_REQUESTS;
        machine::pause(due.saturating_sub(begun.elapsed()));
    }
    Ok(u64::from(sent) * u64::from(per_request))
}

/// Picks one strategy as a person does, in the form.
fn filter(browser: &mut Browser, url: &str) -> anyhow::Result<()> {
    browser.open(&format!("{url}/"))?;
    let shows = "document.getElementById('p-strategies').textContent";
    let both = format!("{shows}.includes('seen-1') && {shows}.includes('seen-2')");
    browser.until("both strategies", &both, SOON)?;
    browser.eval("(() => { const form = document.querySelector('.filters form'); form.elements.strategy.value = 'seen-1'; form.requestSubmit(); return true; })()")?;
    let one = format!(
        "location.search.includes('strategy=seen-1') && {shows}.includes('seen-1') && !{shows}.includes('seen-2')"
    );
    browser.until("one strategy", &one, SOON)?;
    // A page that renews itself stays filtered.
    browser.eval("fetch('/write', { method: 'POST', body: 'trading_risk,env=prod,mode=live,scope=strategy,strategy_id=seen-1 gross_exposure=777777.0' }).then((r) => r.status)")?;
    let renewed = format!("{shows}.includes('777') && !{shows}.includes('seen-2')");
    browser.until("the filtered page to renew itself", &renewed, SOON)?;
    Ok(())
}

/// An account falls below its limit: the rules of the station say so, and a person silences it.
fn alert(browser: &mut Browser, url: &str) -> anyhow::Result<()> {
    browser.open(&format!("{url}/"))?;
    let account = |equity: f64| {
        let ratio = (1000.0 - equity) / 1000.0;
        let line = format!(
            "trading_risk,env=prod,mode=live,scope=account,account_id=A equity={equity},peak_equity=1000.0,drawdown_ratio={ratio}"
        );
        format!(
            "fetch('/write', {{ method: 'POST', body: {} }}).then((r) => r.status)",
            json!(line)
        )
    };
    for equity in [1000.0, 930.0] {
        let status = browser.eval(&account(equity))?;
        ensure!(status == 204, "{status}");
    }
    let item = "[...document.querySelectorAll('#alarms li')].find((li) => /drawdown/i.test(li.textContent) && li.textContent.includes('account_id=A'))";
    browser.until(
        "the alert of the station's own rules",
        &format!("{item}?.textContent ?? null"),
        SOON,
    )?;
    browser.until(
        "the verdict",
        "/alerts? firing/.test(document.getElementById('verdict').textContent)",
        SOON,
    )?;
    let fill = format!(
        "(() => {{ const box = {item}.querySelector('details'); box.open = true; box.querySelector('[name=reason]').value = 'known fault'; box.querySelector('[name=minutes]').value = '30'; box.querySelector('form').requestSubmit(); return true; }})()"
    );
    browser.eval(&fill)?;
    let silenced = format!("/nobody is told/.test({item}?.textContent ?? '')");
    browser.until("the silence", &silenced, SOON)?;
    Ok(())
}
