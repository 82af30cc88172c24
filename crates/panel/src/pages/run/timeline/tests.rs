//! What a timeline shows of which stack.

use upgrade::StackEvent;

use super::{Axis, Timeline, choose, lanes, timeline};

const STACKS: [(&str, &str); 2] = [("backup stack", "backup"), ("primary stack", "lab")];

fn event(second: u64, logical_id: &str, status: &str) -> StackEvent {
    let is_stack = STACKS.iter().any(|(_, name)| *name == logical_id);
    StackEvent {
        event_id: format!("{second}-{logical_id}-{status}"),
        timestamp: format!("2026-11-25T10:{:02}:{:02}Z", second / 60, second % 60),
        logical_id: logical_id.to_owned(),
        physical_id: None,
        resource_type: if is_stack { "AWS::CloudFormation::Stack" } else { "AWS::SQS::Queue" }.to_owned(),
        status: status.to_owned(),
        status_reason: None,
        hook: None,
    }
}

fn drawn(events: &[StackEvent], most: Option<usize>) -> String {
    let picture =
        Timeline { events, stacks: STACKS.to_vec(), now: 0, ended: true, most, whole: "/runs/one/timeline" };
    timeline(&picture).into_string()
}

#[test]
fn each_stack_has_a_lane_and_what_is_rolled_back_a_colour_of_its_own() {
    let events = [
        event(0, "backup", "UPDATE_IN_PROGRESS"),
        event(1, "Vault", "UPDATE_IN_PROGRESS"),
        event(2, "Vault", "UPDATE_COMPLETE"),
        event(3, "backup", "UPDATE_COMPLETE"),
        event(4, "lab", "UPDATE_IN_PROGRESS"),
        event(5, "Vault", "UPDATE_IN_PROGRESS"),
        event(6, "Vault", "UPDATE_FAILED"),
        event(7, "lab", "UPDATE_ROLLBACK_IN_PROGRESS"),
        event(8, "Vault", "UPDATE_COMPLETE"),
        event(9, "lab", "UPDATE_ROLLBACK_COMPLETE"),
    ];
    let lanes = lanes(&events, &STACKS);
    let told: Vec<_> = lanes
        .iter()
        .map(|lane| (lane.title, lane.stack.states.len(), lane.rows.len(), lane.rows[0].states.len()))
        .collect();
    assert_eq!(told, [("backup stack", 2, 1, 2), ("primary stack", 3, 1, 3)]);
    let back: Vec<bool> = lanes[1].rows[0].states.iter().map(|(.., is_back)| *is_back).collect();
    assert_eq!(back, [false, false, true], "the same status means another thing in a rollback");
    assert!(lanes[0].rows[0].states.iter().all(|(.., is_back)| !is_back));
    let page = drawn(&events, None);
    for part in ["class=\"back\"", "class=\"failed\"", "primary stack", "backup stack", "2 resources"] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
}

#[test]
fn of_many_rows_those_that_failed_or_go_on_are_drawn_and_all_are_a_page_away() {
    let mut events = vec![event(0, "lab", "UPDATE_IN_PROGRESS")];
    for number in 0..9 {
        events.push(event(number, &format!("R{number}"), "UPDATE_IN_PROGRESS"));
        let ends = ["UPDATE_COMPLETE", "UPDATE_FAILED"][usize::from(number == 8)];
        if number != 7 {
            events.push(event(number + 10, &format!("R{number}"), ends));
        }
    }
    let mut lanes = lanes(&events, &STACKS);
    choose(&mut lanes, 3);
    let names: Vec<_> = lanes[0].rows.iter().map(|row| row.logical_id).collect();
    assert_eq!(names, ["R0", "R7", "R8"]);
    let page = drawn(&events, Some(3));
    assert!(page.contains("9 resources") && page.contains("3 of them drawn"), "{page}");
    assert!(page.contains("href=\"/runs/one/timeline\""), "{page}");
    assert!(!drawn(&events, None).contains("of them drawn"));
    assert_eq!(drawn(&events[..1], None), "");
}

#[test]
fn no_two_marks_of_an_axis_read_the_same() {
    for span in [1000, 1900, 8000, 19_999, 20_000, 61_000, 7_200_000] {
        let axis = Axis { first: 0, span, end: span };
        let marks: Vec<String> = (0..=4)
            .map(|quarter| axis.tick(quarter, 4).into_string())
            .map(|mark| mark.split_once('>').map(|(_, shown)| shown.to_owned()).unwrap_or_default())
            .collect();
        let mut different = marks.clone();
        different.dedup();
        assert_eq!(marks, different, "{span} ms");
    }
}
