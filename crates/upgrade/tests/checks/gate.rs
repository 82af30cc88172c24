//! Room for the gate.

use upgrade::Verdict::{Failed, Passed, Warning};
use upgrade::*;

use crate::world::{World, check_all, of, rule};

#[test]
fn gate() {
    check_all(&[
        ("room", |_| {}, "gate-space", Passed, "the first at 80"),
        (
            "only the default rule",
            |w| w.around.listener_rules = Ok(vec![rule(None, 0)]),
            "gate-space",
            Passed,
            "",
        ),
        (
            "first",
            |w| w.around.listener_rules = Ok(vec![rule(Some(1), 1)]),
            "gate-space",
            Failed,
            "0 priorities",
        ),
        (
            "one priority, and addresses to let in",
            |w| {
                w.around.listener_rules = Ok(vec![rule(Some(2), 1), rule(None, 0)]);
                w.admitted = vec!["192.0.2.1/32".into()];
            },
            "gate-space",
            Failed,
            // The gate, the copy of the rule, the copy of the default rule.
            "needs 3",
        ),
        (
            "nine addresses beside one value",
            |w| {
                w.around.listener_rules = Ok(vec![rule(Some(8), 1), rule(None, 0)]);
                w.admitted = (0..9).map(|n| format!("192.0.2.{n}/32")).collect();
            },
            "gate-space",
            Passed,
            // 1 + 9 over 4, twice.
            "needs 7 before it",
        ),
        (
            "a full rule",
            |w| {
                w.around.listener_rules = Ok(vec![rule(Some(80), 5), rule(None, 0)]);
                w.admitted = vec!["192.0.2.1/32".into()];
            },
            "gate-space",
            Failed,
            "priorities 80",
        ),
        (
            "a rule that signs in, and addresses to let in",
            |w| {
                let signing_in = ListenerRule { signs_in: true, ..rule(Some(80), 1) };
                w.around.listener_rules = Ok(vec![signing_in, rule(None, 0)]);
                w.admitted = vec!["192.0.2.1/32".into()];
            },
            "gate-space",
            Failed,
            "client secret can't be read",
        ),
        (
            "a rule that signs in, and nobody to let in",
            |w| {
                let signing_in = ListenerRule { signs_in: true, ..rule(Some(80), 1) };
                w.around.listener_rules = Ok(vec![signing_in, rule(None, 0)]);
            },
            "gate-space",
            Passed,
            "the first at 80",
        ),
        (
            "100 rules",
            |w| w.around.listener_rules = Ok((80..180).map(|n| rule(Some(n), 1)).collect()),
            "gate-space",
            Failed,
            "over 100",
        ),
        (
            "another listener's rules count for the balancer only",
            |w| {
                w.around.listener_rules = Ok(vec![
                    ListenerRule { listener_arn: "other".into(), ..rule(Some(1), 1) },
                    rule(Some(80), 1),
                ]);
            },
            "gate-space",
            Passed,
            "the first at 80",
        ),
        (
            "left over",
            |w| {
                w.around.listener_rules = Ok(vec![
                    ListenerRule { run_id: Some("run-7".into()), ..rule(Some(1), 1) },
                    rule(Some(80), 1),
                ]);
            },
            "gate-space",
            Warning,
            "run-7",
        ),
        ("blind", |w| w.around.listener_rules = Err("no".into()), "gate-space", Warning, "not known"),
    ]);
}

/// The check and the draft of the gate must agree on what fits.
#[test]
fn the_gate_that_fits_is_drawn() {
    for lowest in [1, 2, 3, 6, 8, 11] {
        for values in [1, 4, 5] {
            for admitted in [0, 1, 9] {
                let mut world = World::default();
                world.around.listener_rules =
                    Ok(vec![rule(Some(lowest), values), rule(Some(lowest + 1), 2), rule(None, 0)]);
                world.admitted = (0..admitted).map(|n| format!("192.0.2.{n}/32")).collect();
                let settings = PlanSettings {
                    deployment_name: "lab".to_owned(),
                    run_id: "run-1".to_owned(),
                    state: String::new(),
                    left_without_state: false,
                    maintenance: world.maintenance.clone(),
                    health: world.health.clone(),
                    announcement: Announcement { banner: None, closes_at: None },
                    admitted: world.admitted.clone(),
                    message: None,
                    snapshot_databases: false,
                    snapshot_volumes: false,
                    platform: world.around.platform,
                };
                let rules = world.around.listener_rules.clone().unwrap_or_default();
                let findings = Findings {
                    deployment: &world.deployment,
                    targets: &world.targets,
                    profile: "generic",
                    listener_rules: &rules,
                    at_work: &AtWork::default(),
                    checks: &[],
                    accepted: &[],
                    found: None,
                    before: &Before::default(),
                    facts: &Facts::default(),
                };
                let drawn = maintenance_plan(RunKind::EnterMaintenance, &settings, &findings);
                let verdict = of(&world.check(), "gate-space").verdict;
                assert_eq!(
                    drawn.is_ok(),
                    verdict == Passed,
                    "first rule {lowest} with {values} values, {admitted} admitted: {verdict:?}, {:?}",
                    drawn.err()
                );
            }
        }
    }
}
