//! What differs from evening to evening besides how long things take: whether what runs ends by itself, how long a save takes, how
//! often AWS says "not now". Everything is drawn from the seed and a name, as times are ([`super::durations`]).

use std::time::Duration;

use super::drawn::{normal, uniform};

/// The circumstances of one run.
///
/// All of it is assumed: nobody has measured when people's work ends, nor how busy an account's APIs are at night.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    seed: u64,
    /// One call in so many is throttled; `None`: none is.
    throttled_once_in: Option<u64>,
}

/// What is assumed of every run, for whoever reads what came of them.
pub const ASSUMED: &str = "half of the jobs and computations end by themselves within two hours; AWS throttles no call in half of the \
                           runs, one in 200 in a third, one in 40 in the rest.";

/// Half of what runs ends by itself, within this time, whenever.
const WORK_ENDS_WITHIN: Duration = Duration::from_secs(2 * 3600);

/// How wide the time of a save is spread, as the standard deviation of its logarithm.
const SAVE_WIDTH: f64 = 0.7;

impl Circumstances {
    /// AWS throttles nobody in half of all runs, now and then in a third, and often in the rest.
    #[must_use]
    pub fn draw(seed: u64) -> Circumstances {
        let throttled_once_in = match uniform(seed, &["throttling"]) {
            busy if busy < 0.5 => None,
            busy if busy < 5.0 / 6.0 => Some(200),
            _ => Some(40),
        };
        Circumstances { seed, throttled_once_in }
    }

    /// Whether the call of this number (from 0) is throttled.
    #[must_use]
    pub fn throttles(&self, call: usize) -> bool {
        let drawn = || uniform(self.seed, &["call", &call.to_string()]);
        self.throttled_once_in.is_some_and(|times| drawn() * (times as f64) < 1.0)
    }

    /// How long a job or computation of this id still runs; `None`: until it is stopped.
    #[must_use]
    pub fn ends_after(&self, id: &str) -> Option<Duration> {
        // What ends does so evenly within the time.
        let drawn = 2.0 * uniform(self.seed, &["work", id]);
        (drawn < 1.0).then(|| WORK_ENDS_WITHIN.mul_f64(drawn))
    }

    /// How many times longer than usual this session's saves take.
    #[must_use]
    pub fn saving(&self, session: &str) -> f64 {
        (SAVE_WIDTH * normal(self.seed, &["save", session])).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_and_calls_are_throttled_as_often_as_is_said() {
        let all: Vec<Circumstances> = (0..2_000).map(Circumstances::draw).collect();
        let ends = all.iter().filter_map(|one| one.ends_after("job-1")).collect::<Vec<_>>();
        assert!((900..1_100).contains(&ends.len()), "{}", ends.len());
        assert!(ends.iter().all(|after| *after < WORK_ENDS_WITHIN));
        let calm = all.iter().filter(|one| one.throttled_once_in.is_none()).count();
        assert!((900..1_100).contains(&calm), "{calm}");
        let busy = all.iter().find(|one| one.throttled_once_in == Some(40)).expect("one in six");
        let throttled = (0..4_000).filter(|call| busy.throttles(*call)).count();
        assert!((70..130).contains(&throttled), "{throttled}");
        assert_eq!(Circumstances::draw(9), Circumstances::draw(9));
    }
}
