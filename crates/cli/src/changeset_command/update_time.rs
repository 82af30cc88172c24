//! How long the update is estimated to take, for people and as JSON.

use changeset::estimate::{Estimate, Timed, minutes};
use serde_json::{Value as Json, json};

use crate::change_table;

/// How many of the critical path's operations people are shown.
const SHOWN: usize = 12;

pub(super) fn text(estimate: &Estimate, width: usize) -> String {
    if estimate.operations.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "\nHow long it takes\n  {} until UPDATE_COMPLETE",
        minutes(estimate.update_seconds + estimate.clean_up_seconds)
    );
    if estimate.clean_up_seconds > 0 {
        text.push_str(&format!(", of which {} are the clean-up", minutes(estimate.clean_up_seconds)));
    }
    text.push('\n');
    let shares: Vec<String> = estimate
        .shares()
        .into_iter()
        .map(|(from, percent)| format!("{percent} % {}", from.title()))
        .collect();
    change_table::wrap(&mut text, &format!("By {}; an estimate, not a promise.", shares.join(", ")), width);
    let path: Vec<&Timed> = estimate.critical_path.iter().filter(|one| one.figure.seconds > 0).collect();
    if !path.is_empty() {
        text.push_str("  Its critical path:\n");
    }
    for one in path.iter().take(SHOWN) {
        text.push_str(&format!(
            "    {:>7}  {} {} ({})\n",
            minutes(one.figure.seconds),
            one.operation.word(),
            one.logical_id,
            one.figure.provenance.title()
        ));
    }
    if path.len() > SHOWN {
        text.push_str(&format!("    and {} more\n", path.len() - SHOWN));
    }
    match &estimate.point_of_no_return {
        Some(point) => change_table::wrap(&mut text, &format!("Point of no return: {point}"), width),
        None => text.push_str("    No point of no return is known before the clean-up.\n"),
    }
    text
}

pub(super) fn json(estimate: &Estimate) -> Json {
    let Estimate { update_seconds, clean_up_seconds, operations, critical_path, point_of_no_return } =
        estimate;
    let timed = |one: &Timed| {
        json!({
            "logical_id": one.logical_id,
            "resource_type": one.resource_type,
            "operation": one.operation,
            "begins_seconds": one.begins_seconds,
            "seconds": one.figure.seconds,
            "provenance": one.figure.provenance,
        })
    };
    json!({
        "update_seconds": update_seconds,
        "clean_up_seconds": clean_up_seconds,
        "operations": operations.iter().map(timed).collect::<Vec<_>>(),
        "critical_path": critical_path.iter().map(timed).collect::<Vec<_>>(),
        "provenance_percent": estimate.shares(),
        "point_of_no_return": point_of_no_return.as_ref().map(|point| json!({
            "logical_id": point.logical_id,
            "begins_seconds": point.begins_seconds,
            "why": point.why,
            "more": point.more,
        })),
    })
}
