//! What lies between runs: each of enable, disable, upgrade, stop, resume and kill -9, begun at every step of a run of each
//! kind, by somebody else, while the run is carried on and after its process has died. The right outcome of each pair is the
//! table below; it was written before the code. Whether it came true is looked at from outside.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use cli::{CliError, Leaving, LeavingError, LeavingWish, leaving};
use conductor::{
    ConductError, Ended, JournalError, JournalStore, Reply, Request, TAKE_OVER_SECONDS, Watcher, read_run,
};
use tokio::sync::Notify;
use upgrade::{Ending, Outcome, Plan, Question, Record, Report, RunKind, State, Step, UpdateKind, Users};

use crate::common::virtual_time;
use crate::full::{at_once, everything, freshly};
use crate::material::Vendor;
use crate::outside::{Standing, Way};
use crate::world::{Refused, Stores, Waits, World};

/// The run that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    Enable,
    Disable,
    Upgrade,
    /// An upgrade of a deployment whose administrator has entered maintenance.
    UpgradeInMaintenance,
}

/// What somebody else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Second {
    Enable,
    Disable,
    DisableStoppingTheRun,
    Upgrade,
    Stop,
    Resume,
    Kill,
}

const FIRSTS: [First; 4] = [First::Enable, First::Disable, First::Upgrade, First::UpgradeInMaintenance];

const SECONDS: [Second; 7] = [
    Second::Enable,
    Second::Disable,
    Second::DisableStoppingTheRun,
    Second::Upgrade,
    Second::Stop,
    Second::Resume,
    Second::Kill,
];

/// How far the first one is when the second comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing that can't be taken back has been begun.
    Before,
    /// A linked stack is being updated.
    Linked,
    /// The primary stack is being updated.
    Updating,
    /// Maintenance is being left.
    Leaving,
    /// Users are in, or everything is done.
    Over,
}

/// The right outcome, once everything has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Right {
    /// Whether the second one is told that it can't be done now.
    refused: bool,
    users_in: bool,
    upgraded: bool,
}

/// The table. `alive`: the first one is carried on.
fn right(first: First, alive: bool, phase: Phase, second: Second) -> Right {
    use First::{Disable, Enable, Upgrade, UpgradeInMaintenance};
    // How the first one ends when nobody disturbs it.
    let (users_in, upgraded) = match first {
        Enable => (false, false),
        Disable => (true, false),
        Upgrade | UpgradeInMaintenance => (true, true),
    };
    let undisturbed = |refused| Right { refused, users_in, upgraded };
    // How it ends when it is stopped: before anything is updated, or by cancelling the update.
    let stopped = match (first, phase) {
        (Enable, Phase::Before) => Right { refused: false, users_in: true, upgraded: false },
        (Upgrade, Phase::Before | Phase::Linked | Phase::Updating) => {
            Right { refused: false, users_in: true, upgraded: false }
        }
        // Its administrator had entered maintenance, and keeps it.
        (UpgradeInMaintenance, Phase::Before | Phase::Linked | Phase::Updating) => {
            Right { refused: false, users_in: false, upgraded: false }
        }
        // It asks whether to open, to go back or to wait on, and is told to wait on; or there is nothing to stop any more.
        (Enable | Disable | Upgrade | UpgradeInMaintenance, _) => undisturbed(false),
    };
    // Whoever leaves maintenance has users in, whatever else: an upgrade that can be taken back is.
    let left = Right { refused: false, users_in: true, ..stopped };
    match (second, alive) {
        (Second::Enable | Second::Upgrade, _) => undisturbed(true),
        (Second::Resume, true) => undisturbed(true),
        (Second::Resume | Second::Kill, _) => undisturbed(false),
        (Second::Stop, _) => stopped,
        (Second::Disable, true) => undisturbed(true),
        (Second::DisableStoppingTheRun, true) => left,
        // Nobody carries it on, and CloudFormation goes on: nobody is let in to that unasked.
        (Second::Disable | Second::DisableStoppingTheRun, false) if phase == Phase::Updating => {
            undisturbed(true)
        }
        (Second::Disable | Second::DisableStoppingTheRun, false) => left,
    }
}

fn phase(step: Step, state: &State) -> Phase {
    match step {
        Step::ExecuteChangeSet(UpdateKind::Primary) | Step::FollowUpdate(UpdateKind::Primary)
            if state.has_begun(UpdateKind::Primary) =>
        {
            Phase::Updating
        }
        Step::ExecuteChangeSet(kind) | Step::FollowUpdate(kind) if state.has_begun(kind) => Phase::Linked,
        Step::ClearBanner | Step::DiscardChangeSet | Step::TakeStock => Phase::Over,
        step if step.is_leaving() => Phase::Leaving,
        _ => Phase::Before,
    }
}

/// Says when the run has come to a step, and how it then stood.
struct Until<'a> {
    step: Option<Step>,
    reached: &'a Notify,
    phase: &'a Cell<Option<Phase>>,
}

impl Watcher for Until<'_> {
    fn recorded(&mut self, _plan: &Plan, _record: &Record, state: &State) {
        if self.step == Some(state.step) && state.outcome.is_none() {
            self.step = None;
            self.phase.set(Some(phase(state.step, state)));
            self.reached.notify_one();
        }
    }

    fn asked(&mut self, _plan: &Plan, _question: &Question, _users: Option<&Users>) -> Reply {
        Reply::Wait
    }
}

impl World {
    /// The plan of the first run, everything that comes before it done.
    async fn first(&self, first: First) -> Plan {
        match first {
            First::Enable => self.enabling().await.expect("a plan"),
            First::Upgrade => self.upgrading().await.expect("a plan"),
            First::Disable | First::UpgradeInMaintenance => {
                let plan = self.enabling().await.expect("a plan");
                let ended = self.carry_on(&plan, &mut Waits).await.expect("entered");
                assert_eq!(ended, Ended::Run(Outcome::InMaintenance));
                if first == First::UpgradeInMaintenance {
                    return self.upgrading().await.expect("a plan");
                }
                match leaving(&self.full.site, &self.journal(), LeavingWish::default()).await.expect("a plan")
                {
                    Leaving::By(plan) => *plan,
                    Leaving::From { run_id, .. } => panic!("{run_id} has ended"),
                }
            }
        }
    }

    /// Somebody else comes. Gives whether they were told that it can't be done now.
    async fn second(&self, second: Second, run_id: &str, dead: bool) -> Result<bool, String> {
        let journal = self.journal();
        let now = self.full.clock.now();
        let refusal = |error: CliError| {
            let is_run = matches!(error.downcast_ref(), Some(JournalError::RunUnderWay { .. }));
            match error.downcast_ref() {
                Some(LeavingError::RunConducted { .. } | LeavingError::WhileUpdating { .. }) => Ok(true),
                _ if is_run => Ok(true),
                _ => Err(format!("another refusal: {error}")),
            }
        };
        match second {
            Second::Enable => match self.enabling().await {
                Ok(_) => Ok(false),
                Err(error) => refusal(error),
            },
            Second::Upgrade => match self.upgrading().await {
                Ok(_) => Ok(false),
                Err(error) => refusal(error),
            },
            Second::Stop => {
                match journal.ask(run_id, &Request::Stop { by: "grace".to_owned() }, now).await {
                    Ok(()) | Err(JournalError::Ended { .. }) => {}
                    Err(error) => return Err(error.to_string()),
                }
                if dead {
                    self.go_on(run_id, "second").await?;
                }
                Ok(false)
            }
            Second::Resume => match self.resume(run_id, "second").await {
                Ok(_) => Ok(false),
                Err(ConductError::Journal(JournalError::ClaimHeld { .. })) => Ok(true),
                Err(ConductError::Ended { .. }) => Ok(false),
                Err(error) => Err(error.to_string()),
            },
            Second::Kill => Ok(false),
            Second::Disable | Second::DisableStoppingTheRun => {
                let stop_run = second == Second::DisableStoppingTheRun;
                match self.leave(LeavingWish { stop_run, ..LeavingWish::default() }).await {
                    Ok(()) => Ok(false),
                    Err(Refused::ByRule(error)) => refusal(error),
                    Err(Refused::Otherwise(error)) => Err(error),
                }
            }
        }
    }
}

/// One pair. `None`: the run came to no such step.
async fn pair(
    stores: Stores,
    (first, alive, step, second): (First, bool, Step, Second),
    fresh: &Standing,
) -> Option<()> {
    let what = format!(
        "{stores:?}: {first:?}, {} in \"{}\", then {second:?}",
        if alive { "carried on" } else { "its process killed" },
        step.title()
    );
    let world = World::over(stores).await.expect("the repository's own");
    let plan = world.first(first).await;
    world.full.calls.begin(None);
    let (reached, at) = (Notify::new(), Cell::new(None));
    let told = RefCell::new(None);
    let run_id = plan.run_id.as_str();
    let mut watcher = Until { step: Some(step), reached: &reached, phase: &at };
    let dies = !alive || second == Second::Kill;
    {
        let running = async {
            let ended = world.carry_on(&plan, &mut watcher).await;
            // Whoever waits for a step that never comes waits no longer.
            reached.notify_one();
            ended
        };
        if dies {
            // A process that is killed is a future that is dropped.
            tokio::select! {
                biased;
                () = reached.notified() => {}
                ended = running => panic!("{what}: it had ended before: {ended:?}"),
            }
        } else {
            let disturbing = async {
                reached.notified().await;
                if at.get().is_some() {
                    *told.borrow_mut() = Some(world.second(second, run_id, false).await);
                    world.wait_for(run_id).await;
                }
            };
            let ended = tokio::join!(running, disturbing).0.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(matches!(ended, Ended::Run(_)), "{what}: {ended:?}");
        }
    }
    let phase = at.get()?;
    if dies {
        // Nobody knows that it is dead before it has been silent for so long.
        world.full.clock.sleep(Duration::from_secs(TAKE_OVER_SECONDS + 1)).await;
        let has_ended =
            || at_once(read_run(&world.journal(), run_id)).is_ok_and(|(_, _, state)| state.outcome.is_some());
        if !has_ended() {
            *told.borrow_mut() = Some(world.second(second, run_id, true).await);
        }
        if !has_ended() {
            world.go_on(run_id, "third").await.unwrap_or_else(|error| panic!("{what}: {error}"));
        }
    }
    let refused = told.take().unwrap_or(Ok(false)).unwrap_or_else(|error| panic!("{what}: {error}"));
    let rules = plan.gates().map(|(_, gate)| gate.admitting_rules.len() + 1).sum();
    judge(&world, &what, right(first, alive, phase, second), refused, rules, fresh).await;
    Some(())
}

/// From outside: users are where their administrator wants them, everything is as before or as the release defines it,
/// nothing was done twice, every report is true.
async fn judge(world: &World, what: &str, right: Right, refused: bool, rules: usize, fresh: &Standing) {
    let full = &world.full;
    assert_eq!(refused, right.refused, "{what}: refused");
    let look = full.outside().look(full.clock.now().0).await;
    let inside = look.stranger == Way::Platform;
    assert_eq!(inside, right.users_in, "{what}: users are in");
    let after = full.outside().standing().await;
    let version = if right.upgraded { &fresh.version } else { &full.before.version };
    assert_eq!(&after.version, version, "{what}: the release");
    match (right.users_in, right.upgraded) {
        (true, true) => full.assert_upgraded(fresh, what).await,
        (true, false) => full.assert_put_back(what).await,
        (false, _) => {
            let workers = &after.groups["WorkerGroup"];
            assert_eq!(workers.sizes, ["0", "0", "0"].map(str::to_owned), "{what}: the workers");
            assert!(
                after.queues.values().all(|(state, _)| state == "DISABLED"),
                "{what}: {:?}",
                after.queues
            );
        }
    }
    let calls = full.calls.calls();
    let called = |operation: &str| calls.iter().filter(|call| call.ends_with(operation)).count();
    assert!(called(":ExecuteChangeSet") <= 2, "{what}: the role's and the platform's, once each");
    assert!(called(":CreateRule") <= rules, "{what}: the gate is made once");
    reports_are_true(world, what, right);
}

/// Every run's report says what was seen from outside when it ended; the last one's still holds.
fn reports_are_true(world: &World, what: &str, right: Right) {
    let journal = world.journal();
    let mut runs = at_once(journal.runs()).expect("readable");
    for run in &runs {
        assert!(run.ended, "{what}: {} has not ended", run.run_id);
    }
    let last = runs.pop().expect("a run");
    let (plan, records, state) = at_once(read_run(&journal, &last.run_id)).expect("sound");
    let report = Report::from_journal(&plan, &records).expect("it fits");
    let (outcome, seen) = (state.outcome.as_ref().expect("ended"), report.seen.as_ref().expect("looked at"));
    let ending = Ending { kind: plan.kind, outcome, seen: Some(seen) };
    assert_eq!(seen.users == Users::In, right.users_in, "{what}: {seen:?}");
    assert_eq!(
        seen.release,
        if right.upgraded { Some("1.1.0".to_owned()) } else { Some("1.0.0".to_owned()) }
    );
    assert!(!ending.needs_somebody(), "{what}: {outcome:?}, {seen:?}");
    assert!(seen.still_to_put_back.is_empty(), "{what}: {seen:?}");
    assert_eq!(plan.kind == RunKind::Upgrade && *outcome == Outcome::Upgraded, {
        right.upgraded && plan.kind == RunKind::Upgrade
    });
}

/// The steps that a run of this kind takes, undisturbed.
async fn steps(first: First) -> Option<Vec<Step>> {
    let world = World::new().await?;
    let plan = world.first(first).await;
    world.carry_on(&plan, &mut Waits).await.expect("it goes to its end");
    let (plan, records, _) = at_once(read_run(&world.journal(), &plan.run_id)).expect("sound");
    let report = Report::from_journal(&plan, &records).expect("it fits");
    Some(report.steps.iter().map(|step| step.step).collect())
}

#[test]
fn every_pair_of_commands_comes_to_its_right_end() {
    let Some(fresh) = virtual_time().block_on(freshly(Vendor::Sample)) else { return };
    let mut pairs = Vec::new();
    for first in FIRSTS {
        let steps = virtual_time().block_on(steps(first)).expect("the repository's own");
        for step in steps {
            for alive in [true, false] {
                for stores in [Stores::OneMachine, Stores::Machines] {
                    pairs.extend(SECONDS.map(|second| (stores, (first, alive, step, second))));
                }
            }
        }
    }
    // What is killed and what comes to a killed run are two ways to the same.
    pairs.retain(|(_, (_, alive, _, second))| *alive || *second != Second::Kill);
    // One half of the whole at a time: `SLACKWATER_STORES=Machines`, or `OneMachine`.
    if let Ok(only) = std::env::var("SLACKWATER_STORES") {
        pairs.retain(|(stores, _)| format!("{stores:?}") == only);
    }
    let all = pairs.len();
    let every = if everything() { 1 } else { 41 };
    let sampled: Vec<_> = pairs.into_iter().step_by(every).collect();
    let (sampled, fresh) = (&sampled, &fresh);
    let right: usize = std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| {
            scope.spawn(move || {
                let mine = sampled.iter().skip(half).step_by(2);
                mine.filter(|(stores, what)| {
                    // One that goes wrong has said why, and hides no other.
                    let trying = || virtual_time().block_on(Box::pin(pair(*stores, *what, fresh)));
                    std::panic::catch_unwind(std::panic::AssertUnwindSafe(trying))
                        .is_ok_and(|come| come.is_some())
                })
                .count()
            })
        });
        halves.into_iter().map(|half| half.join().expect("every pair is tried")).sum()
    });
    println!("{right} of {} pairs came to their right end (of {all} that there are)", sampled.len());
    assert_eq!(right, sampled.len(), "each that did not said why");
}
