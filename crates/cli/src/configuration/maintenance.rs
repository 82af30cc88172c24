//! `[deployments.NAME.maintenance]`: how users are told, who may pass, what is saved, how work is ended.

use std::net::IpAddr;

use upgrade::{DrainPolicy, Escalation, MaintenancePolicy, SnapshotKind};

use super::reader::Table;

/// How maintenance goes about its work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MaintenanceSettings {
    /// How long before the gate closes users are told.
    pub notice_seconds: u64,
    /// The page that users see at the closed gate; `None`: this program's.
    pub message: Option<String>,
    /// The banner's text. `{from}` and `{until}` stand for the window.
    pub banner: Option<String>,
    /// Addresses that pass the closed gate, as CIDR blocks.
    pub admitted: Vec<String>,
    /// What is copied before the update.
    pub snapshots: Vec<SnapshotKind>,
    /// Grace, deadline and escalation of each kind of workload; alarms; what a failure leaves.
    pub policy: MaintenancePolicy,
}

/// ELB's limit for a fixed response (ELB API reference, FixedResponseActionConfig, MessageBody).
const MAXIMUM_MESSAGE_BYTES: usize = 1_024;

pub(super) fn read(table: &Table<'_>) -> MaintenanceSettings {
    let usual = MaintenancePolicy::default();
    let message = table.text("message");
    if let Some(word) = &message
        && word.text.len() > MAXIMUM_MESSAGE_BYTES
    {
        let why = format!(
            "{} bytes are too many: a load balancer's fixed response carries at most {MAXIMUM_MESSAGE_BYTES}",
            word.text.len()
        );
        let short: String = word.text.chars().take(30).collect();
        let word = super::Word { text: format!("{short}…"), at: word.at.clone() };
        table.unfit("message", &word, why);
    }
    let admitted = table.texts("admitted");
    for address in &admitted {
        if let Err(why) = check_block(&address.text) {
            table.unfit("admitted", address, why);
        }
    }
    let snapshots = table.texts("snapshots").into_iter().filter_map(|word| match word.text.as_str() {
        "databases" => Some(SnapshotKind::Database),
        "volumes" => Some(SnapshotKind::Volume),
        _ => {
            table.unfit("snapshots", &word, "\"databases\" and \"volumes\" can be copied");
            None
        }
    });
    MaintenanceSettings {
        notice_seconds: table.seconds("notice").unwrap_or(0),
        message: message.map(|word| word.text),
        banner: table.text("banner").map(|word| word.text),
        snapshots: snapshots.collect(),
        admitted: admitted.into_iter().map(|word| word.text).collect(),
        policy: MaintenancePolicy {
            sessions: drain(table, "sessions", usual.sessions),
            force_sessions: usual.force_sessions,
            computations: drain(table, "computations", usual.computations),
            jobs: drain(table, "jobs", usual.jobs),
            workers: drain(table, "workers", usual.workers),
            mute_alarms: table.flag("mute_alarms").unwrap_or(usual.mute_alarms),
            stay_closed_on_failure: table
                .flag("stay_closed_on_failure")
                .unwrap_or(usual.stay_closed_on_failure),
        },
    }
}

fn drain(table: &Table<'_>, key: &'static str, usual: DrainPolicy) -> DrainPolicy {
    table.table(key, |below| read_drain(below, key, usual)).unwrap_or(usual)
}

fn read_drain(below: &Table<'_>, key: &str, usual: DrainPolicy) -> DrainPolicy {
    let escalations = [("wait", Escalation::Wait), ("stop", Escalation::Stop), ("force", Escalation::Force)];
    let grace = below.seconds("grace");
    let deadline = below.seconds("deadline");
    let policy = DrainPolicy {
        grace_seconds: grace.unwrap_or(usual.grace_seconds),
        deadline_seconds: deadline.unwrap_or(usual.deadline_seconds),
        escalation: below.one_of("escalation", &escalations).unwrap_or(usual.escalation),
    };
    if policy.grace_seconds >= policy.deadline_seconds {
        let words = format!(
            "{key}: the grace of {} s leaves nothing of the deadline of {} s, in which the work is to be ended: \
             make deadline the longer",
            policy.grace_seconds, policy.deadline_seconds
        );
        below.problem(below.at(), super::ProblemKind::Conflict(words));
    }
    policy
}

/// An address block in CIDR notation, which is what a listener rule takes.
fn check_block(text: &str) -> Result<(), String> {
    let wrong = || "an address block such as 203.0.113.0/24 is wanted".to_owned();
    let Some((address, length)) = text.split_once('/') else {
        return Err(match text.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => format!("an address block is wanted: for this one address write {text}/32"),
            Ok(IpAddr::V6(_)) => format!("an address block is wanted: for this one address write {text}/128"),
            Err(_) => wrong(),
        });
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let length: u32 = length.parse().map_err(|_| wrong())?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    if length > bits {
        return Err(format!("at most /{bits} can follow such an address"));
    }
    if length == 0 {
        return Err("this admits everybody, so the gate would not be closed".to_owned());
    }
    Ok(())
}
