//! 2 and 16: two machines, two states, and a state that is lost, forbidden or gone while a run goes on.

use std::path::Path;
use std::time::Duration;

use aws::AwsClouds;
use cli::configuration::StateSettings;
use cli::planning::{PlanningError, WithState, prepare_leaving};
use cli::ports::Ports;
use cli::site::Site;
use cli::{Entering, Journal, entering};
use conductor::{
    CarriedOn, ConductError, Conductor, Ended, Holder, JournalError, JournalStore as _, Request,
};
use serde_json::json;
use tokio::sync::Notify;
use upgrade::{Before, Outcome, State, Step, UpdateKind};

use super::Scene;
use crate::common::{approved, sdk};
use crate::full::{BUCKET, Full};
use crate::outside::Way;
use crate::world::{Stores, Until, Waits};

async fn scene() -> Scene {
    let mut scene = Scene::new().await;
    scene.world.stores = Stores::Machines;
    scene
}

/// Another operator's machine, whose settings name this folder of the bucket.
fn elsewhere(full: &Full, prefix: &str) -> Site {
    let state = StateSettings { bucket: BUCKET.to_owned(), prefix: prefix.to_owned(), owner: None };
    let cloud = sdk(&full.local, full.clock);
    let backup = sdk(&full.backup, full.clock);
    let clouds = AwsClouds { primary: cloud.clone(), backup: Some(backup), role: Some(cloud) };
    let ports = Ports { clouds, platform: crate::stub_platform::adapter(&full.platform) };
    let mut settings = full.site.settings.clone();
    settings.state = Some(state);
    let site = Site::around(settings, Path::new(""), ports, full.clock).expect("a profile");
    Site { profile: full.site.profile.clone(), ..site }
}

async fn journal_of(site: &Site) -> Journal {
    let state = site.settings.state.as_ref().expect("a bucket");
    let cloud = &site.ports.clouds.primary;
    Journal::shared(cloud, state, &site.settings.stack, site.clock).await.expect("a state")
}

fn updates(state: &State) -> bool {
    state.step == Step::FollowUpdate(UpdateKind::Primary) && state.has_begun(UpdateKind::Primary)
}

pub async fn a_second_run_elsewhere_is_refused_by_name_and_touches_nothing() {
    let scene = scene().await;
    let world = &scene.world;
    let plan = world.upgrading().await.expect("a plan");
    let ended = world
        .carry_on_and(&plan, updates, async {
            scene.full().calls.begin(None);
            for refused in [world.enabling().await, world.upgrading().await] {
                match refused.as_ref().err().and_then(|error| error.downcast_ref()) {
                    Some(JournalError::RunUnderWay {
                        run_id,
                        carried_out_by: Some(CarriedOn { claim, .. }),
                        ..
                    }) => {
                        // What it does is as it was at its last sign of life.
                        assert_eq!((&**run_id, claim.holder.as_str()), ("run-1", "run-1"), "{}", claim.doing);
                    }
                    _ => panic!("{refused:?}"),
                }
            }
            let touched = scene.full().calls.calls();
            let wrote = |call: &&String| {
                ["Create", "Delete", "Set", "Update", "Tag"]
                    .iter()
                    .any(|verb| call.contains(&format!(":{verb}")))
            };
            // The run that goes on only follows its update meanwhile.
            assert_eq!(touched.iter().filter(wrote).collect::<Vec<_>>(), Vec::<&String>::new());
        })
        .await;
    assert_eq!(ended.expect("it goes on"), Ended::Run(Outcome::Upgraded));
    scene.full().assert_upgraded(&scene.fresh, "the first one's").await;
}

pub async fn a_plan_that_was_carried_out_elsewhere_does_not_run_again() {
    let scene = scene().await;
    let plan = scene.world.upgrading().await.expect("a plan");
    let ended = scene.world.carry_on(&plan, &mut Waits).await;
    assert_eq!(ended.expect("it goes on"), Ended::Run(Outcome::Upgraded));
    scene.sleep(600).await;
    let again = scene.world.carry_on(&plan, &mut Waits).await;
    assert!(
        matches!(&again, Err(ConductError::Journal(JournalError::BegunBefore { run_id })) if *run_id == plan.run_id),
        "{again:?}"
    );
    scene.full().assert_upgraded(&scene.fresh, "once").await;
}

/// A run that is left from another machine ends there: it kills nobody's jobs afterwards.
pub async fn what_is_asked_on_another_machine_is_done_where_the_run_is() {
    let scene = scene().await;
    let plan = scene.world.upgrading().await.expect("a plan");
    let ended = scene
        .world
        .carry_on_and(&plan, |state| state.step == Step::TerminateJobs, async {
            scene.world.ask(&plan.run_id, &Request::Stop { by: "grace".to_owned() });
        })
        .await;
    match ended.expect("it goes on") {
        Ended::Run(Outcome::NotUpgraded { reason }) => {
            assert!(
                reason.contains("stopped by grace (arn:aws:iam::"),
                "whoever asked is named by AWS: {reason}"
            );
        }
        other => panic!("{other:?}"),
    }
    scene.full().assert_put_back("stopped from elsewhere").await;
}

/// Requests in a bucket are listed every two seconds; the last look comes before the end.
pub async fn a_stop_that_is_asked_right_before_the_end_is_taken_up() {
    let scene = scene().await;
    let plan = scene.world.enabling().await.expect("a plan");
    let ended = scene
        .world
        .carry_on_and(&plan, |state| state.step == Step::ConfirmQuiet, async {
            scene.world.ask(&plan.run_id, &Request::Stop { by: "grace".to_owned() });
        })
        .await;
    assert!(matches!(&ended, Ok(Ended::Run(Outcome::NotUpgraded { .. }))), "{ended:?}");
    scene.full().assert_put_back("stopped right before the end").await;
}

pub async fn two_states_of_one_deployment_are_told_of_each_other() {
    let scene = scene().await;
    scene.world.enable().await;
    let site = elsewhere(scene.full(), "another-state/");
    let journal = journal_of(&site).await;
    // Half of it has come back, so that entering has something to do.
    let queue = scene.queue("SystemQueue");
    scene.post("batch", "/v1/updatejobqueue", &json!({"jobQueue": queue, "state": "ENABLED"})).await;
    match entering(&site, Some(&journal), "run-elsewhere", &[], None).await {
        Err(error) => match error.downcast_ref() {
            Some(PlanningError::OtherState { theirs, ours }) => {
                assert!(
                    theirs.contains("slackwater-state") && ours.contains("another-state"),
                    "{theirs} {ours}"
                );
            }
            _ => panic!("{error}"),
        },
        Ok(Entering::Already(found)) => panic!("{found:?}"),
        Ok(Entering::By(plan)) => panic!("a plan: {:?}", plan.steps),
    }
    // Leaving is refused to nobody.
    let plan = prepare_leaving(&site, "run-leave", Before::default(), WithState::Yes).await.expect("a plan");
    let ended = carry_on(&site, &journal, &plan).await;
    assert_eq!(ended.expect("left"), Ended::Run(Outcome::OutOfMaintenance));
    scene.full().assert_put_back("left from the other state").await;
}

async fn carry_on(site: &Site, journal: &Journal, plan: &upgrade::Plan) -> Result<Ended, ConductError> {
    let holder = Holder::named("elsewhere");
    let conductor = Conductor { cloud: &site.ports, journal, clock: &site.clock, holder: &holder };
    Box::pin(conductor.start(&approved(plan, &site.clock), &mut Waits)).await
}

/// Whoever may update the stack and not write the state begins nothing.
pub async fn keys_that_may_not_write_the_state_begin_nothing() {
    let scene = scene().await;
    let before = scene.stands().await;
    scene.full().set_faults(&denied("PutObject"));
    let refused = scene.world.enabling().await;
    match refused.as_ref().err().and_then(|error| error.downcast_ref()) {
        Some(PlanningError::UntriedState { reason, .. }) => {
            assert!(reason.contains("s3:PutObject"), "{reason}");
        }
        _ => panic!("{refused:?}"),
    }
    scene.full().set_faults(&json!({}));
    assert_eq!(scene.stands().await, before, "nothing was touched");
}

fn denied(operation: &str) -> serde_json::Value {
    json!({"calls": [{"service": "s3", "operation": operation, "next": 1_000_000, "answer": "access_denied"}]})
}

/// Its key is disabled, its rights are taken, its bucket doesn't answer: whoever can't write does nothing more, and the run is
/// gone on with when it can be written again.
pub async fn a_state_that_is_forbidden_in_mid_run_stops_it_and_nothing_is_lost() {
    for operation in ["*", "PutObject"] {
        let scene = scene().await;
        let (world, full) = (&scene.world, scene.full());
        let plan = world.upgrading().await.expect("a plan");
        let reached = Notify::new();
        let at = |state: &State| state.step == Step::TerminateJobs;
        let mut watcher = Until { when: &at, reached: &reached, said: false };
        let running = world.carry_on(&plan, &mut watcher);
        let forbidding = async {
            reached.notified().await;
            full.set_faults(&denied(operation));
            full.clock.sleep(Duration::from_secs(150)).await;
            full.calls.begin(None);
            full.clock.sleep(Duration::from_secs(150)).await;
            assert_eq!(full.calls.calls(), Vec::<String>::new(), "{operation}: it calls nobody any more");
        };
        let (ended, ()) = tokio::join!(running, forbidding);
        assert!(matches!(ended, Err(ConductError::Silenced { .. })), "{operation}: {ended:?}");
        assert_eq!(
            scene.look().await.stranger,
            Way::MaintenancePage,
            "{operation}: users are where they were"
        );
        full.set_faults(&json!({}));
        world
            .go_on(&plan.run_id, "another machine")
            .await
            .unwrap_or_else(|error| panic!("{operation}: {error}"));
        full.assert_upgraded(&scene.fresh, operation).await;
    }
}

/// The bucket is emptied under a run: its claim is gone, and so is its right to act.
pub async fn a_state_that_is_emptied_in_mid_run_ends_the_conducting_and_can_be_left() {
    let scene = scene().await;
    let (world, full) = (&scene.world, scene.full());
    let plan = world.enabling().await.expect("a plan");
    let reached = Notify::new();
    let at = |state: &State| state.step == Step::TerminateJobs;
    let mut watcher = Until { when: &at, reached: &reached, said: false };
    let running = world.carry_on(&plan, &mut watcher);
    let emptying = async {
        reached.notified().await;
        scene.empty_bucket().await;
    };
    let (ended, ()) = tokio::join!(running, emptying);
    assert!(
        matches!(
            ended,
            Err(ConductError::Journal(JournalError::Overtaken { .. }) | ConductError::Silenced { .. })
        ),
        "{ended:?}"
    );
    assert_eq!(scene.look().await.stranger, Way::MaintenancePage);
    // Nobody remembers anything; the notes do.
    scene.disable().await;
    full.assert_put_back("left with an empty state").await;
}

/// Without state maintenance is left by what the notes say, and a call of the run elsewhere that arrives afterwards is mended.
pub async fn maintenance_left_without_state_is_looked_at_once_more() {
    let scene = scene().await;
    scene.world.enable().await;
    let full = scene.full();
    let site = elsewhere(full, "slackwater-state/");
    let plan = prepare_leaving(&site, "run-left", Before::default(), WithState::No).await.expect("a plan");
    assert!(plan.steps.iter().any(|planned| planned.step == Step::LookOnceMore), "{:?}", plan.steps);
    // Written down where the run elsewhere isn't.
    let journal = crate::full::journal();
    let holder = Holder::named("elsewhere");
    let (queue, began) = (scene.queue("SystemQueue"), full.clock.now());
    let conductor = Conductor { cloud: &site.ports, journal: &journal, clock: &site.clock, holder: &holder };
    let leaving = async { Box::pin(conductor.start(&approved(&plan, &site.clock), &mut Waits)).await };
    let late = async {
        // Users are in; the other run's last call arrives.
        while scene.is_closed().await {
            scene.sleep(5).await;
        }
        scene.sleep(60).await;
        scene.post("batch", "/v1/updatejobqueue", &json!({"jobQueue": queue, "state": "DISABLED"})).await;
    };
    let (ended, ()) = tokio::join!(leaving, late);
    assert_eq!(ended.expect("left"), Ended::Run(Outcome::OutOfMaintenance));
    assert!(full.clock.now().milliseconds_since(began) >= 300_000, "it looks once more after five minutes");
    full.assert_put_back("what came late is mended").await;
    let (_, records) = journal.load("run-left").await.expect("readable");
    let report = upgrade::Report::from_journal(&plan, &records).expect("it fits");
    assert!(report.remarks.iter().any(|remark| remark.contains("arrived late")), "{:?}", report.remarks);
}
