//! What a notice says. It comes from the plan, the outcome and what was seen, none of which holds a secret.

use serde_json::{Value, json};
use upgrade::{Ending, Outcome, Plan, Question, RunKind, Seen, Timestamp, Users};

use crate::words::{clock_time, duration, iso8601, moment};

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A run has begun.
    Began,
    /// A run waits for a person.
    Asks(Question, Option<Users>),
    /// What a run waited for, or was interrupted by, is over. Only told where something was held open for it.
    GoesOn,
    /// Users are out for longer than was expected.
    Overdue {
        /// Since when.
        since: Timestamp,
        expected_milliseconds: u64,
        /// What that is, in words.
        by: &'static str,
    },
    /// A run was interrupted, and nobody carries it out.
    Interrupted {
        /// What asked for it, in words.
        by: String,
        /// Whether users are kept out meanwhile.
        kept_out: bool,
    },
    /// A run has ended.
    Ended(Outcome, Option<Seen>),
}

/// How much somebody is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// It is told, and that is all.
    Told,
    /// Something may have to be done; users are in, or out as was meant.
    Look,
    /// Somebody must do something, and users are out meanwhile.
    Act,
}

/// What a run is of, for its notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    pub deployment: String,
    pub stack: String,
    pub run_id: String,
    pub kind: RunKind,
    pub gateless: bool,
    pub from: Option<String>,
    pub to: Option<String>,
    /// The page that decides; `None`: nobody said where the panel is.
    pub link: Option<String>,
}

impl About {
    /// Of a plan's run. `panel_url`: the panel's address, as the settings have it.
    pub(crate) fn of(plan: &Plan, panel_url: Option<&str>) -> About {
        About {
            deployment: plan.deployment.clone(),
            stack: plan.stack_name.clone(),
            run_id: plan.run_id.clone(),
            kind: plan.kind,
            gateless: plan.gateless,
            from: plan.from_version.clone(),
            to: plan.to_version.clone(),
            link: panel_url.map(|url| format!("{url}/runs/{}", plan.run_id)),
        }
    }
}

/// A notice with its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// The same however often it is sent, and of no other message.
    pub id: String,
    pub at: Timestamp,
    /// `began`, `asks`, `goes-on`, `overdue`, `interrupted`, `ended` or `test`.
    pub event: &'static str,
    /// What was told, in a phrase for remarks: "the beginning".
    pub phrase: &'static str,
    pub urgency: Urgency,
    pub deployment: String,
    pub stack: String,
    pub run_id: String,
    /// One line.
    pub subject: String,
    /// For a person.
    pub text: String,
    /// The page that decides.
    pub link: Option<String>,
    /// The same for a program.
    pub document: Value,
}

/// What a notice says in parts.
struct Said {
    event: &'static str,
    phrase: &'static str,
    urgency: Urgency,
    what: String,
    users: &'static str,
    todo: Option<String>,
}

/// What a notice says.
pub(crate) fn message(about: &About, notice: &Notice, at: Timestamp) -> Message {
    let About { deployment, stack, run_id, kind, gateless: _, from, to, link } = about;
    let run = match kind {
        RunKind::Upgrade => "upgrade",
        RunKind::EnterMaintenance => "maintenance",
        RunKind::LeaveMaintenance => "leaving maintenance",
    };
    let releases = match (from, to) {
        (Some(from), Some(to)) => format!(" from {from} to {to}"),
        (Some(_) | None, _) => String::new(),
    };
    let Said { event, phrase, urgency, what, users, todo } = said(about, notice);
    let subject = one_line(&format!("{deployment}: {run}{releases} {}", first_clause(&what)));
    let mut text = format!("{deployment}: the {run} of stack {stack}{releases} {what}. Users are {users}.");
    if let Some(todo) = &todo {
        text.push_str(&format!(" To do: {todo}."));
    }
    text.push_str(&format!(" Run {run_id}."));
    let text = printable(&text);
    let id = format!("{run_id}/{event}/{}", at.0);
    let document = json!({
        "event": event, "deployment": deployment, "stack": stack, "run": run_id, "what": run, "from": from, "to": to,
        "users": users, "to_do": todo, "subject": subject, "text": text, "id": id, "at": iso8601(at), "link": link,
        "needs_somebody": urgency != Urgency::Told,
    });
    Message {
        id,
        at,
        event,
        phrase,
        urgency,
        deployment: deployment.clone(),
        stack: stack.clone(),
        run_id: run_id.clone(),
        subject,
        text,
        link: link.clone(),
        document,
    }
}

/// A notice that tells of nothing, to see whether it arrives.
pub(crate) fn test_message(deployment: &str, stack: &str, panel_url: Option<&str>, at: Timestamp) -> Message {
    let (event, run_id) = ("test", format!("test-{}", at.0));
    let subject = format!("{deployment}: a test of notices");
    let text = format!(
        "{deployment}: this is a test of notices, which somebody asked for. No run has begun, nothing is to be done."
    );
    let (id, link) = (format!("{run_id}/{event}/{}", at.0), panel_url.map(str::to_owned));
    let document = json!({
        "event": event, "deployment": deployment, "stack": stack, "run": null, "what": null, "from": null, "to": null,
        "users": null, "to_do": null, "subject": subject, "text": text, "id": id, "at": iso8601(at), "link": link,
        "needs_somebody": false,
    });
    Message {
        id,
        at,
        event,
        phrase: "the test",
        urgency: Urgency::Told,
        deployment: deployment.to_owned(),
        stack: stack.to_owned(),
        run_id,
        subject,
        text,
        link,
        document,
    }
}

fn said(about: &About, notice: &Notice) -> Said {
    let About { run_id, kind, gateless, .. } = about;
    match notice {
        Notice::Began => Said {
            event: "began",
            phrase: "the beginning",
            urgency: Urgency::Told,
            what: "has begun".to_owned(),
            users: match (kind, gateless) {
                (RunKind::Upgrade | RunKind::EnterMaintenance, false) => "let in until the gate closes",
                (RunKind::LeaveMaintenance, false) => "kept out until the gate opens",
                (RunKind::Upgrade | RunKind::EnterMaintenance, true) => "at work until their work is stopped",
                (RunKind::LeaveMaintenance, true) => "waiting until work goes on",
            },
            todo: None,
        },
        Notice::Asks(question, users) => Said {
            event: "asks",
            phrase: "a question",
            urgency: match users {
                Some(Users::In | Users::AtWork) => Urgency::Look,
                Some(Users::Out(_) | Users::Stopped(_)) | None => Urgency::Act,
            },
            what: format!("waits for a decision: {}", question_in_words(question)),
            users: users.as_ref().map_or("in or out: it could not be looked at", standing),
            todo: Some(format!(
                "`slackwater run show {run_id}` says what can be answered; `slackwater run answer {run_id}` answers"
            )),
        },
        Notice::GoesOn => Said {
            event: "goes-on",
            phrase: "its going on",
            urgency: Urgency::Told,
            what: "goes on".to_owned(),
            users: "where they were",
            todo: None,
        },
        Notice::Overdue { since, expected_milliseconds, by } => Said {
            event: "overdue",
            phrase: "the delay",
            urgency: Urgency::Look,
            what: format!(
                "takes longer than expected: users are out since {}, and {} is {by}",
                clock_time(*since),
                duration(*expected_milliseconds)
            ),
            users: if *gateless { STOPPED } else { "kept out" },
            todo: Some(format!(
                "nothing, while it goes on; `slackwater run show {run_id}` says where it stands and what holds it"
            )),
        },
        Notice::Interrupted { by, kept_out } => Said {
            event: "interrupted",
            phrase: "the interruption",
            urgency: if *kept_out { Urgency::Act } else { Urgency::Look },
            what: format!("was interrupted ({by}), and nobody carries it out"),
            users: match (*kept_out, gateless) {
                (true, false) => "kept out",
                (false, false) => "let in",
                (true, true) => STOPPED,
                (false, true) => AT_WORK,
            },
            todo: Some(format!(
                "`slackwater run resume {run_id}` goes on with it, `slackwater maintenance disable` puts everything back \
                 and ends maintenance"
            )),
        },
        Notice::Ended(outcome, seen) => {
            let (what, users, todo) = end_in_words(*kind, outcome, seen.as_ref());
            let needs_somebody = Ending { kind: *kind, outcome, seen: seen.as_ref() }.needs_somebody();
            Said {
                event: "ended",
                phrase: "the end",
                urgency: if needs_somebody { Urgency::Act } else { Urgency::Told },
                what,
                users,
                todo: todo.map(str::to_owned),
            }
        }
    }
}

/// Where there is no gate: nobody is kept out, and work is stopped.
const STOPPED: &str = "not kept out, and their work is stopped";
/// Where there is no gate, and nothing is stopped.
const AT_WORK: &str = "at work";

/// What users are, by a look.
fn standing(users: &Users) -> &'static str {
    match users {
        Users::In => "let in",
        Users::Out(_) => "kept out",
        Users::AtWork => AT_WORK,
        Users::Stopped(_) => STOPPED,
    }
}

fn first_clause(said: &str) -> &str {
    said.split(['.', ':']).next().unwrap_or(said)
}

fn question_in_words(question: &Question) -> String {
    match question {
        Question::RollbackFailed { root_cause, resources, .. } => {
            let stuck: Vec<&str> = resources.iter().map(|one| one.logical_id.as_str()).collect();
            format!("the rollback failed at {} (first failure: {root_cause})", stuck.join(", "))
        }
        Question::Unseen { update, error, minutes } => {
            format!(
                "the update of the {} could not be looked at for {minutes} minutes: {error}",
                update.title()
            )
        }
        Question::NoCredentials { step, error, can_leave: _ } => {
            format!("the credentials are over ({}): {error}", step.title())
        }
        Question::Unhealthy { findings, .. } => {
            format!("the platform is not healthy: {}", findings.join("; "))
        }
        Question::Leaving { step, held, .. } => {
            format!("maintenance can't be left ({}): {}", step.title(), held.join("; "))
        }
        Question::GateGone { updating: _, doors } => {
            let on = if doors.is_empty() { String::new() } else { format!(" on {}", doors.join(", ")) };
            format!(
                "the gate was found open{on}, and nothing of users' work is touched before somebody decides"
            )
        }
        Question::WindowPassed { closes_at } => {
            format!("the announced closing time ({}) has passed", moment(*closes_at))
        }
    }
}

/// What happened, what users have by the look that the run ended with, what somebody must do.
fn end_in_words(
    kind: RunKind,
    outcome: &Outcome,
    seen: Option<&Seen>,
) -> (String, &'static str, Option<&'static str>) {
    let ending = Ending { kind, outcome, seen };
    let users = seen.map_or("not known to be let in or kept out", |seen| standing(&seen.users));
    let said = match (outcome, ending.reason()) {
        (Outcome::Upgraded, _) => "has ended well".to_owned(),
        (Outcome::InMaintenance, _) => "stands, as was asked".to_owned(),
        (Outcome::OutOfMaintenance, _) => "is done".to_owned(),
        (Outcome::NotUpgraded { .. }, reason) => format!("did not happen: {}", reason.unwrap_or_default()),
        (Outcome::WentBack { .. }, reason) => {
            format!("went back to the previous release: {}", reason.unwrap_or_default())
        }
        (Outcome::GateClosed { .. }, reason) => {
            format!("HAS ENDED BEFORE MAINTENANCE WAS LEFT: {}", reason.unwrap_or_default())
        }
    };
    let todo = match outcome {
        _ if ending.needs_somebody() => {
            Some("look now; `slackwater maintenance disable` puts everything back")
        }
        Outcome::InMaintenance => Some("`slackwater maintenance disable` ends it"),
        Outcome::NotUpgraded { .. } | Outcome::WentBack { .. } | Outcome::GateClosed { .. } => {
            Some("mend the cause, and plan again")
        }
        Outcome::Upgraded | Outcome::OutOfMaintenance => None,
    };
    (said, users, todo)
}

/// Without what would break a line of a header.
fn one_line(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

/// Without what a terminal or a page would obey; lines stay.
fn printable(text: &str) -> String {
    text.chars().map(|one| if one.is_control() && one != '\n' { ' ' } else { one }).collect()
}

/// So many characters of a text, and a sign where there are more.
pub(super) fn shortened(text: &str, characters: usize) -> String {
    if text.chars().nth(characters).is_none() {
        return text.to_owned();
    }
    text.chars().take(characters.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_says_what_users_have_and_what_to_do() {
        let because = || "Terminate jobs: not done".to_owned();
        let seen = |users| Seen {
            at: Timestamp(1),
            stack_status: "UPDATE_COMPLETE".to_owned(),
            release: None,
            users,
            doors: Vec::new(),
            still_to_put_back: Vec::new(),
            not_come_back: Vec::new(),
            not_running: Vec::new(),
        };
        let (inside, outside) = (
            seen(Users::In),
            seen(Users::Out(upgrade::Maintenance {
                run_id: "r".to_owned(),
                since: None,
                by: None,
                state: None,
            })),
        );
        for (outcome, seen, users, todo) in [
            (Outcome::Upgraded, Some(&inside), "let in", ""),
            (Outcome::Upgraded, Some(&outside), "kept out", "look now"),
            (Outcome::NotUpgraded { reason: because() }, Some(&inside), "let in", "plan again"),
            (Outcome::NotUpgraded { reason: because() }, Some(&outside), "kept out", "plan again"),
            (Outcome::WentBack { reason: because() }, Some(&inside), "let in", "plan again"),
            (Outcome::InMaintenance, Some(&outside), "kept out", "maintenance disable"),
            (Outcome::OutOfMaintenance, Some(&inside), "let in", ""),
            (Outcome::GateClosed { reason: because() }, Some(&outside), "kept out", "look now"),
            (Outcome::GateClosed { reason: because() }, None, "not known", "look now"),
        ] {
            let (_, said_users, said_todo) = end_in_words(RunKind::Upgrade, &outcome, seen);
            assert!(said_users.starts_with(users), "{outcome:?}: {said_users}");
            assert!(said_todo.unwrap_or_default().contains(todo), "{outcome:?}");
            assert_eq!(said_todo.is_none(), todo.is_empty(), "{outcome:?}");
        }
    }

    #[test]
    fn a_text_is_cut_between_characters_and_says_so() {
        for (text, characters, cut) in
            [("käse", 4, "käse"), ("käsebrot", 4, "käs…"), ("", 4, ""), ("ab", 1, "…")]
        {
            assert_eq!(shortened(text, characters), cut);
        }
    }
}
