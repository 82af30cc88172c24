//! 14: what has to be accepted on an ordinary evening.

use cli::planning::{NewRelease, NoPlan, Prepared, UpgradeRequest, prepare};
use upgrade::{Acceptance, Before, CheckResult, UpgradeChoices, Verdict, standing_checks};

use super::Scene;

async fn prepared(scene: &Scene, accepted: &[&str]) -> Prepared {
    let full = scene.full();
    let accepted = accepted.iter().map(|what| Acceptance {
        what: (*what).to_owned(),
        who: "ada".to_owned(),
        why: "read".to_owned(),
        of: Vec::new(),
    });
    let request = UpgradeRequest {
        inherited: Before::default(),
        release: NewRelease::of("to.yaml", full.material.to.clone().into_bytes(), None).expect("a template"),
        choices: UpgradeChoices { accepted: accepted.collect(), ..UpgradeChoices::default() },
        take_fixes: true,
        run_id: "run-1".to_owned(),
    };
    prepare(&full.site, &request).await.expect("everything could be looked at")
}

fn in_the_way(prepared: &Prepared) -> Vec<String> {
    match &prepared.plan {
        Err(NoPlan::Blocked(checks)) => checks.clone(),
        other => panic!("{other:?}"),
    }
}

pub async fn what_is_so_every_evening_is_accepted_once_and_the_evening_by_itself() {
    let mut scene = Scene::new().await;
    let before = in_the_way(&prepared(&scene, &[]).await);
    let why = "it is so every evening";
    scene.world.full.site.settings.accepted =
        standing_checks().into_iter().map(|check| (check.to_owned(), why.to_owned())).collect();
    let looked = prepared(&scene, &[]).await;
    let evening = in_the_way(&looked);
    println!("in the way: {before:?}; with what the settings accept: {evening:?}");
    assert!(evening.len() < before.len(), "{before:?}: something is so every evening");
    // A rehearsal's keys are the root user's, and nobody has backed its platform up: else few are left to be read.
    let ordinary: Vec<&String> =
        evening.iter().filter(|check| !["identity", "recovery-point"].contains(&check.as_str())).collect();
    assert!(ordinary.len() <= 3, "{ordinary:?}");
    assert!(evening.iter().all(|check| !standing_checks().contains(&check.as_str())), "{evening:?}");
    // What was accepted for good still warns, and says who accepted it.
    let warns = |check: &&CheckResult| check.verdict == Verdict::Warning && before.contains(&check.id);
    for check in looked.checks.iter().filter(warns).filter(|one| !evening.contains(&one.id)) {
        let said = format!("Accepted by the settings: {why}");
        assert!(check.evidence.contains(&said), "{check:?}");
    }
    let evening: Vec<&str> = evening.iter().map(String::as_str).collect();
    let plan = prepared(&scene, &evening).await.plan.expect("a plan");
    for check in &evening {
        assert!(
            plan.accepted.iter().any(|one| one.what == *check && one.who == "ada"),
            "{:?}",
            plan.accepted
        );
    }
    let standing = plan.accepted.iter().filter(|one| one.who == "the settings").count();
    assert_eq!(standing + evening.len(), plan.accepted.len(), "{:?}", plan.accepted);
}
