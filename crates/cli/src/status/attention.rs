//! What a person must mind about a deployment. Pure.

use upgrade::{Outcome, not_come_back, not_running};

use super::Standing;
use crate::listed_run::ListedRun;
use crate::words::counted;

/// One sentence each: what is so, what it means, what to do. The gravest first.
pub(super) fn of(standing: &Standing) -> Vec<String> {
    let mut found = Vec::new();
    let last = standing.last_run.as_ref();
    if let Some(reason) = &standing.journal_unreadable {
        found.push(format!(
            "the deployment's journal can't be read, so that nobody knows here of any run: {reason}"
        ));
    }
    if let Some(ListedRun { run, damaged: Some(_), .. }) = last {
        found.push(format!(
            "run {run} is damaged, and nobody can go on with it: it is in no other run's way, and `slackwater maintenance \
             disable` puts back whatever it left"
        ));
    }
    let under_way = last.filter(|run| run.outcome.is_none() && run.damaged.is_none() && !run.not_begun);
    if let Some(run) = under_way {
        if run.asks {
            found.push(format!(
                "run {0} waits for a person's decision: `slackwater run show {0}` says what it asks",
                run.run
            ));
        } else if run.holder.is_none() {
            found.push(format!(
                "run {0} has not ended and nobody carries it out: `slackwater run resume {0}` goes on, `slackwater \
                 maintenance disable` leaves",
                run.run
            ));
        }
    }
    gate(standing, &mut found);
    stack(standing, &mut found);
    if under_way.is_some() || is_in_maintenance(standing) {
        return found;
    }
    let groups = standing.worker_groups.as_deref().unwrap_or_default();
    found.extend(not_come_back(groups).into_iter().map(|told| {
        format!("{told}: `aws autoscaling resume-processes` brings them back, unless its owner wants it so")
    }));
    found.extend(not_running(standing.ecs_services.as_deref().unwrap_or_default()));
    if let Ok(alarms) = &standing.muted_alarms
        && !alarms.is_empty()
    {
        found.push(format!(
            "maintenance left {} muted ({}): nobody is told of what they watch; `slackwater maintenance disable` puts \
             them back",
            counted(alarms.len(), "alarm"),
            some(alarms)
        ));
    }
    let noted: Vec<String> = standing.notes().map(|(name, _)| name.to_owned()).collect();
    if !noted.is_empty() {
        found.push(format!(
            "maintenance left its notes on {} ({}), so they may not be as they were: `slackwater maintenance disable` \
             puts them back",
            counted(noted.len(), "resource"),
            some(&noted)
        ));
    }
    if let (Some(Ok(Some(banner))), Some(run)) = (&standing.banner, last)
        && run.banner.as_ref() == Some(banner)
    {
        found.push(format!(
            "users still see the banner of run {}: `slackwater banner clear` takes it down",
            run.run
        ));
    }
    if let Ok(sets) = &standing.change_sets
        && !sets.is_empty()
    {
        found.push(format!(
            "{} of ours {} left, and nobody will execute {}: `aws cloudformation delete-change-set --stack-name {} \
             --change-set-name {}`",
            counted(sets.len(), "change set"),
            if sets.len() == 1 { "is" } else { "are" },
            if sets.len() == 1 { "it" } else { "them" },
            standing.stack,
            some(sets)
        ));
    }
    found
}

/// Maintenance that somebody asked for, or a run that ended with the gate closed: what is muted and noted belongs to it.
fn is_in_maintenance(standing: &Standing) -> bool {
    standing.gate.as_ref().is_ok_and(|gate| gate.run.is_some())
}

fn gate(standing: &Standing, found: &mut Vec<String>) {
    let Ok(gate) = &standing.gate else { return };
    let last = standing.last_run.as_ref();
    let mine = |run: &String| last.is_some_and(|last| last.run == *run);
    // Where there is no gate nobody is kept out.
    let out = if gate.gateless { "WORK IS STOPPED" } else { "USERS ARE KEPT OUT" };
    if gate.run.is_some() && !gate.open.is_empty() {
        found.push(format!(
            "USERS COME IN BY {}, though the deployment is in maintenance: somebody has deleted the gate's rule there, or the \
             listener is new; `slackwater maintenance enable` closes it, `slackwater maintenance disable` ends maintenance",
            gate.open.join(", ")
        ));
        return;
    }
    match (&gate.run, last) {
        (Some(run), Some(last)) if mine(run) => match &last.outcome {
            None if last.damaged.is_some() => found.push(format!(
                "{out} by the damaged run {run}: `slackwater maintenance disable` puts everything back and ends it"
            )),
            // As it was asked for, or as an upgrade found it that didn't happen.
            None | Some(Outcome::InMaintenance | Outcome::NotUpgraded { .. }) => {}
            Some(
                Outcome::GateClosed { .. }
                | Outcome::Upgraded
                | Outcome::WentBack { .. }
                | Outcome::OutOfMaintenance,
            ) => found.push(format!(
                "{out} since run {run} ended: `slackwater run show {run}` says why, `slackwater maintenance disable` puts \
                 everything back and ends it"
            )),
        },
        // It was entered before the last run, which found it so and left it so.
        (Some(_), Some(last)) if matches!(last.outcome, None | Some(Outcome::NotUpgraded { .. })) => {}
        (Some(run), _) => found.push(format!(
            "{out} by run {run}, which isn't the last one known here: whoever began it may be at work; if nobody is, \
             `slackwater maintenance disable` puts everything back and ends it"
        )),
        // What was stopped bears no note any more, or there was nothing to stop.
        (None, Some(_)) if gate.gateless => {}
        (None, Some(last)) if last.outcome == Some(Outcome::InMaintenance) => found.push(format!(
            "run {} entered maintenance, and the gate is open: somebody has deleted its rule, so users reach a platform \
             without workers; `slackwater maintenance disable` puts everything back",
            last.run
        )),
        (None, _) => {}
    }
}

fn stack(standing: &Standing, found: &mut Vec<String>) {
    let status = standing.stack_status.as_str();
    if status == "UPDATE_ROLLBACK_FAILED" {
        found.push(
            "the stack's rollback has failed: it takes no update before `aws cloudformation \
             continue-update-rollback` has succeeded"
                .to_owned(),
        );
    } else if status.ends_with("_FAILED") || status == "ROLLBACK_COMPLETE" {
        found.push(format!("the stack is {status}: it can't be updated in this state"));
    } else if status.ends_with("_IN_PROGRESS")
        && standing.last_run.as_ref().is_none_or(|run| run.outcome.is_some())
    {
        found.push(format!("the stack is {status}, and no run of ours does that: somebody else updates it"));
    }
}

fn some(names: &[String]) -> String {
    let shown = names.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(3) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use upgrade::{JobQueue, Outcome};

    use super::of;
    use crate::listed_run::ListedRun;
    use crate::status::{AtWork, Gate, Standing};

    fn calm() -> Standing {
        Standing {
            deployment: "production".to_owned(),
            at: upgrade::Timestamp(0),
            stack: "platform".to_owned(),
            stack_status: "UPDATE_COMPLETE".to_owned(),
            version: None,
            gate: Ok(Gate::default()),
            doors: Vec::new(),
            health: Ok(Vec::new()),
            at_work: AtWork {
                sessions: None,
                computations: None,
                jobs: Ok(Vec::new()),
                machines: Ok(Vec::new()),
            },
            job_queues: Ok(Vec::new()),
            ecs_services: Ok(Vec::new()),
            worker_groups: Ok(Vec::new()),
            muted_alarms: Ok(Vec::new()),
            banner: Some(Ok(None)),
            change_sets: Ok(Vec::new()),
            last_run: None,
            journal_unreadable: None,
            attention: Vec::new(),
        }
    }

    fn run(outcome: Option<Outcome>) -> ListedRun {
        ListedRun {
            run: "run-1".to_owned(),
            outcome,
            banner: Some("Save your work".to_owned()),
            ..ListedRun::default()
        }
    }

    fn closed_by(id: &str) -> Result<Gate, String> {
        Ok(Gate { closed: true, run: Some(id.to_owned()), ..Gate::default() })
    }

    fn last(run: ListedRun) -> impl FnOnce(&mut Standing) {
        move |standing| standing.last_run = Some(run)
    }

    #[test]
    fn what_needs_attention_is_said_and_nothing_else() {
        let because = || Outcome::GateClosed { reason: String::new() };
        type Change = Box<dyn FnOnce(&mut Standing)>;
        let cases: Vec<(&str, Change, &str)> = vec![
            ("all is calm", Box::new(|_| ()), ""),
            ("all is calm after a run", Box::new(last(run(Some(Outcome::Upgraded)))), ""),
            (
                "a run waits",
                Box::new(last(ListedRun { asks: true, ..run(None) })),
                "waits for a person's decision",
            ),
            ("a run was left", Box::new(last(run(None))), "nobody carries it out"),
            (
                "a run is carried out",
                Box::new(last(ListedRun { holder: Some("here".to_owned()), ..run(None) })),
                "",
            ),
            (
                "a run that was claimed and never begun",
                Box::new(last(ListedRun { not_begun: true, ..run(None) })),
                "",
            ),
            (
                "a run that can't be read",
                Box::new(last(ListedRun { damaged: Some("its plan".to_owned()), ..run(None) })),
                "run run-1 is damaged",
            ),
            (
                "a journal that can't be read",
                Box::new(|standing| standing.journal_unreadable = Some("format 3".to_owned())),
                "can't be read, so that nobody knows here of any run: format 3",
            ),
            (
                "maintenance as was asked",
                Box::new(|standing| {
                    standing.last_run = Some(run(Some(Outcome::InMaintenance)));
                    standing.gate = closed_by("run-1");
                    standing.muted_alarms = Ok(vec!["cpu".to_owned()]);
                }),
                "",
            ),
            (
                "maintenance whose rule is gone",
                Box::new(last(run(Some(Outcome::InMaintenance)))),
                "somebody has deleted its rule",
            ),
            (
                "a run that ended closed",
                Box::new(move |standing| {
                    standing.last_run = Some(run(Some(because())));
                    standing.gate = closed_by("run-1");
                }),
                "USERS ARE KEPT OUT since run run-1 ended",
            ),
            (
                "somebody else's gate",
                Box::new(|standing| standing.gate = closed_by("run-9")),
                "which isn't the last one known here",
            ),
            (
                "a gate of which one door was opened",
                Box::new(|standing| {
                    let (run, open) = (Some("run-1".to_owned()), vec!["HttpListener".to_owned()]);
                    standing.gate = Ok(Gate { open, run, ..Gate::default() });
                    standing.last_run = Some(super::tests::run(Some(Outcome::InMaintenance)));
                }),
                "USERS COME IN BY HttpListener",
            ),
            (
                "stopped work where there is no gate",
                Box::new(|standing| {
                    let run = Some("run-9".to_owned());
                    standing.gate = Ok(Gate { closed: true, gateless: true, run, ..Gate::default() });
                }),
                "WORK IS STOPPED by run run-9",
            ),
            (
                "nothing to stop where there is no gate",
                Box::new(|standing| {
                    standing.gate = Ok(Gate { gateless: true, ..Gate::default() });
                    standing.last_run = Some(super::tests::run(Some(Outcome::InMaintenance)));
                }),
                "",
            ),
            (
                "muted alarms",
                Box::new(|standing| standing.muted_alarms = Ok(vec!["cpu".to_owned()])),
                "maintenance left 1 alarm muted (cpu)",
            ),
            (
                "a note that was left",
                Box::new(|standing| {
                    standing.job_queues = Ok(vec![JobQueue {
                        arn: "arn:aws:batch:us-east-1:1:job-queue/spot".to_owned(),
                        enabled: false,
                        status: "VALID".to_owned(),
                        status_reason: None,
                        remembered: Some("ENABLED".to_owned()),
                    }]);
                }),
                "1 resource (spot)",
            ),
            (
                "a banner that was left",
                Box::new(|standing| {
                    standing.last_run = Some(run(Some(Outcome::Upgraded)));
                    standing.banner = Some(Ok(Some("Save your work".to_owned())));
                }),
                "slackwater banner clear",
            ),
            (
                "the owner's own banner",
                Box::new(|standing| {
                    standing.last_run = Some(run(Some(Outcome::Upgraded)));
                    standing.banner = Some(Ok(Some("Cake at noon".to_owned())));
                }),
                "",
            ),
            (
                "a change set that was left",
                Box::new(|standing| standing.change_sets = Ok(vec!["slackwater-run-1".to_owned()])),
                "--change-set-name slackwater-run-1",
            ),
            (
                "a rollback that failed",
                Box::new(|standing| standing.stack_status = "UPDATE_ROLLBACK_FAILED".to_owned()),
                "continue-update-rollback",
            ),
            (
                "somebody else's update",
                Box::new(|standing| standing.stack_status = "UPDATE_IN_PROGRESS".to_owned()),
                "somebody else updates it",
            ),
        ];
        for (name, change, words) in cases {
            let mut standing = calm();
            change(&mut standing);
            let found = of(&standing);
            assert_eq!(found.len(), usize::from(!words.is_empty()), "{name}: {found:?}");
            assert!(found.iter().all(|one| one.contains(words)), "{name}: {found:?}");
        }
    }
}
