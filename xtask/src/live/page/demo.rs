//! The page of `plimsoll demo`, as a newcomer sees it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::browser::Browser;
use super::program::Program;
use super::{can_be_read, fits_a_phone, limits_are_right};

/// Longest wait for something that the replay brings: it lasts 25 s.
const REPLAY: Duration = Duration::from_secs(90);
/// Longest wait for what a person does.
const SOON: Duration = Duration::from_secs(10);
/// Keys that lead from the first line to any button.
const TABS_MAX: usize = 120;

const EQUITY: &str = "document.querySelector('#p-equity .b-stat strong')?.textContent ?? null";
/// The warning of a drawdown, as an item of the list of alerts.
const WARNING: &str = "[...document.querySelectorAll('#alarms li.b-warn')].find((li) => /warning, firing/.test(li.textContent) && /drawdown/i.test(li.textContent))";

pub(super) fn check(
    browser: &mut Browser,
    plimsoll: &Path,
    dir: &Path,
    pictures: &Path,
) -> anyhow::Result<Vec<String>> {
    let demo = Program::start(plimsoll, dir, &["demo", "--stay", "--no-color"])?;
    let url = demo.says("page: ")?;
    browser.size(1280, 900, false)?;
    browser.open(&url)?;
    let mut said = vec![equity_moves(browser)?];
    let warned = format!("{WARNING}?.textContent ?? null");
    browser.until("the drawdown warning", &warned, REPLAY)?;
    browser.picture(&pictures.join("demo-now.png"))?;
    said.push(acknowledge(browser)?);
    let rows = audit(browser)?;
    ensure!(rows == 1, "{rows} rows of the acknowledgement, wanted one");
    browser.open(&format!("{url}d/drawdown"))?;
    let levels = limits_are_right(browser)?;
    for wanted in [0.05, 0.1] {
        ensure!(levels.contains(&wanted), "no limit of {wanted} is drawn: {levels:?}");
    }
    browser.picture(&pictures.join("demo-drawdown.png"))?;
    said.push(format!("{} limits at their height", levels.len()));
    let least = can_be_read(browser, "drawdown")?;
    browser.open(&url)?;
    let least = least.min(can_be_read(browser, "now")?);
    browser.scheme("dark")?;
    browser.picture(&pictures.join("demo-dark.png"))?;
    browser.scheme("light")?;
    said.push(format!("contrast {least:.1} and more, light and dark"));
    let phone = pictures.join("demo-phone.png");
    let dashboards = fits_a_phone(browser, &url, Some(&phone))?;
    said.push(format!("{dashboards} dashboards fit a phone"));
    without_a_script(browser, &url)?;
    on_paper(browser, &url)?;
    let over = "/the replay is over/.test(document.getElementById('verdict').textContent)";
    browser.until("the end of the replay", over, REPLAY)?;
    browser.picture(&pictures.join("demo-end.png"))?;
    browser.open("about:blank")?;
    demo.end()?;
    Ok(said)
}

fn equity_moves(browser: &mut Browser) -> anyhow::Result<String> {
    browser.until("equity", EQUITY, SOON)?;
    let loaded = browser.eval("performance.now()")?;
    let mut seen: Vec<Value> = Vec::new();
    for _ in 0..3 {
        let other = format!(
            "(() => {{ const now = {EQUITY}; return {}.includes(now) ? null : now; }})()",
            json!(seen)
        );
        // While the strategy is flat, it stands.
        seen.push(browser.until("equity to move", &other, REPLAY)?);
    }
    let now = browser.eval("performance.now()")?;
    ensure!(now.as_f64() > loaded.as_f64(), "the page was loaded anew");
    Ok("equity moved by itself".to_owned())
}

/// From the top of the page with nothing but Tab and Enter.
fn acknowledge(browser: &mut Browser) -> anyhow::Result<String> {
    browser.eval("document.activeElement.blur(); scrollTo(0, 0); true")?;
    let wanted = format!("{WARNING}?.querySelector('[data-key^=ack]')?.dataset.key ?? null");
    let key = browser.until("a button to acknowledge it", &wanted, SOON)?;
    let mut met = Vec::new();
    loop {
        browser.press("Tab")?;
        let at = &browser.eval("looks.focus()")?;
        ensure!(at["seen"] == true, "one does not see that the focus is on {at}");
        let is_there = at["key"] == key;
        met.push(at["text"].as_str().unwrap_or_default().to_owned());
        ensure!(met.len() < TABS_MAX, "the button was not reached: {met:?}");
        if is_there {
            break;
        }
    }
    ensure!(met.first().is_some_and(|first| first.starts_with("Skip")), "{met:?}");
    browser.press("Enter")?;
    let name = key.as_str().and_then(|key| key.strip_prefix("ack ")).context("no name")?;
    let item = format!(
        "[...document.querySelectorAll('[data-alarm]')].find((li) => li.dataset.alarm === {})",
        json!(name)
    );
    let acked = format!("{item}?.querySelector('.acked') ? {item}.textContent : null");
    let acked = browser.until("the acknowledgement", &acked, SOON)?;
    let told = browser.eval("document.getElementById('said').textContent")?;
    let told = told.as_str().unwrap_or_default();
    ensure!(told.starts_with("acknowledged drawdown"), "the page says `{told}`");
    let count = acked.as_str().unwrap_or_default().matches("acknowledged by").count();
    ensure!(count == 1, "{acked}");
    Ok(format!("the drawdown warning was acknowledged with {} keys", met.len() + 1))
}

/// How many acknowledgements the store has a row of, by whom they were.
fn audit(browser: &mut Browser) -> anyhow::Result<u64> {
    let sql = "SELECT count(*) FROM alert_history WHERE kind = 'ack' AND actor = 'page' AND rule LIKE 'drawdown%'";
    let ask = format!(
        "fetch('/api/query?query=' + encodeURIComponent({})).then((r) => r.json()).then((a) => a.dataset[0][0] || null)",
        json!(sql)
    );
    let rows = browser.until("the row of the acknowledgement", &ask, SOON)?;
    rows.as_u64().context("no count")
}

/// The same page with scripts switched off: figures are there, and a form does what it says.
fn without_a_script(browser: &mut Browser, url: &str) -> anyhow::Result<()> {
    let off = |off: bool| json!({ "value": off });
    browser.call("Emulation.setScriptExecutionDisabled", &off(true))?;
    browser.open(url)?;
    browser.until("equity without a script", EQUITY, SOON)?;
    let acked = "document.querySelectorAll('.acked').length";
    let before = browser.eval(acked)?.as_u64().context("no count")?;
    let button = "document.querySelector('[data-key^=ack]')";
    if browser.eval(&format!("{button} !== null"))? == true {
        browser.eval(&format!("{button}.click()"))?;
        browser.until("the form without a script", &format!("{acked} > {before}"), SOON)?;
        let at = browser.eval("location.pathname")?;
        ensure!(at == "/d/now", "the form leads to {at}");
    }
    browser.call("Emulation.setScriptExecutionDisabled", &off(false))?;
    Ok(())
}

fn on_paper(browser: &mut Browser, url: &str) -> anyhow::Result<()> {
    browser.open(url)?;
    let printed = &browser.call("Page.printToPDF", &json!({}))?;
    let len = printed["data"].as_str().map_or(0, str::len);
    ensure!(len > 10_000, "the page prints to {len} characters");
    Ok(())
}
