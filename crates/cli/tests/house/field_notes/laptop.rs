//! 15: a laptop closed between record and call, opened after somebody took over.

use std::time::Duration;

use conductor::{ConductError, Conductor, Ended, Holder, JournalError, TAKE_OVER_SECONDS};
use tokio::sync::Notify;
use upgrade::{Outcome, Plan, State, Step, UpdateKind};

use super::{Scene, has};
use crate::common::approved;
use crate::world::{Distant, Until};

/// Where the laptop is closed, having just written down what it is about to do.
const CLOSED_AT: [Step; 4] =
    [Step::CloseGate, Step::TerminateJobs, Step::ExecuteChangeSet(UpdateKind::Primary), Step::OpenGate];

pub async fn a_laptop_opened_after_somebody_took_over_never_acts_again() {
    for step in CLOSED_AT {
        // Opened while the other one is at it, or when all is done.
        for over in [false, true] {
            opened(step, over).await;
        }
    }
}

async fn opened(step: Step, over: bool) {
    let what = format!("closed in \"{}\", the other's run over: {over}", step.title());
    let scene = Scene::new().await;
    let (world, full) = (&scene.world, scene.full());
    let plan = world.upgrading().await.expect("a plan");
    let reached = Notify::new();
    let begun = |state: &State| state.step == step && state.intended.is_some();
    let mut watcher = Until { when: &begun, reached: &reached, said: false };
    let cloud = Distant(&full.site.ports, &full.clock);
    let (journal, holder) = (world.journal(), Holder::named("laptop"));
    let conductor = Conductor { cloud: &cloud, journal: &journal, clock: &full.clock, holder: &holder };
    let plan_approved = approved(&plan, &full.clock);
    // A closed laptop is a future that nobody polls.
    let mut laptop = Box::pin(conductor.start(&plan_approved, &mut watcher));
    tokio::select! {
        biased;
        () = reached.notified() => {}
        ended = &mut laptop => panic!("{what}: it had ended before: {ended:?}"),
    }
    full.clock.sleep(Duration::from_secs(TAKE_OVER_SECONDS + 600)).await;
    let mut other = Box::pin(world.resume(&plan.run_id, "second"));
    let ended = if over {
        Some(other.as_mut().await)
    } else {
        // It has taken over, and has just begun.
        tokio::select! {
            biased;
            ended = &mut other => panic!("{what}: so soon: {ended:?}"),
            () = full.clock.sleep(Duration::from_millis(100)) => None,
        }
    };
    full.calls.begin(None);
    full.platform.begin(Vec::new());
    let overtaken = laptop.as_mut().await;
    assert!(
        matches!(
            overtaken,
            Err(ConductError::Journal(JournalError::Overtaken { .. } | JournalError::Ended { .. }))
        ),
        "{what}: {overtaken:?}"
    );
    let called = full.calls.calls();
    assert_eq!(called, Vec::<String>::new(), "{what}: it calls nobody any more");
    assert_eq!(full.platform.requests(), Vec::<String>::new(), "{what}");
    let ended = match ended {
        Some(ended) => ended,
        None => other.await,
    };
    assert_eq!(ended.unwrap_or_else(|error| panic!("{what}: {error}")), Ended::Run(Outcome::Upgraded));
    assert_done_once(&scene, &plan, &what).await;
}

async fn assert_done_once(scene: &Scene, plan: &Plan, what: &str) {
    let report = scene.world.report(&plan.run_id);
    assert_eq!(report.times_resumed, 1, "{what}");
    assert!(!has(&report.remarks, "refused"), "{what}: {:?}", report.remarks);
    scene.full().assert_upgraded(&scene.fresh, what).await;
}
