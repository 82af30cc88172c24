//! What the last rehearsal of a deployment said, kept in the data directory: told before its upgrade, offered where a rollback fails, and
//! held against what then happened.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use upgrade::{Outcome, Plan, Question, Report, RunKind, Timestamp};

use super::compared::{Compared, Range};
use super::told::Told;
use crate::files::{self, FileError};
use crate::words::{counted, duration, moment};

const FORMAT: u32 = 2;

/// What is kept of a deployment's rehearsals.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Kept {
    format: u32,
    /// When the last one was.
    at: Timestamp,
    to_version: Option<String>,
    runs: usize,
    /// How long users are out, in milliseconds: 5 %, the middle, 95 %.
    downtime: Option<(u64, u64, u64)>,
    /// Failures that need a person, and all that were tried.
    failures: Option<(usize, usize)>,
    ways: Vec<KeptWay>,
    /// Upgrades that were held against the rehearsal before them, oldest first.
    compared: Vec<Compared>,
}

/// The way out of a failed rollback that did least harm in a rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeptWay {
    /// The resources whose rollback failed, sorted.
    stuck: Vec<String>,
    /// As it is typed.
    answer: String,
    skip: Vec<String>,
    stack_status: String,
    end: String,
}

fn path(data: &Path, deployment: &str) -> PathBuf {
    data.join("rehearsals").join(format!("{deployment}.json"))
}

impl Kept {
    /// What is kept; `None`: nothing, or nothing that can be read any more. Nobody's upgrade is held up for it.
    pub(crate) fn read(data: &Path, deployment: &str) -> Option<Kept> {
        let kept: Kept = serde_json::from_slice(&std::fs::read(path(data, deployment)).ok()?).ok()?;
        (kept.format == FORMAT).then_some(kept)
    }

    fn write(&self, data: &Path, deployment: &str) -> Result<(), FileError> {
        let path = path(data, deployment);
        let folder = path.parent().unwrap_or(data);
        std::fs::create_dir_all(folder).map_err(FileError::unwritable(folder))?;
        files::write_private(&path, serde_json::to_string_pretty(self).unwrap_or_default().as_bytes())
    }

    /// The upgrades that earlier rehearsals were held against.
    pub(crate) fn compared(&self) -> &[Compared] {
        &self.compared
    }

    /// How long users are out at most, in milliseconds, in 95 of 100 upgrades to this release; `None`: another one was rehearsed,
    /// or they are never out.
    pub(crate) fn most_downtime(&self, to_version: Option<&str>) -> Option<u64> {
        let (_least, _middle, most) = self.downtime.filter(|_| self.to_version.as_deref() == to_version)?;
        Some(most)
    }

    /// How a rehearsal went, in a sentence.
    pub(crate) fn sentence(&self) -> String {
        let out = match self.downtime {
            Some((least, _, most)) => {
                format!("users out {} to {}", duration(least), duration(most))
            }
            None => "users never out".to_owned(),
        };
        let failures = match self.failures {
            Some((needing, all)) => format!("; {needing} of {} need a person", counted(all, "failure")),
            None => String::new(),
        };
        let to = self.to_version.as_deref().map(|to| format!(" (to {to})")).unwrap_or_default();
        format!("Rehearsed {} on {}{to}: {out}{failures}.", counted(self.runs, "time"), moment(self.at))
    }

    /// What a rehearsal knows of a question that a run asks.
    pub(crate) fn evidence(&self, question: &Question) -> Option<String> {
        let Question::RollbackFailed { resources, .. } = question else { return None };
        let mut stuck: Vec<&str> = resources.iter().map(|one| one.logical_id.as_str()).collect();
        stuck.sort_unstable();
        let way = self.ways.iter().find(|way| way.stuck == stuck)?;
        let skip = if way.skip.is_empty() { String::new() } else { format!(" {}", way.skip.join(",")) };
        Some(format!(
            "This was rehearsed on {}: {}{skip} left {}, {}, and did least harm of the ways that were tried.",
            moment(self.at),
            way.answer,
            way.stack_status,
            way.end
        ))
    }
}

/// Keep what a rehearsal of a deployment said.
pub(crate) fn keep(data: &Path, at: Timestamp, told: &Told) -> Result<(), FileError> {
    let compared = Kept::read(data, &told.deployment).map(|kept| kept.compared).unwrap_or_default();
    let outcomes = told.failures.iter().flat_map(|failures| &failures.outcomes);
    let ways = outcomes.filter_map(|failure| {
        let best = failure.ways_out.first().filter(|way| way.leaves_updatable())?;
        let mut stuck = failure.ways_out.iter().find(|way| !way.skip.is_empty())?.skip.clone();
        stuck.sort_unstable();
        Some(KeptWay {
            stuck,
            answer: best.answer.to_owned(),
            skip: best.skip.clone(),
            stack_status: best.stack_status.clone(),
            end: best.end.title().to_owned(),
        })
    });
    let kept = Kept {
        format: FORMAT,
        at,
        to_version: told.to_version.clone(),
        runs: told.distribution.runs,
        downtime: told.distribution.downtime.map(|spread| (spread.p5, spread.median, spread.p95)),
        failures: told.failures.as_ref().map(|all| (all.need_a_person(), all.outcomes.len())),
        ways: ways.collect(),
        compared,
    };
    kept.write(data, &told.deployment)
}

/// Hold an upgrade that has ended against its rehearsal; gives what a person is told of it.
pub(crate) fn compare(data: &Path, plan: &Plan, report: &Report) -> Option<String> {
    let mut kept = Kept::read(data, &plan.deployment)?;
    let (least, middle, most) = kept.downtime?;
    let (from, until) = report.gate_closed?;
    if plan.kind != RunKind::Upgrade
        || report.outcome != Some(Outcome::Upgraded)
        || kept.to_version != plan.to_version
        || kept.compared.iter().any(|one| one.run_id == plan.run_id)
    {
        return None;
    }
    let downtime = until?.milliseconds_since(from);
    let compared = Compared { run_id: plan.run_id.clone(), downtime, rehearsed: Range { least, most } };
    let verdict = match compared.holds() {
        true => "as was rehearsed",
        false if downtime < least => "less than was rehearsed",
        false => "longer than was rehearsed",
    };
    kept.compared.push(compared);
    let unkept = match kept.write(data, &plan.deployment) {
        Ok(()) => String::new(),
        Err(error) => format!(" (That could not be kept: {error}.)"),
    };
    Some(format!(
        "Users were out for {}, {verdict}: {} to {}, {} in the middle.{unkept}",
        duration(downtime),
        duration(least),
        duration(most),
        duration(middle)
    ))
}

#[cfg(test)]
mod tests {
    use upgrade::{Question, StuckResource, Timestamp, UpdateKind};

    use super::{FORMAT, Kept, KeptWay};

    fn kept() -> Kept {
        let way = KeptWay {
            stuck: vec!["Database".to_owned(), "Queue".to_owned()],
            answer: "skip".to_owned(),
            skip: vec!["Queue".to_owned(), "Database".to_owned()],
            stack_status: "UPDATE_ROLLBACK_COMPLETE".to_owned(),
            end: "rolled back, users in".to_owned(),
        };
        Kept {
            format: FORMAT,
            at: Timestamp(1_767_225_600_000),
            to_version: Some("1.1.0".to_owned()),
            runs: 200,
            downtime: Some((1_860_000, 2_400_000, 3_480_000)),
            failures: Some((3, 214)),
            ways: vec![way],
            compared: Vec::new(),
        }
    }

    #[test]
    fn what_was_rehearsed_is_said_in_a_sentence() {
        assert_eq!(
            kept().sentence(),
            "Rehearsed 200 times on 2026-01-01 00:00:00 UTC (to 1.1.0): users out 31 min 00 s to 58 min 00 s; 3 of 214 failures need a person."
        );
    }

    #[test]
    fn a_failed_rollback_is_met_with_what_was_tried() {
        let stuck = |logical_id: &str| StuckResource {
            logical_id: logical_id.to_owned(),
            resource_type: "AWS::SQS::Queue".to_owned(),
            reason: String::new(),
        };
        let question = |resources| Question::RollbackFailed {
            update: UpdateKind::Primary,
            root_cause: String::new(),
            resources,
            refused: None,
        };
        let known =
            kept().evidence(&question(vec![stuck("Queue"), stuck("Database")])).expect("it was tried");
        assert!(known.contains("skip Queue,Database left UPDATE_ROLLBACK_COMPLETE"), "{known}");
        assert_eq!(kept().evidence(&question(vec![stuck("Queue")])), None);
        assert_eq!(kept().evidence(&Question::GateGone { updating: false, doors: Vec::new() }), None);
    }
}
