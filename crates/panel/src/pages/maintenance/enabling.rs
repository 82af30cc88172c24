//! Enabling maintenance mode: what one click will do, to whom, and the values that hold where nothing is typed.

use std::collections::BTreeMap;

use maud::{Markup, html};
use upgrade::{DrainPolicy, Escalation, MaintenancePolicy, Unsaved};

use crate::backend::{DeploymentSummary, Look};
use crate::pages::form::{Send, form};
use crate::words::{counted, duration};

/// People who are named; more are counted.
const MOST_PEOPLE: usize = 8;

/// `completes`: the deployment is in maintenance, and something of it isn't complete.
pub(super) fn enable(settings: &DeploymentSummary, look: Option<&Look>, completes: bool) -> Markup {
    let path = format!("/deployments/{}/maintenance/enable", settings.name);
    let words = if completes { "Complete maintenance mode" } else { "Enable maintenance mode" };
    let policy = &settings.maintenance;
    html! {
        section {
            h2 { (words) }
            @if completes { p { "Maintenance mode is on, and something is at work all the same: see below. Sessions are saved, work ends, workers go." } }
            div.foretold {
                h3 { "What will happen" }
                ol.glance {
                    @if !completes { (users_are_told(settings)) }
                    @if let Some(look) = look { (work_ends(look)) }
                    li { "It can be disabled at any time; everything is then put back as it was." }
                }
            }
            (form(Send { method: "POST", path: &path, then: "/runs/{runId}" }, "stack", &html! {
                @if settings.has_banner { label { "Message to users"
                    textarea name="message" rows="2" maxlength="500" placeholder=(settings.message.as_deref().unwrap_or("That maintenance begins, and when")) {}
                    small { @match &settings.message {
                        Some(message) => { "Empty: “" (message) "”, as the settings have it." },
                        None => "Empty: a message of our own that says when it begins.",
                    } }
                } }
                label { "Maintenance begins in (minutes)"
                    input name="noticeSeconds" data-type="minutes" type="number" min="0" max="10080" inputmode="numeric" placeholder=(settings.notice_seconds / 60);
                    small { "Empty: " (if settings.notice_seconds == 0 { "at once".to_owned() } else { format!("in {}", duration(settings.notice_seconds * 1000)) }) ", as the settings have it." }
                }
                label { "Work may end by itself for (minutes)"
                    input name="graceSeconds" data-type="minutes" type="number" min="0" max="1440" inputmode="numeric";
                    small { "Empty: " (each(policy, |drain| span(drain.grace_seconds))) ", as the settings have it." }
                }
                label { "When a deadline has passed"
                    select name="escalation" {
                        option value="" { "as the settings have it" }
                        option value="wait" { "go on waiting, in maintenance" }
                        option value="stop" { "put everything back, end maintenance" }
                        option value="force" { "end it by force" }
                    }
                    small { "In the settings: " (each(policy, after_deadline)) "." }
                }
                button.primary[!completes] { (words) }
            }))
        }
    }
}

fn users_are_told(settings: &DeploymentSummary) -> Markup {
    let when = match settings.notice_seconds {
        0 => "At once".to_owned(),
        seconds => format!("After {}", duration(seconds * 1000)),
    };
    html! {
        @if settings.has_banner { li { "Users are told by a banner, at once." } }
        li { (when) ", unless you say otherwise below, "
            (if settings.has_gate { "the gate closes: users get the maintenance page." } else { "work is stopped. There is no gate, so users still reach the platform." }) }
    }
}

/// Who and what is at work, and what becomes of it.
fn work_ends(look: &Look) -> Markup {
    let Look { jobs, workers, services, sessions, computations, .. } = look;
    let instances =
        workers.as_ref().map(|groups| groups.iter().map(|group| group.instances.len()).sum::<usize>());
    let tasks = services.as_ref().map(|all| all.iter().map(|one| one.tasks.len()).sum::<usize>());
    html! {
        @match sessions {
            None => li { "Sessions can't be seen here: what is unsaved in them is lost with the workers." },
            Some(Err(why)) => li { "Sessions could not be looked at, so how many end isn't known: " (why) },
            Some(Ok(all)) if all.is_empty() => {},
            Some(Ok(all)) => li {
                strong { (counted(all.len(), "session")) } " " (verb(all.len(), "is", "are")) " saved and stopped"
                @let unsaved = unsaved(all.iter().map(|one| one.unsaved));
                @if let Some(unsaved) = unsaved { ", with " strong { (unsaved) } } ": "
                (people(all.iter().map(|one| Some(one.owner.as_str())))) "."
            },
        }
        @match computations {
            None => {},
            Some(Err(why)) => li { "Computations could not be looked at: " (why) },
            Some(Ok(all)) if all.is_empty() => {},
            Some(Ok(all)) => li {
                strong { (counted(all.len(), "computation")) } " " (verb(all.len(), "is", "are")) " stopped: "
                (people(all.iter().map(|one| Some(one.owner.as_str())))) "."
            },
        }
        @match jobs {
            Err(why) => li { "Jobs could not be looked at: " (why) },
            Ok(all) if all.is_empty() => {},
            Ok(all) => li {
                strong { (counted(all.len(), "job")) } " " (verb(all.len(), "is", "are")) " terminated"
                @if all.iter().all(|one| one.owner.is_none()) { "; whose they are isn't known." }
                @else { ": " (people(all.iter().map(|one| one.owner.as_deref()))) "." }
            },
        }
        @match instances {
            Err(why) => li { "Workers could not be looked at: " (why) },
            Ok(0) => {},
            Ok(count) => li { strong { (counted(count, "worker")) } " " (verb(count, "is", "are")) " terminated." },
        }
        @match tasks {
            Err(why) => li { "ECS services could not be looked at: " (why) },
            Ok(0) => {},
            Ok(count) => li { strong { (counted(count, "task")) } " of ECS services " (verb(count, "is", "are")) " stopped." },
        }
    }
}

fn verb(count: usize, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// `10 unsaved files`; what isn't counted is said to be so.
fn unsaved(all: impl Iterator<Item = Unsaved>) -> Option<String> {
    let (mut files, mut uncounted) = (0_usize, 0);
    for one in all {
        match one {
            Unsaved::No => {}
            Unsaved::Yes { items: 0 } | Unsaved::Unknown => uncounted += 1,
            Unsaved::Yes { items } => files += items as usize,
        }
    }
    let counted_files = (files > 0).then(|| counted(files, "unsaved file"));
    let perhaps = (uncounted > 0).then(|| format!("unsaved work that isn't counted in {uncounted}"));
    match (counted_files, perhaps) {
        (Some(files), Some(perhaps)) => Some(format!("{files} and {perhaps}")),
        (files, perhaps) => files.or(perhaps),
    }
}

/// Whose, each with how many: `Ada 2, Grace 1`.
fn people<'a>(owners: impl Iterator<Item = Option<&'a str>>) -> String {
    let mut by: BTreeMap<&str, usize> = BTreeMap::new();
    for owner in owners {
        *by.entry(owner.unwrap_or("not known")).or_default() += 1;
    }
    let mut told: Vec<String> =
        by.iter().take(MOST_PEOPLE).map(|(owner, count)| format!("{owner} {count}")).collect();
    if by.len() > MOST_PEOPLE {
        told.push(format!("{} more", by.len() - MOST_PEOPLE));
    }
    told.join(", ")
}

/// What holds of each kind of work; once, where it is the same of all.
fn each(policy: &MaintenancePolicy, words: impl Fn(&DrainPolicy) -> String) -> String {
    let MaintenancePolicy { sessions, computations, jobs, workers, .. } = policy;
    let all = [("sessions", sessions), ("computations", computations), ("jobs", jobs), ("workers", workers)];
    let told = all.map(|(kind, drain)| (kind, words(drain)));
    let (_, first) = &told[0];
    if told.iter().all(|(_, words)| words == first) {
        return first.clone();
    }
    told.map(|(kind, words)| format!("{kind} {words}")).join(", ")
}

fn span(seconds: u64) -> String {
    if seconds == 0 { "not at all".to_owned() } else { format!("for {}", duration(seconds * 1000)) }
}

fn after_deadline(drain: &DrainPolicy) -> String {
    let after = |words: &str| format!("after {} {words}", duration(drain.deadline_seconds * 1000));
    match drain.escalation {
        Escalation::Wait => "wait on".to_owned(),
        Escalation::Stop => after("everything is put back"),
        Escalation::Force => after("by force"),
    }
}

#[cfg(test)]
mod tests {
    use upgrade::{MaintenancePolicy, Unsaved};

    use super::{each, people, span, unsaved};

    #[test]
    fn what_would_be_lost_is_counted_and_what_nobody_counts_is_said() {
        let files = |items| Unsaved::Yes { items };
        for (all, told) in [
            (&[][..], None),
            (&[Unsaved::No], None),
            (&[files(1)], Some("1 unsaved file")),
            (&[files(7), Unsaved::No, files(3)], Some("10 unsaved files")),
            (&[files(2), Unsaved::Unknown], Some("2 unsaved files and unsaved work that isn't counted in 1")),
            (&[files(0)], Some("unsaved work that isn't counted in 1")),
        ] {
            assert_eq!(unsaved(all.iter().copied()).as_deref(), told, "{all:?}");
        }
    }

    #[test]
    fn people_are_named_with_how_many_are_theirs() {
        let told = people([Some("grace"), Some("ada"), None, Some("ada")].into_iter());
        assert_eq!(told, "ada 2, grace 1, not known 1");
        let many: Vec<String> = (0..11).map(|number| format!("p{number:02}")).collect();
        assert!(people(many.iter().map(|one| Some(one.as_str()))).ends_with("p07 1, 3 more"));
    }

    #[test]
    fn what_holds_of_all_work_is_said_once() {
        let mut policy = MaintenancePolicy::default();
        assert_eq!(each(&policy, |drain| span(drain.grace_seconds)), "not at all");
        policy.jobs.grace_seconds = 300;
        let told = each(&policy, |drain| span(drain.grace_seconds));
        assert_eq!(
            told,
            "sessions not at all, computations not at all, jobs for 5 min 00 s, workers not at all"
        );
    }
}
