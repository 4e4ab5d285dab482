//! A person at the page, in a real browser: the demo's, and a station's that somebody writes into.

mod browser;
mod demo;
pub(super) mod program;
mod station;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use self::browser::Browser;
use super::{Live, install};
use crate::steps::Outcome;
use crate::{Depth, command};

const BUILD_LIMIT: Duration = Duration::from_secs(1_200);
/// Measures that the page is looked at with.
const LOOKS: &str = include_str!("page/looks.js");
/// Contrast that text needs: WCAG 2.2, success criterion 1.4.3.
const CONTRAST_MIN: f64 = 4.5;
/// How far a limit may be from where the axis says it belongs, pixels of the picture.
const OFF_MAX: f64 = 0.6;

pub(super) fn run(live: &Live<'_>) -> anyhow::Result<Outcome> {
    let chromium = match install::debian("chromium", "chromium") {
        Ok(path) => path,
        Err(why) => return Ok(Outcome::Skipped(format!("no Chromium: {why:#}"))),
    };
    let plimsoll = build(live)?;
    let pictures = live.workspace.scratch()?.parent().context("no target")?.join("page");
    fs::create_dir_all(&pictures)?;
    let dir = tempfile::tempdir()?;
    let mut browser = Browser::start(&chromium, dir.path())?;
    let looks = json!({ "source": LOOKS });
    browser.call("Page.addScriptToEvaluateOnNewDocument", &looks)?;
    let mut said = demo::check(&mut browser, &plimsoll, dir.path(), &pictures)?;
    said.push(station::check(live, &mut browser, &plimsoll, dir.path())?);
    let asked = browser.requests();
    let away: Vec<&String> =
        asked.iter().filter(|url| !url.starts_with("http://127.0.0.1:")).collect();
    ensure!(away.is_empty(), "the page asks elsewhere: {away:?}");
    ensure!(asked.len() > 20, "only {} requests were seen", asked.len());
    let errors = browser.errors();
    ensure!(errors.is_empty(), "the browser has logged errors: {errors:?}");
    said.push(format!("{} requests, none off the machine, no error", asked.len()));
    Ok(Outcome::Passed(said.join("; ")))
}

fn build(live: &Live<'_>) -> anyhow::Result<PathBuf> {
    // Spans are measured as people meet them; the quick run takes what the tests have built.
    let (profile, place) = match live.depth {
        Depth::Quick => ("dev", "debug/plimsoll"),
        Depth::Full => ("release", "release/plimsoll"),
    };
    let args = ["build", "--quiet", "-p", "plimsoll", "--profile", profile];
    command::stdout_of(&mut live.workspace.cargo(args), BUILD_LIMIT)?;
    let target = live.workspace.scratch()?;
    let plimsoll = target.parent().context("no target")?.join(place);
    ensure!(plimsoll.is_file(), "no plimsoll in `{}`", plimsoll.display());
    Ok(plimsoll)
}

/// Text that people can read against what is behind it, in light and in dark.
fn can_be_read(browser: &mut Browser, what: &str) -> anyhow::Result<f64> {
    let mut least = f64::INFINITY;
    for (scheme, is_dark) in [("light", false), ("dark", true)] {
        browser.scheme(scheme)?;
        let paper = browser.eval("looks.paper()")?.as_f64().context("no paper")?;
        ensure!((paper < 0.2) == is_dark, "{what}: in {scheme} the paper has luminance {paper}");
        let worst = &browser.eval("looks.contrast()")?;
        let ratio = worst["ratio"].as_f64().context("no text")?;
        ensure!(
            ratio >= CONTRAST_MIN,
            "{what}, {scheme}: contrast {ratio:.2} of {}",
            worst["text"]
        );
        least = least.min(ratio);
    }
    browser.scheme("light")?;
    Ok(least)
}

/// Limits at the height that the axis gives them; returns the rules that were found.
fn limits_are_right(browser: &mut Browser) -> anyhow::Result<Vec<f64>> {
    let levels = browser.eval("looks.levels()")?;
    let levels = levels.as_array().context("no limits")?;
    let mut values = Vec::new();
    for level in levels {
        let (value, off) = (level["value"].as_f64(), level["off"].as_f64());
        let (value, off) = value.zip(off).context("a limit without a value")?;
        ensure!(off <= OFF_MAX, "the limit {value} is drawn {off} pixels from its place: {level}");
        values.push(value);
    }
    Ok(values)
}

/// Every dashboard of the navigation fits a phone.
fn fits_a_phone(browser: &mut Browser, url: &str, picture: Option<&Path>) -> anyhow::Result<usize> {
    browser.size(390, 844, true)?;
    browser.open(url)?;
    let links = browser.eval("[...document.querySelectorAll('nav a')].map((a) => a.href)")?;
    let links: Vec<String> =
        links.as_array().into_iter().flatten().filter_map(text).map(str::to_owned).collect();
    ensure!(links.len() >= 8, "only {} dashboards", links.len());
    for link in &links {
        browser.open(link)?;
        let wide = browser.eval("looks.wide()")?.as_i64().unwrap_or(i64::MAX);
        ensure!(wide <= 0, "{link} is {wide} pixels wider than a phone");
    }
    browser.open(url)?;
    let seen = "(() => { const at = (q) => document.querySelector(q)?.getBoundingClientRect().bottom ?? 9999; return at('#verdict') < innerHeight && at('#alarms li') < innerHeight; })()";
    ensure!(browser.eval(seen)? == true, "verdict and worst alert are not on the first screen");
    if let Some(picture) = picture {
        browser.picture(picture)?;
    }
    browser.size(1280, 900, false)?;
    Ok(links.len())
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}
