//! A rehearsal, as a backend would tell it; with names that would be markup where somebody forgot to say that they are not.

use panel::proposals::{
    EndCount, GraveFailure, LongResource, Picture, ProvenanceShare, Rehearsal, RehearsalEnd, Spread,
    StepTime, TriedFailures, WayOut,
};
use upgrade::Timestamp;

/// A name that nobody should give, and somebody may.
pub const HOSTILE: &str = "<img src=x onerror=alert(1)>";

pub fn rehearsal(at: Timestamp) -> Rehearsal {
    let spread = |median_seconds: u64| Spread {
        p5_seconds: median_seconds / 2,
        median_seconds,
        p90_seconds: median_seconds + 300,
        p95_seconds: median_seconds + 600,
    };
    let picture = |title: &str| {
        let svg = format!(
            r#"<svg viewBox="0 0 9 9" role="img"><title>{title}</title><rect class="step" x="1"/></svg>"#
        );
        Picture::parse(&svg).expect("a picture")
    };
    let grave = |title: &str, end, way_out| GraveFailure {
        title: title.to_owned(),
        end,
        reason: format!("it began with {HOSTILE}"),
        way_out,
    };
    let skip = WayOut {
        answer: "skip".to_owned(),
        skip: vec!["Database".to_owned()],
        end: RehearsalEnd::RolledBack,
        stack_status: "UPDATE_ROLLBACK_COMPLETE".to_owned(),
    };
    Rehearsal {
        at,
        runs: 200,
        seed: 1,
        users_out: Some(spread(2_700)),
        ends: vec![EndCount { end: RehearsalEnd::Finished, count: 200 }],
        failures: TriedFailures {
            tried: 214,
            sampled: vec!["Of 900 with \"a call of AWS fails\" 24 were tried, evenly spread.".to_owned()],
            ends: vec![
                EndCount { end: RehearsalEnd::Finished, count: 200 },
                EndCount { end: RehearsalEnd::RolledBack, count: 11 },
                EndCount { end: RehearsalEnd::WaitsForPerson, count: 2 },
                EndCount { end: RehearsalEnd::KeptOut, count: 1 },
            ],
            need_a_person: vec![
                grave("Database can't be updated, nor rolled back", RehearsalEnd::WaitsForPerson, Some(skip)),
                grave(HOSTILE, RehearsalEnd::WaitsForPerson, None),
                grave("somebody says stop at: Update the stack", RehearsalEnd::KeptOut, None),
            ],
        },
        steps: vec![StepTime { title: "Update the stack".to_owned(), took: spread(1_800) }],
        longest: vec![LongResource {
            logical_id: HOSTILE.to_owned(),
            resource_type: "AWS::RDS::DBInstance".to_owned(),
            percent: 90,
            took: spread(1_500),
            provenance: "historical averages".to_owned(),
        }],
        point_of_no_return: Some("Database is replaced: from then on a rollback makes another.".to_owned()),
        provenance: vec![
            ProvenanceShare { percent: 80, from: "historical averages".to_owned() },
            ProvenanceShare { percent: 20, from: "assumptions".to_owned() },
        ],
        assumed: vec!["AWS::Foo::Bar (update, 60 s)".to_owned()],
        not_simulated: vec![format!("What {HOSTILE} does.")],
        made_up: vec!["lab-stack/AdminToken".to_owned()],
        accepted: vec!["drift".to_owned()],
        timeline: picture("the upgrade in its course"),
        distribution: picture("how long users are out"),
    }
}
