//! Many evenings, and what they come to.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use serde::Serialize;
use upgrade::{RunKind, Step};

use super::evening::{Evening, simulate};
use super::net::Place;
use crate::error::CliError;
use crate::rehearsal::many::on_every_core;

/// What many seeds came to.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Seeds {
    pub first: u64,
    pub count: usize,
    /// Evenings on which a rule was broken: the seed, and what was.
    pub broken: Vec<(u64, Vec<String>)>,
    /// How many runs of each kind ended how.
    pub ends: BTreeMap<String, usize>,
    pub virtual_hours: u64,
    pub takeovers: usize,
    /// How often each thing went wrong in each step.
    #[serde(skip)]
    pub by_step: BTreeMap<(Place, Step), usize>,
}

impl Seeds {
    fn add(&mut self, evening: Evening) {
        let Evening { seed, runs, broken, virtual_seconds, by_step, takeovers, .. } = evening;
        if !broken.is_empty() {
            self.broken.push((seed, broken));
        }
        for (kind, word) in runs {
            let kind = match kind {
                RunKind::Upgrade => "an upgrade",
                RunKind::EnterMaintenance => "entering maintenance",
                RunKind::LeaveMaintenance => "leaving maintenance",
            };
            let word = word.split(": ").next().unwrap_or_default();
            *self.ends.entry(format!("{kind}: {word}")).or_default() += 1;
        }
        self.virtual_hours += virtual_seconds;
        self.takeovers += takeovers;
        for (place, times) in by_step {
            *self.by_step.entry(place).or_default() += times;
        }
        self.count += 1;
    }

    /// For a person.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} evenings from seed {}, {} virtual hours, {} takeovers\n",
            self.count,
            self.first,
            self.virtual_hours / 3600,
            self.takeovers
        );
        for (end, times) in &self.ends {
            text.push_str(&format!("  {times:>6}  {end}\n"));
        }
        text.push_str("what went wrong, by step:\n");
        let mut steps: BTreeMap<Step, Vec<(Place, usize)>> = BTreeMap::new();
        for ((place, step), times) in &self.by_step {
            steps.entry(*step).or_default().push((*place, *times));
        }
        for (step, places) in steps {
            let places: Vec<String> =
                places.iter().map(|(place, times)| format!("{} {times}", place.title())).collect();
            text.push_str(&format!("  {}: {}\n", step.title(), places.join(", ")));
        }
        for (seed, broken) in &self.broken {
            text.push_str(&format!("BROKEN: seed {seed} (`slackwater simulate --seed {seed}`)\n"));
            for words in broken {
                text.push_str(&format!("  {words}\n"));
            }
        }
        match self.broken.len() {
            0 => text.push_str("no rule was broken\n"),
            broken => text.push_str(&format!("rules were broken on {broken} evenings\n")),
        }
        text
    }
}

/// Simulate so many seeds from the first, on as many threads as there are cores. `progress` hears how many are done and how many of
/// them are broken; where it says no, the rest isn't begun.
///
/// # Errors
/// The machine gives no threads.
pub fn seeds(
    first: u64,
    count: usize,
    progress: &(dyn Fn(usize, usize) -> bool + Sync),
) -> Result<Seeds, CliError> {
    let all = Mutex::new(Seeds { first, ..Seeds::default() });
    let broken = || all.lock().unwrap_or_else(PoisonError::into_inner).broken.len();
    on_every_core(count, &|done| progress(done, broken()), &|number| {
        let seed = first.wrapping_add(number as u64);
        let lived = std::panic::catch_unwind(|| simulate(seed, false));
        let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
        let words = match lived {
            Ok(Ok(evening)) => {
                all.add(evening);
                return Ok(());
            }
            Ok(Err(error)) => format!("it could not be simulated: {error}"),
            Err(why) => {
                let words = why.downcast_ref::<String>().cloned();
                let words = words.or_else(|| why.downcast_ref::<&str>().map(|words| (*words).to_owned()));
                format!("a panic: {}", words.unwrap_or_default())
            }
        };
        all.count += 1;
        all.broken.push((seed, vec![words]));
        Ok(())
    })?;
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.broken.sort();
    Ok(all)
}
