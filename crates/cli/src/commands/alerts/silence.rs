//! `plimsoll alerts silence`.

use std::time::{Duration, SystemTime};

use clap::Args;
use plimsoll_alerts::{Control, Matcher, ask, parse_span};

use super::ack::{ANSWER_MAX, refused};
use super::{OutboxArgs, person};
use crate::failure::{Exit, Failure};
use crate::moment;

/// Arguments of `plimsoll alerts silence`.
#[derive(Debug, Args)]
pub(crate) struct SilenceArgs {
    /// Labels that an alert must have: LABEL=VALUE, LABEL=A|B*, LABEL!=VALUE; also rule, severity, class
    #[arg(value_name = "LABEL=VALUE", value_parser = matcher, required_unless_present = "lift")]
    matches: Vec<Matcher>,
    /// For how long, such as 30m or 2h; at most 24h
    #[arg(long = "for", value_name = "SPAN", value_parser = parse_span, default_value = "1h")]
    span: Duration,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "", required_unless_present = "lift")]
    reason: String,
    /// Who wants it [default: the login]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// End a silence, by its id
    #[arg(long, value_name = "ID", conflicts_with_all = ["matches", "reason"])]
    lift: Option<String>,
    #[command(flatten)]
    outbox: OutboxArgs,
}

pub(crate) fn run(args: &SilenceArgs) -> Result<Exit, Failure> {
    let (config, dir) = args.outbox.load()?;
    let by = person(args.by.as_deref())?;
    let wish = match &args.lift {
        Some(id) => Control::Unsilence { id: id.clone(), by },
        None => {
            let now = SystemTime::UNIX_EPOCH
                + Duration::from_nanos(u64::try_from(moment::now_ns()).unwrap_or(0));
            Control::silence(args.matches.clone(), now, args.span, &by, &args.reason)
                .map_err(Failure::refused)?
        }
    };
    let id = ask(&dir, config.delivery, &wish, ANSWER_MAX).map_err(refused)?;
    match args.lift {
        Some(_) => println!("lifted {id}"),
        None => println!("silenced as {id}; `plimsoll alerts silence --lift {id}` ends it"),
    }
    Ok(Exit::Fine)
}

/// Reads `label=a|b*` or `label!=c`.
fn matcher(text: &str) -> Result<Matcher, String> {
    let wanted = || format!("`{text}` is no LABEL=VALUE");
    let (label, value) = text.split_once('=').ok_or_else(wanted)?;
    let values = || value.split('|');
    let (label, is_not) = label.strip_suffix('!').map_or((label, false), |label| (label, true));
    if label.is_empty() || value.is_empty() {
        return Err(wanted());
    }
    Ok(if is_not { Matcher::is_not(label, values()) } else { Matcher::is(label, values()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_people_type_them() {
        assert_eq!(matcher("venue=A|B*"), Ok(Matcher::is("venue", ["A", "B*"])));
        assert_eq!(matcher("severity!=critical"), Ok(Matcher::is_not("severity", ["critical"])));
        for wrong in ["venue", "=x", "venue=", ""] {
            assert!(matcher(wrong).is_err(), "{wrong}");
        }
    }
}
