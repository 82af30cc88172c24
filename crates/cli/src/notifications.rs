//! RunningReport those who asked to be told of a run's beginning, its questions and its end: SNS topics, a webhook, a program
//! of the owner's. A notification that fails is a remark; it never holds a run up. What is told comes from the plan and
//! the outcome, neither of which holds a secret; a webhook's address is one, and is shown nowhere.

use std::process::Stdio;
use std::time::Duration;

use platform::Secret;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use upgrade::{Ending, Outcome, Plan, Question, Record, RunKind, Seen, State, Users, What};

use crate::site::Site;
use crate::words::moment;

/// How long one way of telling may take.
const LIMIT: Duration = Duration::from_secs(10);

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A run has begun.
    Began,
    /// A run waits for a person.
    Asks(Question, Option<Users>),
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

/// Which records of a run somebody is told of: its beginning, each question once, its end.
#[derive(Debug, Default)]
pub(crate) struct Noticing {
    asked: bool,
}

impl Noticing {
    /// What a record says, and how the run stands after it.
    pub(crate) fn recorded(&mut self, record: &Record, state: &State) -> Vec<Notice> {
        self.told(record, (state.outcome.as_ref(), state.seen.as_ref()), state.question.as_ref())
    }

    fn told(
        &mut self,
        record: &Record,
        (outcome, seen): (Option<&Outcome>, Option<&Seen>),
        question: Option<&Question>,
    ) -> Vec<Notice> {
        let mut notices = Vec::new();
        if let Record::Happened(event) = record
            && matches!(event.what, What::Started { .. })
        {
            notices.push(Notice::Began);
        }
        notices.extend(outcome.cloned().map(|outcome| Notice::Ended(outcome, seen.cloned())));
        self.asked &= question.is_some();
        notices
    }

    /// Of a question once, with what was seen of the gate.
    pub(crate) fn asked(&mut self, question: &Question, users: Option<&Users>) -> Option<Notice> {
        let is_new = !std::mem::replace(&mut self.asked, true);
        is_new.then(|| Notice::Asks(question.clone(), users.cloned()))
    }
}

/// A notice with its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// One line.
    pub subject: String,
    /// For a person.
    pub text: String,
    /// The same for a program.
    pub document: Value,
}

/// What a notice says.
pub(crate) fn message(plan: &Plan, notice: &Notice) -> Message {
    let what = match plan.kind {
        RunKind::Upgrade => "upgrade",
        RunKind::EnterMaintenance => "maintenance",
        RunKind::LeaveMaintenance => "leaving maintenance",
    };
    let releases = match (&plan.from_version, &plan.to_version) {
        (Some(from), Some(to)) => format!(" from {from} to {to}"),
        (Some(_) | None, _) => String::new(),
    };
    let before = match (plan.kind, plan.gateless) {
        (RunKind::Upgrade | RunKind::EnterMaintenance, false) => "let in until the gate closes",
        (RunKind::LeaveMaintenance, false) => "kept out until the gate opens",
        (RunKind::Upgrade | RunKind::EnterMaintenance, true) => "at work until their work is stopped",
        (RunKind::LeaveMaintenance, true) => "waiting until work goes on",
    };
    let (event, said, users, todo) = match notice {
        Notice::Began => ("began", "has begun".to_owned(), before, None),
        Notice::Asks(question, users) => (
            "asks",
            format!("waits for a decision: {}", question_in_words(question)),
            users.as_ref().map_or("in or out: it could not be looked at", standing),
            Some(format!(
                "`slackwater run show {0}` says what can be answered; `slackwater run answer {0}` answers",
                plan.run_id
            )),
        ),
        Notice::Interrupted { by, kept_out } => (
            "interrupted",
            format!("was interrupted ({by}), and nobody carries it out"),
            match (*kept_out, plan.gateless) {
                (true, false) => "kept out",
                (false, false) => "let in",
                (true, true) => STOPPED,
                (false, true) => AT_WORK,
            },
            Some(format!(
                "`slackwater run resume {}` goes on with it, `slackwater maintenance disable` puts everything back and ends \
                 maintenance",
                plan.run_id
            )),
        ),
        Notice::Ended(outcome, seen) => {
            let (said, users, todo) = end_in_words(plan.kind, outcome, seen.as_ref());
            ("ended", said, users, todo.map(str::to_owned))
        }
    };
    let subject = format!("{}: {what}{releases} {}", plan.deployment, first_clause(&said));
    let mut text = format!(
        "{}: the {what} of stack {}{releases} {said}. Users are {users}.",
        plan.deployment, plan.stack_name
    );
    if let Some(todo) = &todo {
        text.push_str(&format!(" To do: {todo}."));
    }
    text.push_str(&format!(" Run {}.", plan.run_id));
    let document = json!({
        "event": event, "deployment": plan.deployment, "stack": plan.stack_name, "run": plan.run_id, "what": what,
        "from": plan.from_version, "to": plan.to_version, "users": users, "to_do": todo, "subject": subject,
        "text": text,
    });
    Message { subject, text, document }
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
            format!("the announced closing time ({} UTC) has passed", moment(*closes_at))
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

/// Tell everybody; gives a remark for each who could not be told.
pub(crate) async fn tell(site: &Site, message: &Message) -> Vec<String> {
    let wanted = &site.settings.notifications;
    let mut remarks = Vec::new();
    for topic in &wanted.sns_topic_arns {
        let sent = site.ports.clouds.primary.publish(topic, &message.subject, &message.text);
        match tokio::time::timeout(LIMIT, sent).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => remarks.push(format!("topic {topic} was not told: {error}")),
            Err(_) => {
                remarks.push(format!("topic {topic} was not told: no answer within {} s", LIMIT.as_secs()))
            }
        }
    }
    if let Some(variable) = &wanted.webhook_url_env {
        let sent = match std::env::var(variable) {
            Ok(url) if !url.is_empty() => {
                platform::post_json(&Secret::new(url), &message.document, LIMIT).await
            }
            Ok(_) | Err(_) => Err(format!("the environment variable {variable} is not set")),
        };
        if let Err(why) = sent {
            remarks.push(format!("the webhook of {variable} was not told: {why}"));
        }
    }
    if let Some((program, arguments)) = wanted.command.split_first()
        && let Err(why) = command(program, arguments, &message.document).await
    {
        remarks.push(format!("the program {program} was not told: {why}"));
    }
    remarks
}

/// What the owner's program finds in its environment, where it is set here. The credentials of whoever runs Slackwater, and
/// the tokens that settings name, are no business of its.
const ENVIRONMENT: [&str; 9] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// Run the owner's program with the notice on its standard input. What it prints would mix with the run, so it is let
/// go.
async fn command(program: &str, arguments: &[String], document: &Value) -> Result<(), String> {
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| error.to_string())?;
    let ended = async {
        if let Some(mut input) = child.stdin.take() {
            // A program that doesn't read has its reasons; its exit status tells.
            let _unread = input.write_all(format!("{document}\n").as_bytes()).await;
        }
        child.wait().await
    };
    match tokio::time::timeout(LIMIT, ended).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("it ended with {status}")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it had not ended after {} s", LIMIT.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_each_question_and_an_end_are_told_once() {
        let question = Question::Unhealthy { findings: vec!["503".to_owned()], can_go_back: false };
        let (asking, ended) = (Some(&question), Some(&Outcome::Upgraded));
        let mut noticing = Noticing::default();
        let approval =
            upgrade::Approval { by: "ada".to_owned(), at: upgrade::Timestamp(1), plan_sha256: String::new() };
        for (what, outcome, question, told) in [
            (What::Started { approval }, None, None, vec![Notice::Began]),
            (What::Waited, None, None, vec![]),
            (What::Waited, None, asking, vec![Notice::Asks(question.clone(), Some(Users::In))]),
            (What::Waited, None, asking, vec![]),
            (What::Waited, None, None, vec![]),
            (What::Waited, None, asking, vec![Notice::Asks(question.clone(), Some(Users::In))]),
            (What::Waited, ended, None, vec![Notice::Ended(Outcome::Upgraded, None)]),
        ] {
            let record = Record::Happened(upgrade::Event { at: upgrade::Timestamp(1), what: what.clone() });
            let mut notices = noticing.told(&record, (outcome, None), question);
            notices.extend(question.and_then(|question| noticing.asked(question, Some(&Users::In))));
            assert_eq!(notices, told, "{what:?}");
        }
    }

    #[test]
    fn an_end_says_what_users_have_and_what_to_do() {
        let because = || "Terminate jobs: not done".to_owned();
        let seen = |users| Seen {
            at: upgrade::Timestamp(1),
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

    #[tokio::test]
    async fn a_program_gets_the_notice_on_its_standard_input() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("told");
        let script = |text: &str| vec!["-c".to_owned(), text.to_owned()];
        let write = script(&format!("cat > '{}'", file.display()));
        command("sh", &write, &json!({"event": "began"})).await.expect("told");
        assert_eq!(std::fs::read_to_string(&file).expect("written"), "{\"event\":\"began\"}\n");
        // Whoever runs the tests has more than that: cargo alone sets twenty variables.
        command("sh", &script(&format!("env > '{}'", file.display())), &json!({})).await.expect("told");
        let seen = std::fs::read_to_string(&file).expect("written");
        let names = seen.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name);
        // A shell sets some itself.
        let strange: Vec<&str> = names
            .filter(|name| !ENVIRONMENT.contains(name) && !["PWD", "OLDPWD", "SHLVL", "_"].contains(name))
            .collect();
        assert!(strange.is_empty() && seen.contains("PATH="), "{strange:?}");
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "there was something to keep back");
        let failed = command("sh", &script("exit 3"), &json!({})).await.expect_err("it says no");
        assert!(failed.contains('3'), "{failed}");
        command("/no/such/program", &[], &json!({})).await.expect_err("there is none");
    }
}
