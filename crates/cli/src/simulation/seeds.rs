//! Many evenings, and what they come to.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use upgrade::Step;

use super::evening::{Evening, simulate};
use super::net::Place;
use super::options::in_words;
use crate::answers::Answer;
use crate::error::CliError;
use crate::rehearsal::many::on_every_core;

/// An evening on which a rule was broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BrokenEvening {
    pub seed: u64,
    pub rules: Vec<String>,
}

/// What many seeds came to.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Simulation")]
pub struct Seeds {
    pub first: u64,
    pub count: usize,
    pub broken: Vec<BrokenEvening>,
    /// How many runs of each kind ended how.
    pub ends: BTreeMap<String, usize>,
    pub virtual_seconds: u64,
    pub takeovers: usize,
    /// How often each thing went wrong in each step.
    #[serde(serialize_with = "in_titles")]
    #[schemars(with = "BTreeMap<String, BTreeMap<String, usize>>")]
    pub by_step: BTreeMap<(Place, Step), usize>,
}

impl Answer for Seeds {
    const NAME: &'static str = "simulation";
}

impl Seeds {
    fn add(&mut self, evening: Evening) {
        let Evening { seed, runs, broken, virtual_seconds, by_step, takeovers, .. } = evening;
        if !broken.is_empty() {
            self.broken.push(BrokenEvening { seed, rules: broken });
        }
        for (kind, word) in runs {
            let word = word.split(": ").next().unwrap_or_default();
            *self.ends.entry(format!("{}: {word}", in_words(kind))).or_default() += 1;
        }
        self.virtual_seconds += virtual_seconds;
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
            self.virtual_seconds / 3600,
            self.takeovers
        );
        for (end, times) in &self.ends {
            text.push_str(&format!("  {times:>6}  {end}\n"));
        }
        text.push_str("what went wrong, by step:\n");
        for (step, places) in steps(&self.by_step) {
            let places: Vec<String> =
                places.iter().map(|(place, times)| format!("{} {times}", place.title())).collect();
            text.push_str(&format!("  {}: {}\n", step.title(), places.join(", ")));
        }
        for BrokenEvening { seed, rules } in &self.broken {
            text.push_str(&format!("BROKEN: seed {seed} (`slackwater simulate --seed {seed}`)\n"));
            for words in rules {
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

/// What went wrong, by step.
fn steps(by_step: &BTreeMap<(Place, Step), usize>) -> BTreeMap<Step, Vec<(Place, usize)>> {
    let mut steps: BTreeMap<Step, Vec<(Place, usize)>> = BTreeMap::new();
    for ((place, step), times) in by_step {
        steps.entry(*step).or_default().push((*place, *times));
    }
    steps
}

/// By the step's title, then by what went wrong.
fn in_titles<S: Serializer>(
    by_step: &BTreeMap<(Place, Step), usize>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let titled = |(step, places): (Step, Vec<(Place, usize)>)| {
        let places = places.into_iter().map(|(place, times)| (place.title(), times));
        (step.title(), places.collect::<BTreeMap<_, _>>())
    };
    serializer.collect_map(steps(by_step).into_iter().map(titled))
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
        all.broken.push(BrokenEvening { seed, rules: vec![words] });
        Ok(())
    })?;
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.broken.sort();
    Ok(all)
}
