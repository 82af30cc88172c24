//! What may be put into a proposal: each refusal names its field, and repeats no value.

use std::collections::BTreeMap;

use upgrade::PatternEffort;

use crate::proposals::{MOST_TEMPLATE_BYTES, Preparation, WishedTemplate};
use crate::web::{Failure, FieldError};

/// The longest reason for accepting something.
const MOST_REASON: usize = 500;

/// A template must be there, on S3 or as a text of CloudFormation's size, and no secret itself.
pub(super) fn check_template(template: &WishedTemplate) -> Result<(), Failure> {
    match template {
        WishedTemplate::Url(url) => {
            let on_s3 = url.starts_with("https://") || url.starts_with("s3://");
            if !on_s3 || url.len() > 1024 || url.chars().any(|one| one.is_control() || one.is_whitespace()) {
                return Err(Failure::field("url", "A URL on S3 begins with https:// or s3://."));
            }
            let query = url.split_once('?').map_or("", |(_, query)| query);
            if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name != "versionId") {
                return Err(Failure::field(
                    "url",
                    "A signed URL is a secret, and would be kept and shown. Give the plain one.",
                ));
            }
            Ok(())
        }
        WishedTemplate::File { name, text } => {
            if text.trim().is_empty() {
                return Err(Failure::field("file", "The file is empty."));
            }
            if text.len() > MOST_TEMPLATE_BYTES {
                return Err(Failure::field("file", "A template has at most 1,000,000 bytes."));
            }
            if name.is_empty() || name.len() > 255 || name.chars().any(char::is_control) {
                return Err(Failure::field("file", "The file has no proper name."));
            }
            Ok(())
        }
        WishedTemplate::Release(version) if version.is_empty() => {
            Err(Failure::field("release", "Choose a release."))
        }
        WishedTemplate::Release(_) => Ok(()),
    }
}

/// What is given, without what only repeats the stack's own value.
pub(super) fn values(
    given: &BTreeMap<String, Option<String>>,
    seen: Option<&Preparation>,
) -> Result<BTreeMap<String, Option<String>>, Failure> {
    if given.is_empty() {
        return Ok(BTreeMap::new());
    }
    let Some(seen) = seen else {
        return Err(Failure::Conflict("Parameters can be given once the release was looked at.".to_owned()));
    };
    let (mut values, mut errors) = (BTreeMap::new(), Vec::new());
    let mut effort = PatternEffort::default();
    for (name, value) in given {
        let row = seen.parameters.iter().find(|row| row.name == *name);
        let refusal = match (row, value) {
            (None, _) => Some("The release has no such parameter.".to_owned()),
            (Some(row), Some(_)) if row.secret => {
                Some(format!("{name} is secret: it is kept as it is, and can't be given here."))
            }
            (Some(row), Some(value)) => match &row.constraints {
                Some(constraints) => constraints.refusal(name, value, &mut effort),
                None => Some("The new release doesn't have this parameter.".to_owned()),
            },
            (Some(_), None) => None,
        };
        match refusal {
            Some(detail) => errors.push(FieldError { field: format!("parameters.{name}"), detail }),
            None => {
                let own = row.and_then(|row| row.current.as_ref().or(row.new_default.as_ref()));
                values.insert(name.clone(), value.clone().filter(|value| Some(value) != own));
            }
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(Failure::Fields { errors }) }
}

/// A session that isn't there can't be meant.
pub(super) fn check_sessions(ids: &[String], seen: Option<&Preparation>) -> Result<(), Failure> {
    let there =
        |id: &String| seen.is_some_and(|seen| seen.at_work.sessions.iter().any(|session| session.id == *id));
    if ids.iter().all(there) {
        return Ok(());
    }
    Err(Failure::field(
        "forceSessions",
        "Nobody has such a session open. Look again, and choose from those there are.",
    ))
}

/// Only what is there can be accepted: a slip of the pen would pass for a decision.
pub(super) fn check_acceptances(
    accept: &BTreeMap<String, String>,
    seen: Option<&Preparation>,
) -> Result<(), Failure> {
    if accept.is_empty() {
        return Ok(());
    }
    let Some(seen) = seen else {
        return Err(Failure::Conflict("Something can be accepted once it was looked at.".to_owned()));
    };
    let mut errors = Vec::new();
    for (what, why) in accept {
        let mut losses = seen.foretold.iter().flat_map(|foretold| &foretold.losses);
        let known = seen.checks.iter().any(|check| check.id == *what) || losses.any(|one| one == what);
        let detail = if !known {
            "There is nothing of this name to accept."
        } else if why.chars().count() > MOST_REASON || why.chars().any(|one| one.is_control() && one != '\n')
        {
            "A reason has at most 500 characters."
        } else {
            continue;
        };
        errors.push(FieldError { field: format!("accept.{what}"), detail: detail.to_owned() });
    }
    if errors.is_empty() { Ok(()) } else { Err(Failure::Fields { errors }) }
}
