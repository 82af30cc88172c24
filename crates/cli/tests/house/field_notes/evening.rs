//! 14: what has to be accepted on an ordinary evening.

use cli::configuration::AcceptedCheck;
use cli::planning::{NewRelease, NoPlan, Prepared, UpgradeRequest, prepare};
use upgrade::{Acceptance, Before, CheckResult, Timestamp, UpgradeChoices, Verdict, standing_checks};

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

/// What the settings say of a check: it counts until this moment.
fn settled(check: &str, over: Timestamp) -> AcceptedCheck {
    AcceptedCheck {
        check: check.to_owned(),
        reason: "it is so every evening".to_owned(),
        who: "grace".to_owned(),
        until: "2027-03-31".to_owned(),
        over,
    }
}

pub async fn what_is_so_every_evening_is_accepted_once_and_the_evening_by_itself() {
    let mut scene = Scene::new().await;
    let before = in_the_way(&prepared(&scene, &[]).await);
    let now = scene.world.full.site.clock.now();
    let all_until =
        |over: Timestamp| standing_checks().into_iter().map(|check| settled(check, over)).collect();
    scene.world.full.site.settings.accepted = all_until(now);
    let over = prepared(&scene, &[]).await;
    assert_eq!(in_the_way(&over), before, "what is over counts as none");
    let said = "grace had accepted it in the settings until 2027-03-31, which is over.";
    let standing = |check: &&CheckResult| {
        check.verdict == Verdict::Warning && standing_checks().contains(&check.id.as_str())
    };
    for check in over.checks.iter().filter(standing) {
        assert!(check.evidence.iter().any(|line| line == said), "{check:?}");
    }
    scene.world.full.site.settings.accepted = all_until(Timestamp(u64::MAX));
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
        let said = "Accepted by grace (settings, until 2027-03-31): it is so every evening";
        assert!(check.evidence.iter().any(|line| line == said), "{check:?}");
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
    let standing = plan.accepted.iter().filter(|one| one.who == "grace (settings, until 2027-03-31)").count();
    assert_eq!(standing + evening.len(), plan.accepted.len(), "{:?}", plan.accepted);
}
