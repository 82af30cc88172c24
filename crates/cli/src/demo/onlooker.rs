//! A client of the lab's public address that looks all the time, and writes down what it is shown: the proof from
//! outside that users saw the platform, then the maintenance page, then the platform, and nothing else.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use conductor::Clock;
use tokio::task::JoinHandle;
use upgrade::Timestamp;

use super::http_client::{LabClient, text};

/// Between two looks.
pub(super) const EVERY: Duration = Duration::from_millis(50);

/// What a look showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    /// A page of the platform's, of this version.
    Platform(String),
    /// The maintenance page with the deployment's own message.
    Maintenance,
    /// Anything else: it must not be.
    Wrong(String),
}

/// The same sight many times in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phase {
    pub sight: Sight,
    /// When it was seen first.
    pub from: Timestamp,
    /// When it was seen last.
    pub until: Timestamp,
    /// How often.
    pub count: usize,
}

/// Looks until it is dropped.
#[derive(Debug)]
pub(super) struct Onlooker {
    seen: Arc<Mutex<Vec<Phase>>>,
    task: JoinHandle<()>,
}

impl Drop for Onlooker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Onlooker {
    /// Begin to look at an address, whose maintenance page carries this message.
    pub(super) fn of(url: &str, message: &str, clock: Clock) -> Onlooker {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (url, message, written) = (url.to_owned(), message.to_owned(), Arc::clone(&seen));
        let task = tokio::spawn(async move {
            let client = LabClient::new();
            loop {
                let from = clock.now();
                let sight = match client.get(&url).await {
                    Ok(answer) => judge(answer.status().as_u16(), &text(&answer), &message),
                    Err(error) => Sight::Wrong(error.to_string()),
                };
                add(&mut written.lock().unwrap_or_else(PoisonError::into_inner), sight, from);
                clock.sleep(EVERY).await;
            }
        });
        Onlooker { seen, task }
    }

    /// What was seen so far.
    pub(super) fn phases(&self) -> Vec<Phase> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn add(phases: &mut Vec<Phase>, sight: Sight, at: Timestamp) {
    match phases.last_mut() {
        Some(last) if last.sight == sight => {
            last.until = at;
            last.count += 1;
        }
        Some(_) | None => phases.push(Phase { sight, from: at, until: at, count: 1 }),
    }
}

fn judge(status: u16, page: &str, message: &str) -> Sight {
    let version = page.split_once("<span id=version>").and_then(|(_, rest)| rest.split_once("</span>"));
    match (status, version) {
        (200, Some((version, _))) if !version.is_empty() => Sight::Platform(version.to_owned()),
        (503, None) if page.contains(message) => Sight::Maintenance,
        _ => Sight::Wrong(format!(
            "{status} {}",
            page.split_whitespace().take(12).collect::<Vec<_>>().join(" ")
        )),
    }
}

/// What is wrong with what was seen: it must be the one release, the maintenance page, and the other release.
pub(super) fn faults(phases: &[Phase], before: &str, after: &str) -> Vec<String> {
    let platform = |version: &str| Sight::Platform(version.to_owned());
    let wanted = [platform(before), Sight::Maintenance, platform(after)];
    if phases.iter().map(|phase| &phase.sight).eq(&wanted) {
        return Vec::new();
    }
    let told: Vec<String> =
        phases.iter().map(|phase| format!("{} ({})", in_words(&phase.sight), phase.count)).collect();
    vec![format!("users saw {}", told.join(", then "))]
}

/// What was seen, in words.
pub(super) fn in_words(sight: &Sight) -> String {
    match sight {
        Sight::Platform(version) => format!("the lab {version}"),
        Sight::Maintenance => "the maintenance page".to_owned(),
        Sight::Wrong(what) => format!("WRONG: {what}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATE: &str = "<h1>Maintenance in progress</h1><p>Back at 5. This page looks again";

    #[test]
    fn a_look_is_judged() {
        for (status, page, sight) in [
            (200, "<a>Lab</a> <span id=version>1.0.0</span>", Sight::Platform("1.0.0".to_owned())),
            (503, GATE, Sight::Maintenance),
            (
                200,
                GATE,
                Sight::Wrong(
                    "200 <h1>Maintenance in progress</h1><p>Back at 5. This page looks again".to_owned(),
                ),
            ),
            (503, "<h1>Other</h1>", Sight::Wrong("503 <h1>Other</h1>".to_owned())),
            (502, "", Sight::Wrong("502 ".to_owned())),
            // The platform's own page for "stands by".
            (503, "<span id=version></span>", Sight::Wrong("503 <span id=version></span>".to_owned())),
        ] {
            assert_eq!(judge(status, page, "Back at 5."), sight, "{status} {page}");
        }
    }

    #[test]
    fn only_one_course_is_right() {
        let at = Timestamp(0);
        let course = |sights: &[&str]| {
            let mut phases = Vec::new();
            for sight in sights {
                let sight = match *sight {
                    "gate" => Sight::Maintenance,
                    "error" => Sight::Wrong("502".to_owned()),
                    version => Sight::Platform(version.to_owned()),
                };
                add(&mut phases, sight, at);
            }
            faults(&phases, "1", "2").is_empty()
        };
        assert!(course(&["1", "1", "gate", "gate", "2"]));
        for wrong in [
            &["1", "2"][..],
            &["1", "gate"],
            &["1", "gate", "1"],
            &["1", "gate", "1", "gate", "2"],
            &["1", "gate", "error", "gate", "2"],
            &[],
        ] {
            assert!(!course(wrong), "{wrong:?}");
        }
    }
}
