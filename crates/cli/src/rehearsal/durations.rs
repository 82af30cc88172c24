//! How long things take in one rehearsal: drawn, around what the stack's own history says, else around what is usual.
//!
//! A time is the middle of what is known, times a factor whose logarithm is drawn. How wide that is depends on where the middle is
//! from ([`width`]). Part of the doubt is the type's: if this evening an instance takes twice as long, so does the next one.
//! Everything is drawn from the seed and the resource's name, so one resource's time says nothing of when it was asked for.

use std::sync::Arc;
use std::time::Duration;

use changeset::durations::{Figure, Operation, Provenance};
use changeset::estimate::OwnEvents;
use localcloud::Pace;

use super::circumstances::Circumstances;
use super::drawn::normal;

/// How wide times are spread, as standard deviations of their logarithm: of the type as a whole, and of each resource.
///
/// Assumptions. Own events: what CloudFormation does to the same resource of the same stack varies by a third. Documentation and
/// averages say nothing of this stack's sizes; an assumption may be off by a factor of three either way.
#[must_use]
pub fn width(provenance: Provenance) -> (f64, f64) {
    match provenance {
        Provenance::OwnEvents => (0.0, 0.3),
        Provenance::Documented => (0.4, 0.25),
        Provenance::Averages => (0.6, 0.3),
        Provenance::Assumed => (0.9, 0.3),
    }
}

/// As many as would say as much as the width that is assumed of a resource with a history.
const ASSUMED_SAMPLES: f64 = 4.0;

/// How wide what services do by themselves is spread: instances that end, snapshots, jobs that are told to stop. Assumption.
const SERVICE_WIDTH: f64 = 0.4;

/// The times of one run.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// The stack's name with its history.
    pub histories: Arc<Vec<(String, OwnEvents)>>,
    pub seed: u64,
}

impl Drawn {
    fn history(&self, stack_name: &str) -> Option<&OwnEvents> {
        self.histories.iter().find(|(name, _)| name == stack_name).map(|(_, own)| own)
    }

    /// Seconds before anything is drawn, and where they are from.
    #[must_use]
    pub fn figure(
        &self,
        stack_name: &str,
        logical_id: &str,
        type_name: &str,
        operation: Operation,
    ) -> Figure {
        match self.history(stack_name) {
            Some(own) => own.figure(logical_id, type_name, operation),
            None => changeset::durations::usual(type_name, operation),
        }
    }
}

impl Pace for Drawn {
    fn resource(
        &self,
        stack_name: &str,
        logical_id: &str,
        type_name: &str,
        operation: Operation,
    ) -> Option<Duration> {
        let of_type = normal(self.seed, &[type_name]);
        let of_resource = normal(self.seed, &[stack_name, logical_id, operation.word()]);
        let samples = self.history(stack_name).map(|own| own.samples(logical_id, type_name, operation));
        let (middle, wide) = match samples.filter(|samples| !samples.is_empty()) {
            Some(samples) => {
                let (middle, deviation) = of_samples(samples);
                (middle, deviation * of_resource)
            }
            None => {
                let Figure { seconds, provenance } = changeset::durations::usual(type_name, operation);
                let (type_width, own_width) = width(provenance);
                (seconds as f64, type_width * of_type + own_width * of_resource)
            }
        };
        Some(Duration::from_secs_f64((middle * wide.exp()).clamp(0.0, LONGEST_SECONDS)))
    }

    fn service(&self, signing_name: &str) -> f64 {
        (SERVICE_WIDTH * normal(self.seed, &["service", signing_name])).exp()
    }

    fn job(&self, job_id: &str) -> Option<Duration> {
        Circumstances::draw(self.seed).ends_after(job_id)
    }
}

/// Nothing takes longer than a day: CloudFormation itself gives up before.
const LONGEST_SECONDS: f64 = 86_400.0;

/// The middle of what was measured, and how far the next time may be off: by what was measured, and by what would be assumed, as
/// if that had been measured a few times as well. The fewer there are, the less the middle itself is known.
fn of_samples(samples: &[u64]) -> (f64, f64) {
    let (_, assumed) = width(Provenance::OwnEvents);
    let logs: Vec<f64> = samples.iter().map(|seconds| (*seconds as f64).max(0.5).ln()).collect();
    let count = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / count;
    let squares: f64 = logs.iter().map(|one| (one - mean).powi(2)).sum();
    let variance = (squares + ASSUMED_SAMPLES * assumed.powi(2)) / (count - 1.0 + ASSUMED_SAMPLES);
    (mean.exp(), (variance * (1.0 + 1.0 / count)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_was_measured_the_less_is_in_doubt() {
        let (middle, one) = of_samples(&[100]);
        assert!((middle - 100.0).abs() < 1e-6);
        let (_, many) = of_samples(&[100; 20]);
        assert!(many < one / 2.0, "{many} {one}");
        let (_, scattered) = of_samples(&[20, 500, 60, 300, 100]);
        assert!(scattered > one, "{scattered}");
    }
}
