//! Where a deployment's claim and journals are, as it was looked at. Facts only; the check `claim` judges them.

use std::collections::BTreeSet;

use crate::circumstances::Looked;
use crate::note::Note;
use crate::observation::CalmSeen;

/// The state of a deployment: where it is, and what was seen of the place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SharedState {
    /// Where it is, as people name it and as notes carry it: `s3://bucket/prefix`, or `HOST:/path` for a data directory.
    pub location: String,
    /// The bucket it is in; `None`: a data directory, which only this machine knows.
    pub bucket: Option<BucketSeen>,
}

impl SharedState {
    /// The locations of other states that gate rules and notes of a deployment name, each as far as a note keeps it: a run that
    /// belongs to one of them may be acting. What doesn't say where it belongs says nothing.
    #[must_use]
    pub fn elsewhere(&self, calm: &CalmSeen) -> Vec<String> {
        let CalmSeen { doors, queues, jobs: _, groups, services, alarms } = calm;
        let rules = doors.iter().flat_map(|door| &door.rules).filter_map(|rule| rule.note.as_deref());
        let of_queues = queues.iter().filter_map(|queue| noted(&queue.arn, queue.remembered.as_deref()));
        let of_groups = groups.iter().filter_map(|group| noted(&group.name, group.remembered.as_deref()));
        let of_services =
            services.iter().filter_map(|service| noted(&service.arn, service.remembered.as_deref()));
        let of_alarms = alarms.iter().filter_map(|alarm| noted(&alarm.name, alarm.remembered.as_deref()));
        let notes =
            rules.map(Note::read).chain(of_queues).chain(of_groups).chain(of_services).chain(of_alarms);
        let others = notes.filter(|note| note.is_of_state(&self.location) == Some(false));
        let locations: BTreeSet<String> = others.filter_map(|note| note.state().map(str::to_owned)).collect();
        locations.into_iter().collect()
    }
}

/// How a state is reached, as a note names it: what the settings say for it, or on which machine it is.
#[must_use]
pub fn reaching(location: &str) -> String {
    match location.split_once(':') {
        Some((host, path)) if path.starts_with('/') && !path.starts_with("//") => {
            format!("go to {host}, with --data-dir {path} and `state = \"data-directory\"` in the settings")
        }
        _ => format!("write `state = \"{location}\"` into the settings"),
    }
}

/// A copied note says nothing of where it stands.
fn noted(physical_id: &str, remembered: Option<&str>) -> Option<Note> {
    Some(Note::read(remembered?)).filter(|note| note.is_of(physical_id))
}

/// The bucket of a shared state. What may not be asked says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketSeen {
    /// Whether it keeps what the claim rests on; the reason when nobody could try.
    pub trial: Looked<Trial>,
    /// Whether its policy or its ACL lets everybody in.
    pub public: Looked<bool>,
    /// The lifecycle rule that expires objects of the prefix.
    pub expired_by: Looked<Option<String>>,
    /// For how many days Object Lock keeps every new version; `None`: it doesn't.
    pub locked_days: Looked<Option<u32>>,
    /// What becomes of versions that were written over.
    pub versions: Looked<Versions>,
}

/// What came of trying conditional writes: a probe created twice, and replaced under an ETag that it doesn't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// Both were refused with 412.
    Holds,
    /// It was created twice: `If-None-Match` is ignored.
    CreatesTwice,
    /// It was replaced: `If-Match` is ignored.
    ReplacesAny,
}

/// What becomes of versions that were written over: the claim writes six a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// The bucket keeps none.
    NotKept,
    /// A lifecycle rule cleans them up.
    CleanedUp,
    /// They stay for ever.
    Kept,
}

#[cfg(test)]
mod tests {
    use super::reaching;

    #[test]
    fn a_state_is_reached_by_what_the_settings_take() {
        for (location, told) in [
            ("s3://bucket/prefix", "write `state = \"s3://bucket/prefix\"` into the settings"),
            (
                "ada-laptop:/home/ada/.slackwater",
                "go to ada-laptop, with --data-dir /home/ada/.slackwater and `state = \"data-directory\"` in the settings",
            ),
        ] {
            assert_eq!(reaching(location), told);
        }
    }
}
