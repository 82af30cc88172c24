//! A change of a proposal. It voids its approval, and the deployment is looked at anew.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use upgrade::{Acceptance, Timestamp, UpdateOptions};

use super::answers::ProposalSummary;
use super::checks::{check_acceptances, check_sessions, check_template, values};
use super::options::Options;
use super::template::Template;
use super::{audit_name, begin_look};
use crate::api::audited::audited;
use crate::proposals::{Preparation, Proposal, ProposalError, WishedTemplate};
use crate::web::{Call, Failure};

/// What is left out stays.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(rename = "ProposalChange")]
pub(in crate::api) struct Change {
    template: Option<Template>,
    /// Values that are given; `null`: none any more.
    parameters: BTreeMap<String, Option<String>>,
    /// All settings of the stack operation.
    options: Option<Options>,
    /// Sessions that may be stopped unsaved, all of them.
    force_sessions: Option<Vec<String>>,
    /// When the gate closes, RFC 3339; empty: after the settings' notice.
    closes_at: Option<String>,
    /// Why checks and losses are accepted, by what; an empty reason takes an acceptance back.
    accept: BTreeMap<String, String>,
}

/// What of a change is another thing than what is sent.
struct Converted {
    template: Option<WishedTemplate>,
    options: Option<UpdateOptions>,
    /// `Some(None)`: after the settings' notice.
    closes_at: Option<Option<Timestamp>>,
}

pub(in crate::api) async fn change(call: Call, sent: Change) -> Result<ProposalSummary, Failure> {
    let (object, mut sent) = (format!("{}: {}", audit_name(&call), audit_words(&sent)), sent);
    let closes_at = sent.closes_at.take().map(|text| match text.as_str() {
        "" => Ok(None),
        text => moment(text).map(Some),
    });
    let converted = Converted {
        template: sent.template.take().map(Template::wished).transpose()?,
        options: sent.options.take().map(Options::checked).transpose()?,
        closes_at: closes_at.transpose()?,
    };
    audited(&call, "change proposal", &object, async { Ok(apply(&call, sent, converted)?.into()) }).await
}

/// What is changed, by name; never a value.
fn audit_words(change: &Change) -> String {
    let listed = |what: &str, names: Vec<&String>| {
        let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")))
    };
    let (accepted, taken_back): (Vec<_>, Vec<_>) =
        change.accept.iter().partition(|(_, why)| !why.trim().is_empty());
    let only = |what: &str, is: bool| is.then(|| what.to_owned());
    let words = [
        only("release", change.template.is_some()),
        listed("accepts", accepted.into_iter().map(|(what, _)| what).collect()),
        listed("takes back", taken_back.into_iter().map(|(what, _)| what).collect()),
        only("options", change.options.is_some()),
        only("window", change.closes_at.is_some()),
        only("sessions", change.force_sessions.is_some()),
        listed("parameters", change.parameters.keys().collect()),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn apply(call: &Call, sent: Change, converted: Converted) -> Result<Proposal, Failure> {
    let Call { panel, asker, id, .. } = call;
    let Converted { template, options, closes_at } = converted;
    if let Some(template) = &template {
        check_template(template)?;
    }
    let before = panel.proposals.get(id)?;
    let seen = panel.proposals.preparation(&before)?;
    let values = values(&sent.parameters, seen.as_ref())?;
    if let Some(Some(closes_at)) = closes_at
        && closes_at <= panel.now()
    {
        return Err(Failure::field("closesAt", "That time has passed. Empty it, or choose another."));
    }
    check_acceptances(&sent.accept, seen.as_ref())?;
    check_sessions(sent.force_sessions.as_deref().unwrap_or_default(), seen.as_ref())?;
    let moved = template.is_some();
    let person = &asker.person.name;
    let proposal = panel.proposals.change(id, template, |proposal| {
        let decided = Proposal { authors: Vec::new(), ..proposal.clone() };
        let choices = &mut proposal.choices;
        if moved {
            // What was accepted of another release was accepted for what it said then.
            choices.accepted.clear();
        }
        for (name, value) in values {
            match value {
                Some(value) => drop(choices.given.insert(name, value)),
                None => drop(choices.given.remove(&name)),
            }
        }
        if let Some(options) = options {
            choices.options = seen.as_ref().map_or(options.clone(), |seen| options.differing(&seen.stack));
        }
        if let Some(force_sessions) = sent.force_sessions {
            choices.force_sessions = force_sessions;
        }
        if let Some(closes_at) = closes_at {
            choices.closes_at = closes_at;
        }
        // Whoever decides on what will be done is an author; whoever accepts a warning is named beside it.
        let authored = moved || decided != Proposal { authors: Vec::new(), ..proposal.clone() };
        if authored && !proposal.authors.iter().any(|author| author.eq_ignore_ascii_case(person)) {
            proposal.authors.push(person.clone());
        }
        for (what, why) in sent.accept {
            proposal.choices.accepted.retain(|one| one.what != what);
            if !why.trim().is_empty() {
                let (who, why) = (asker.signature(), why.trim().to_owned());
                let of = warnings_read(seen.as_ref(), &what);
                proposal.choices.accepted.push(Acceptance { what, who, why, of });
            }
        }
        Ok::<_, ProposalError>(())
    })?;
    if !moved && proposal == before {
        return Ok(proposal);
    }
    begin_look(panel, id)
}

/// What is accepted with a check that is accepted by itself: when it warns of something else later, that is to be decided
/// anew.
fn warnings_read(seen: Option<&Preparation>, what: &str) -> Vec<String> {
    let checks = seen.into_iter().flat_map(|seen| &seen.checks);
    let mut singly = checks.filter(|check| check.accepted_singly && check.id == what);
    singly.next().map(|check| check.warnings.clone()).unwrap_or_default()
}

fn moment(text: &str) -> Result<Timestamp, Failure> {
    let parsed = OffsetDateTime::parse(text, &Rfc3339).ok();
    parsed
        .and_then(|at| u64::try_from(at.unix_timestamp()).ok())
        .map(|seconds| Timestamp(seconds.saturating_mul(1000)))
        .ok_or_else(|| Failure::field("closesAt", "A time is RFC 3339, such as 2026-11-25T22:00:00Z."))
}
