//! How long the update is estimated to take, for people.

use changeset::estimate::{Estimate, Timed, minutes};

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
