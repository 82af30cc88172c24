//! Whether nobody else can act on the deployment.

use upgrade::Verdict::{Failed, Passed, Skipped, Warning};
use upgrade::*;

use crate::world::{World, bucket, of};

const OURS: &str = "s3://bucket/slackwater-state";

fn shared(bucket: Option<BucketSeen>) -> SharedState {
    SharedState { location: OURS.to_owned(), bucket }
}

#[test]
fn the_claim_is_judged_by_where_it_is_kept() {
    let denied = || "AccessDenied".to_owned();
    let in_bucket = |change: fn(&mut BucketSeen)| {
        let mut seen = bucket();
        change(&mut seen);
        shared(Some(seen))
    };
    let unasked = BucketSeen {
        public: Err(denied()),
        expired_by: Err(denied()),
        locked_days: Err(denied()),
        versions: Err(denied()),
        ..bucket()
    };
    let elsewhere = Ok(vec!["s3://another/prefix".to_owned()]);
    for (name, state, elsewhere, verdict, words) in [
        ("nobody looked", SharedState::default(), Ok(vec![]), Skipped, "was not looked at"),
        ("a data directory", shared(None), Ok(vec![]), Warning, "an operator on another machine"),
        ("a bucket", shared(Some(bucket())), Ok(vec![]), Passed, "keeps to conditional writes"),
        (
            "nobody could try",
            in_bucket(|seen| seen.trial = Err("403".to_owned())),
            Ok(vec![]),
            Failed,
            "tried: 403",
        ),
        (
            "created twice",
            in_bucket(|seen| seen.trial = Ok(Trial::CreatesTwice)),
            Ok(vec![]),
            Failed,
            "If-None-Match",
        ),
        ("replaced", in_bucket(|seen| seen.trial = Ok(Trial::ReplacesAny)), Ok(vec![]), Failed, "`If-Match`"),
        ("public", in_bucket(|seen| seen.public = Ok(true)), Ok(vec![]), Warning, "public: whoever"),
        (
            "expired",
            in_bucket(|seen| seen.expired_by = Ok(Some("tidy".to_owned()))),
            Ok(vec![]),
            Warning,
            "rule tidy expires",
        ),
        ("locked", in_bucket(|seen| seen.locked_days = Ok(Some(30))), Ok(vec![]), Warning, "for 30 days"),
        ("versions", in_bucket(|seen| seen.versions = Ok(Versions::Kept)), Ok(vec![]), Warning, "for ever"),
        ("may not be asked", shared(Some(unasked)), Ok(vec![]), Passed, "could not be asked: AccessDenied"),
        (
            "two states",
            shared(Some(bucket())),
            elsewhere.clone(),
            Failed,
            "s3://another/prefix; the state here is s3://bucket",
        ),
        ("another state, ours unknown", SharedState::default(), elsewhere, Failed, "s3://another/prefix"),
        (
            "not looked at",
            shared(Some(bucket())),
            Err("AccessDenied".to_owned()),
            Warning,
            "could not be looked at",
        ),
    ] {
        let mut world = World::default();
        (world.around.state, world.around.elsewhere) = (state, elsewhere);
        let results = world.check();
        let result = of(&results, "claim");
        assert_eq!(result.verdict, verdict, "{name}: {result:?}");
        assert!(result.evidence.iter().any(|line| line.contains(words)), "{name}: {:?}", result.evidence);
        assert_eq!(result.warnings.len(), usize::from(verdict == Warning), "{name}");
        assert!(!result.accepted_singly, "{name}");
        assert_eq!(result.advice.is_some(), verdict >= Warning, "{name}");
    }
}

/// A group's note, and a closed gate, of another state; a copied note and one that says nothing aside.
#[test]
fn another_state_is_found_by_the_notes_that_name_it() {
    let note =
        |of: &str, location: &str| Some(Note::on(of, Timestamp(1), "run-9").of_state(location).write());
    let alarm =
        |name: &str, remembered| AlarmSeen { name: name.to_owned(), actions_enabled: false, remembered };
    let rule = |note| GateRuleSeen {
        rule_arn: "rule".to_owned(),
        priority: Some(3),
        run_id: "run-9".to_owned(),
        closes: true,
        note,
    };
    let door = |note| DoorSeen {
        listener_arn: "l".to_owned(),
        exists: true,
        rules: vec![rule(note)],
        others: Vec::new(),
    };
    for (name, calm, found) in [
        ("ours", CalmSeen { doors: vec![door(note("l", OURS))], ..CalmSeen::default() }, vec![]),
        ("says nothing", CalmSeen { doors: vec![door(note("l", ""))], ..CalmSeen::default() }, vec![]),
        (
            "a gate",
            CalmSeen { doors: vec![door(note("l", "host:/a"))], ..CalmSeen::default() },
            vec!["host:/a"],
        ),
        (
            "an alarm's note, beside a copied one",
            CalmSeen {
                alarms: vec![alarm("a", note("a", "host:/a")), alarm("b", note("a", "host:/b"))],
                ..CalmSeen::default()
            },
            vec!["host:/a"],
        ),
    ] {
        assert_eq!(shared(None).elsewhere(&calm), found, "{name}");
    }
}
