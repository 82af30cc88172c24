use std::collections::{BTreeMap, BTreeSet};

use upgrade::{Limit, Outcome, Report, RunKind, Step, StepReport, Then, Timestamp, UpdateKind};

use super::{Live, Resources, cut};
use crate::history::History;

const WIDE: usize = 250;

fn history(step: Step, seconds: &[u64]) -> History {
    let mut history = History::default();
    for seconds in seconds {
        let steps = vec![StepReport {
            step,
            started_at: Timestamp(0),
            ended_at: Some(Timestamp(seconds * 1000)),
            acts: Vec::new(),
        }];
        let report = Report { steps, outcome: Some(Outcome::Upgraded), ..Report::default() };
        history.add(RunKind::Upgrade, &report);
    }
    history
}

fn jobs(earlier: &[u64], left: &[(&str, u64)], most: usize, changed: u64) -> Live {
    Live {
        history: history(Step::TerminateJobs, earlier),
        step: Some(Step::TerminateJobs),
        place: Some((7, 21)),
        most,
        changed: Timestamp(changed * 1000),
        holding: left.iter().map(|(name, since)| ((*name).to_owned(), Timestamp(since * 1000))).collect(),
        limit: Some(Limit { at: Timestamp(900_000), then: Then::PutBack }),
        ..Live::default()
    }
}

#[test]
fn the_line_says_how_far_how_long_and_what_holds() {
    let two: &[(&str, u64)] = &[("job a (RUNNING) in Spot", 0), ("job b (STARTING) in Spot", 30)];
    for (live, at, width, line) in [
        (
            jobs(&[60, 100], two, 8, 80),
            90,
            WIDE,
            "          7/21 · ███████░░░ 2 of 8 left · 1 min 30 s · about 10 s left · until 00:15:00 UTC · job a (RUNNING) in Spot for \
             1 min 30 s, job b (STARTING) in Spot for 1 min 00 s",
        ),
        (
            jobs(&[60, 100], two, 8, 80),
            90,
            60,
            "          7/21 · ███████░░░ 2 of 8 left · 1 min 30 s · abou…",
        ),
        (
            jobs(&[60, 60, 100], &two[..1], 8, 80),
            90,
            WIDE,
            "          7/21 · ████████░░ 1 of 8 left · 1 min 30 s · longer than usual (1 min 00 s) · until 00:15:00 UTC · job a \
             (RUNNING) in Spot for 1 min 30 s",
        ),
        (
            jobs(&[60, 100], &two[..1], 8, 110),
            120,
            WIDE,
            "          7/21 · ████████░░ 1 of 8 left · 2 min 00 s · slower than ever before (1 min 40 s), but it moves · \
             until 00:15:00 UTC · job a (RUNNING) in Spot for 2 min 00 s",
        ),
        (
            jobs(&[60, 100], &two[..1], 8, 110),
            400,
            WIDE,
            "          7/21 · ████████░░ 1 of 8 left · 6 min 40 s · nothing has changed for 4 min 50 s, and it never took \
             more than 1 min 40 s before: it may not end by itself · until 00:15:00 UTC · job a (RUNNING) \
             in Spot for 6 min 40 s",
        ),
        (
            jobs(&[], &two[..1], 1, 0),
            5,
            WIDE,
            "          7/21 · 5 s · until 00:15:00 UTC · job a (RUNNING) in Spot for 5 s",
        ),
        (jobs(&[3], &[], 0, 0), 1, WIDE, "          7/21 · 1 s · about 2 s left · until 00:15:00 UTC"),
    ] {
        assert_eq!(live.line(Timestamp(at * 1000), width).as_deref(), Some(line));
    }
}

#[test]
fn an_update_is_counted_in_resources() {
    let step = Step::FollowUpdate(UpdateKind::Primary);
    let mut update = Resources {
        expected: ["Template", "Group", "Database", "Role"].map(str::to_owned).into(),
        ..Resources::default()
    };
    for (id, status, at) in [
        ("Role", "UPDATE_IN_PROGRESS", 1),
        ("Role", "UPDATE_COMPLETE", 3),
        ("Template", "UPDATE_COMPLETE", 4),
        ("Database", "UPDATE_IN_PROGRESS", 5),
        ("Database", "UPDATE_IN_PROGRESS", 9),
        ("NotForetold", "UPDATE_COMPLETE", 9),
    ] {
        update.note(id, status, Timestamp(at * 1000));
    }
    let live =
        Live { history: history(step, &[600]), step: Some(step), update: Some(update), ..Live::default() };
    assert_eq!(
        live.line(Timestamp(65_000), WIDE).as_deref(),
        Some(
            "          █████░░░░░ 2 of 4 resources · 1 min 05 s · about 8 min 55 s left · Database for 1 min 00 s"
        )
    );
    let rolling_back = Live {
        update: Some(Resources {
            rolling_back: true,
            under_way: BTreeMap::new(),
            expected: BTreeSet::new(),
            done: BTreeSet::new(),
        }),
        ..live
    };
    let line = rolling_back.line(Timestamp(65_000), WIDE).expect("a line");
    assert!(line.contains("rolling back · 1 min 05 s"), "{line}");
}

#[test]
fn nothing_is_said_of_what_is_over() {
    assert_eq!(Live { ended: true, ..jobs(&[], &[], 0, 0) }.line(Timestamp(1), WIDE), None);
    assert_eq!(Live::default().line(Timestamp(1), WIDE), None);
}

#[test]
fn the_width_is_kept() {
    for (text, width, shown) in [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("日本語の名前", 12, "日本語の名前"),
        ("日本語の名前", 11, "日本語の名…"),
        ("日本語の名前", 10, "日本語の…"),
        ("██░░", 4, "██░░"),
    ] {
        assert_eq!(cut(text, width), shown, "{text} in {width}");
    }
}
