use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use plimsoll_kit::{
    AgentState, Config, Facts, Record, Retirement, Survey, Wish, plan, retired_agents,
};

const OLD: &str = ".claude/agents/alpha-evolve.md";

fn retired(last_day: &str) -> BTreeMap<String, Retirement> {
    let mut retirement = Retirement::default();
    (retirement.last_day, retirement.instead) =
        (last_day.to_owned(), "`plimsoll ralph`".to_owned());
    BTreeMap::from([(OLD.to_owned(), retirement)])
}

/// The last second of 2026-12-24.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_798_156_799)
}

#[test]
fn an_agent_stays_through_its_last_day_and_is_due_after_it() {
    for (last_day, is_there, wanted) in [
        ("2026-12-26", true, AgentState::Retired { days_left: 2 }),
        ("2026-12-24", true, AgentState::Retired { days_left: 0 }),
        ("2026-12-23", true, AgentState::Due),
        ("2026-12-23", false, AgentState::Gone),
        ("2026-12-26", false, AgentState::Gone),
    ] {
        let agents = retired_agents(&retired(last_day), |_| is_there, now());
        assert_eq!(agents[0].state, wanted, "{last_day}, {is_there}");
    }
}

#[test]
fn its_file_carries_a_notice_and_a_workflow_proposes_to_take_it_out() {
    let mut facts = Facts::default();
    facts.retired = retired_agents(&retired("2026-12-26"), |_| true, now());
    let survey = Survey::of([OLD]);
    let (config, record) = (Config::default(), Record::default());
    let body = "---\nname: alpha-evolve\n---\n\nEvolve.\n";
    let plan = plan(&Wish::new(&survey, &facts, &config, &record), |path| {
        Ok((path == OLD).then(|| body.to_owned()))
    });
    let after = |path: &str| {
        let change = plan.changes.iter().find(|change| change.path == path).unwrap();
        change.after.clone().unwrap()
    };
    let text = after(OLD);
    assert!(text.starts_with(body), "what people wrote stays: {text}");
    assert!(
        text.contains("**Retired**: this agent goes after 2026-12-26. Use `plimsoll ralph`."),
        "{text}"
    );
    let workflow = after(".github/workflows/retire-agents.yml");
    assert!(workflow.contains("plimsoll kit agents --apply"), "{workflow}");
}

#[test]
fn a_day_that_is_none_and_a_file_outside_are_refused() {
    let mut config = Config::default();
    config.retired_agents = retired("soon");
    config.retired_agents.insert("../x.md".to_owned(), retired("2026-12-24")[OLD].clone());
    let problems: Vec<String> = config.problems().into_iter().map(|one| one.key).collect();
    assert_eq!(problems, ["retired_agents.../x.md", &format!("retired_agents.{OLD}.last_day")]);
}
