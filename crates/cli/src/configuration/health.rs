//! `[deployments.NAME.health]`: what proves the platform healthy before users are let in.

use upgrade::{HealthPolicy, HttpCheck, OnUnhealthy};

use super::problem::ProblemKind;
use super::reader::Table;
use super::{Word, platform};

const STATUS_CODES: std::ops::Range<u64> = 100..600;

pub(super) fn read(table: &Table<'_>) -> HealthPolicy {
    let usual = HealthPolicy::default();
    let answers = [
        ("ask", OnUnhealthy::Ask),
        ("go-back", OnUnhealthy::GoBack),
        ("open", OnUnhealthy::Open),
        ("stay-closed", OnUnhealthy::StayClosed),
    ];
    let policy = HealthPolicy {
        targets: table.flag("targets").unwrap_or(usual.targets),
        platform: table.flag("platform").unwrap_or(usual.platform),
        http: table.tables("http", http_check),
        quiet_seconds: table.seconds("quiet").unwrap_or(usual.quiet_seconds),
        deadline_seconds: table.seconds("deadline").unwrap_or(usual.deadline_seconds),
        on_failure: table.one_of("on_failure", &answers).unwrap_or(usual.on_failure),
    };
    if policy.quiet_seconds >= policy.deadline_seconds {
        let words = format!(
            "health: nothing can hold for {} s (quiet) within {} s (deadline): make deadline the longer",
            policy.quiet_seconds, policy.deadline_seconds
        );
        table.problem(table.at(), ProblemKind::Conflict(words));
    }
    policy
}

fn http_check(table: &Table<'_>) -> Option<HttpCheck> {
    let url: Option<Word> =
        table.needed_text("url", "what is asked, such as url = \"https://platform.example.com/health\"");
    if let Some(url) = &url {
        platform::check_url(table, "url", url);
    }
    let name = table.text("name");
    let status = table.number("status", STATUS_CODES).and_then(|status| u16::try_from(status).ok());
    let contains = table.text("contains").map(|word| word.text);
    let url = url?.text;
    Some(HttpCheck {
        name: name.map_or_else(|| url.clone(), |word| word.text),
        url,
        status: status.unwrap_or(200),
        contains,
    })
}
