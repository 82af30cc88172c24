//! `gate` and `doors`: whether there is a gate, and what the owner says of listeners that can't or needn't be closed.

use std::collections::BTreeMap;

use upgrade::DoorWord;

use super::reader::Table;

const WANTED: &str = "\"users\", \"not-for-users: WHY\" or \"stays-open: WHY\" is wanted";

/// Whether the owner says that there is no gate.
pub(super) fn gateless(table: &Table<'_>) -> bool {
    table.one_of("gate", &[("none", true)]).unwrap_or(false)
}

/// What is said of listeners, by their name in the template or their ARN. What isn't closed has its reason beside it: it is
/// shown in plan, status and report.
pub(super) fn words(table: &Table<'_>) -> BTreeMap<String, DoorWord> {
    let mut found = BTreeMap::new();
    for (name, word) in table.named_texts("doors") {
        let (kind, reason) = word.text.split_once(':').unwrap_or((&word.text, ""));
        let reason = reason.trim().to_owned();
        let said = match kind.trim() {
            "users" if reason.is_empty() => DoorWord::Users,
            "not-for-users" if !reason.is_empty() => DoorWord::NotForUsers { reason },
            "stays-open" if !reason.is_empty() => DoorWord::StaysOpen { reason },
            "not-for-users" | "stays-open" => {
                table.unfit(&name, &word, format!("say why after a colon: \"{}: …\"", kind.trim()));
                continue;
            }
            _ => {
                table.unfit(&name, &word, WANTED);
                continue;
            }
        };
        found.insert(name, said);
    }
    found
}
