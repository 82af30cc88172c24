//! What holds for all checks together.

use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::stack::ALLOW_ALL;
use crate::world::{World, listener, of, print, rule};

#[test]
fn a_calm_platform_passes() {
    let results = World::default().check();
    let bad: Vec<&CheckResult> =
        results.iter().filter(|result| matches!(result.verdict, Warning | Failed)).collect();
    if !bad.is_empty() {
        print(&results);
    }
    assert!(bad.is_empty(), "{} checks are not content", bad.len());
    let mut ids: Vec<&str> = results.iter().map(|result| result.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), results.len(), "every check has an id of its own");
}

#[test]
fn warnings_stand_in_the_way_until_accepted() {
    let mut world = World::default();
    world.around.stack.termination_protection = false;
    world.around.caller_arn = Ok("arn:aws:sts::999999999999:assumed-role/operator/ada".to_owned());
    let ids = |world: &World| -> Vec<String> {
        let results = world.check();
        in_the_way(&results, &world.accepted).into_iter().map(|result| result.id.clone()).collect()
    };
    assert_eq!(ids(&world), ["identity", "termination-protection"]);
    let accept = |what: &str| Acceptance {
        what: what.to_owned(),
        who: "ada".to_owned(),
        why: "a lab".to_owned(),
        of: Vec::new(),
    };
    world.accepted = vec![accept("termination-protection"), accept("identity")];
    assert_eq!(ids(&world), ["identity"], "what failed can't be accepted");
    let results = world.check();
    assert!(of(&results, "termination-protection").evidence.contains(&"Accepted by ada: a lab".to_owned()));
}

#[test]
fn storage_permissions_gate_and_replacements_are_accepted_one_by_one() {
    let results = World::default().check();
    let singly: Vec<&str> =
        results.iter().filter(|result| result.accepted_singly).map(|result| result.id.as_str()).collect();
    let wanted = [
        "permissions-caller",
        "permissions-role",
        "database-storage",
        "database-engine",
        "replacements",
        "expected-changes",
        "gate-space",
    ];
    assert_eq!(singly, wanted);
}

#[test]
fn what_is_accepted_by_itself_is_accepted_as_it_was_read() {
    let mut world = World::default();
    let left_over = |run: &str| {
        let left = ListenerRule { run_id: Some(run.to_owned()), ..rule(Some(1), 1) };
        Ok(vec![listener(vec![left, rule(Some(80), 1)])])
    };
    world.around.listeners = left_over("run-7");
    let results = world.check();
    let read = of(&results, "gate-space").warnings.clone();
    assert_eq!(read.len(), 1, "{read:?}");
    let stands = |world: &World| {
        let results = world.check();
        let accepted = &of(&results, "gate-space").evidence;
        let told = accepted.iter().any(|line| line == "Accepted by ada: the door is another one");
        let stands = in_the_way(&results, &world.accepted).iter().any(|result| result.id == "gate-space");
        assert_ne!(stands, told, "{accepted:?}");
        stands
    };
    assert!(stands(&world));
    world.accepted = vec![Acceptance {
        what: "gate-space".to_owned(),
        who: "ada".to_owned(),
        why: "the door is another one".to_owned(),
        of: read,
    }];
    assert!(!stands(&world));
    world.around.listeners = left_over("run-8");
    assert!(stands(&world), "nobody has read that");
    world.accepted[0].of.clear();
    assert!(!stands(&world), "who accepts by id alone, on the command line, has read what there is");
}

#[test]
fn without_a_forecast_nothing_passes_that_needs_one() {
    let mut world = World::default();
    world.rewrite("Parameters:\n  Storage", "Parameters:\n  Domain: {Type: String}\n  Storage");
    world.around.stack.stack_policy = Some(format!(r#"{{"Statement": [{ALLOW_ALL}]}}"#));
    let results = world.check();
    for (id, verdict) in [
        ("parameters", Failed),
        ("update-fails", Failed),
        ("stack-policy", Skipped),
        ("quotas", Skipped),
        ("custom-names", Skipped),
        ("replacements", Skipped),
        ("expected-changes", Skipped),
        ("database-storage", Passed),
    ] {
        assert_eq!(of(&results, id).verdict, verdict, "{:#?}", of(&results, id));
    }
}
