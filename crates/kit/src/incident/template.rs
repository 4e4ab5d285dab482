//! The texts of a new incident and of the review after it.

use super::Incident;
use crate::day::moment;

pub(super) fn incident(incident: &Incident) -> String {
    let Incident { id, title, priority, opened, alert_id, .. } = incident;
    format!(
        "\
# {id}: {title}

| field | value |
|---|---|
| Priority | {} |
| Status | open |
| Alert | {} |
| Opened | {} |
| Closed | open |
| Breached | not known |
| First delivered | not known |
| Acknowledged | not known |
| Resolved | not known |
| Time to detect | not known |
| Time to respond | not known |
| Time to resolve | not known |

## Summary

What happened, in two sentences that a person outside the team understands.

## Timeline (UTC)

| time | what | who |
|---|---|---|
| {} | opened | |

## Impact

Which strategies, accounts and venues. Money: realized, and what could not be traded. Data that is missing.

## Cause

The chain from the first change to the effect. Systems and processes, not people.

## What we did

Which steps of which runbook, what worked, what did not.

## What we change

| action | owner | until | done |
|---|---|---|---|
| | | | |
",
        priority.name(),
        alert_id.as_deref().unwrap_or("none"),
        moment(*opened),
        moment(*opened),
    )
}

pub(super) fn post_mortem(incident: &Incident) -> String {
    let Incident { id, name, title, priority, .. } = incident;
    format!(
        "\
# Review of {id}: {title}

Incident: [{id}]({name}), {}. We ask how the system made this possible, not who.

## In short

Three sentences for somebody who was not there.

## Why this priority

## What contributed

| what | was it known | was it watched |
|---|---|---|
| | | |

## What went well

## What went badly

## Where we were lucky

## Detection

Which rule told, after how long, and which could have told sooner.

## Actions

| action | priority | owner | until | done |
|---|---|---|---|---|
| | | | | |

## Rules, boards and runbooks to change

## Incidents like this one
",
        priority.name(),
    )
}
