use super::*;

fn picture() -> Picture {
    Picture::parse("<svg></svg>").expect("a picture")
}

fn rehearsal(runs: usize, finished: usize, users_out: Option<(u64, u64)>, grave: usize) -> Rehearsal {
    let spread = |(from, until)| Spread {
        p5_seconds: from,
        median_seconds: from,
        p90_seconds: until,
        p95_seconds: until,
    };
    let grave_failure = GraveFailure {
        title: "Database can't be made".to_owned(),
        end: RehearsalEnd::WaitsForPerson,
        reason: "so it was rehearsed".to_owned(),
        way_out: None,
    };
    Rehearsal {
        at: Timestamp(1_800_000_000_000),
        runs,
        seed: 1,
        users_out: users_out.map(spread),
        ends: vec![
            EndCount { end: RehearsalEnd::Finished, count: finished },
            EndCount { end: RehearsalEnd::WaitsForPerson, count: runs - finished },
        ],
        failures: TriedFailures {
            tried: 214,
            sampled: Vec::new(),
            ends: Vec::new(),
            need_a_person: vec![grave_failure; grave],
        },
        steps: Vec::new(),
        longest: Vec::new(),
        point_of_no_return: None,
        provenance: Vec::new(),
        assumed: Vec::new(),
        not_simulated: Vec::new(),
        made_up: Vec::new(),
        accepted: Vec::new(),
        timeline: picture(),
        distribution: picture(),
    }
}

#[test]
fn a_rehearsal_is_told_in_a_sentence() {
    for (rehearsal, sentence) in [
        (
            rehearsal(200, 200, Some((1_900, 3_450)), 3),
            "rehearsed 200 times: users out 31 to 58 min; 3 of 214 failures need a person",
        ),
        (
            rehearsal(1, 1, Some((40, 40)), 1),
            "rehearsed once: users out 40 s; 1 of 214 failures needs a person",
        ),
        (
            rehearsal(200, 198, Some((59, 121)), 0),
            "rehearsed 200 times: users out 59 s to 3 min; 2 runs did not finish; 0 of 214 failures need a person",
        ),
        (
            rehearsal(200, 200, None, 0),
            "rehearsed 200 times: users are never out; 0 of 214 failures need a person",
        ),
        (rehearsal(200, 0, None, 2), "rehearsed 200 times: no run finished; 2 of 214 failures need a person"),
    ] {
        assert_eq!(rehearsal.in_a_sentence(), sentence);
    }
}

#[test]
fn an_approval_wants_a_rehearsal_that_is_as_new_as_its_plan() {
    let done = RehearsalStanding::Done(Box::new(rehearsal(200, 200, None, 0)));
    let looked_at = Timestamp(1_800_000_000_000);
    assert_eq!(done.is_wanting(looked_at), None, "in the same moment");
    assert_eq!(done.is_wanting(Timestamp(0)), None);
    assert!(done.is_wanting(looked_at.plus_seconds(1)).is_some_and(|words| words.contains("older")));
    let (part, done, all) = (RehearsalPart::Runs, 3, 200);
    for (standing, words) in [
        (RehearsalStanding::None, "Rehearse it, then approve it."),
        (RehearsalStanding::UnderWay(UnderWay { since: looked_at, part, done, all }), "when it is over"),
        (
            RehearsalStanding::Failed { at: looked_at, reason: "the upgrade would not begin".to_owned() },
            "could not be made: the upgrade would not begin",
        ),
    ] {
        let told = standing.is_wanting(looked_at).expect("it is wanting");
        assert!(told.contains(words), "{told}");
    }
}
