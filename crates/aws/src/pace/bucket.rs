//! A bucket: at what rate a class of operations is asked, by what is documented and by what was turned away.
//!
//! It is one number, the time at which it would be full again ("generic cell rate algorithm"), and the rate at which it fills.
//! That rate is learned as the SDK's adaptive mode learns it (AWS SDKs and Tools reference guide, "Retry behavior"): a refusal
//! takes it down to seven tenths of what was let through, then it goes back along a cubic: quickly, slowly about where it was
//! refused, and quickly beyond, for whoever shared the account may be gone. The SDK's own limiter is a client's; this one is for all
//! of them and for our own calls, and needs no random wait.

use std::time::Duration;

/// We take a little less than AWS grants. A request that leaves on the stroke may arrive before it.
const SHARE: f64 = 0.96;

/// What a refusal leaves of the rate, and how quickly it comes back: as much of it as the SDKs' `beta` and `scale_constant` give at
/// 20 calls a second. A slower rate is tried more slowly, so that fewer are turned away.
const KEPT: f64 = 0.7;
const GROWTH: f64 = 0.02;

/// Never slower than this, in calls a second: the calls of an act that wait for their turn stay within their patience.
const SLOWEST: f64 = 2.0;

/// A class without a documented rate is left alone again above this.
const LEFT_ALONE: f64 = 100.0;

/// How long is counted what was let through.
const COUNTED_MICROSECONDS: u64 = 1_000_000;

#[derive(Debug)]
pub(super) struct Bucket {
    /// Burst, and calls a second; `None`: as they come.
    documented: Option<(f64, f64)>,
    full_at: u64,
    learned: Option<Learned>,
    /// Since when is counted, and how many were let through since.
    counted: Option<(u64, u32)>,
    /// Calls a second, when it was counted last.
    let_through: Option<f64>,
}

/// What a refusal has taught.
#[derive(Debug, Clone, Copy)]
struct Learned {
    /// At what rate it was refused.
    refused_at: f64,
    /// When.
    since: u64,
}

/// A turn: how long to wait for it.
#[derive(Debug)]
pub(super) struct Turn {
    pub wait: Duration,
    asked_at: u64,
}

/// All times are in microseconds.
impl Bucket {
    pub(super) fn new(documented: Option<(u32, u32)>) -> Bucket {
        // Half the burst is ours: enough to begin with, and the other half is there for a miscount.
        let documented = documented
            .map(|(burst, per_second)| (f64::from((burst / 2).max(1)), f64::from(per_second) * SHARE));
        Bucket { documented, full_at: 0, learned: None, counted: None, let_through: None }
    }

    /// Burst, and calls a second, at this time; `None`: as they come.
    fn rate(&mut self, now: u64) -> Option<(f64, f64)> {
        let Some(Learned { refused_at, since }) = self.learned else { return self.documented };
        let passed = seconds(now.saturating_sub(since));
        let back = ((1.0 - KEPT) / GROWTH).cbrt();
        let rate = (refused_at * (1.0 + GROWTH * (passed - back).powi(3))).max(SLOWEST);
        if rate >= self.documented.map_or(LEFT_ALONE, |(_, per_second)| per_second) {
            self.learned = None;
            return self.documented;
        }
        // A bucket that was empty a moment ago has no burst.
        Some((1.0, rate))
    }

    pub(super) fn turn(&mut self, now: u64) -> Turn {
        let Some((burst, per_second)) = self.rate(now) else {
            return Turn { wait: Duration::ZERO, asked_at: now };
        };
        let interval = microseconds(1.0 / per_second);
        let taken = self.full_at.max(now);
        self.full_at = taken + interval;
        // There is a token as long as the bucket is full again within one burst.
        let free_until = now + microseconds(burst / per_second);
        Turn { wait: Duration::from_micros(self.full_at.saturating_sub(free_until)), asked_at: now }
    }

    /// A call was let through.
    pub(super) fn passed(&mut self, now: u64) {
        let (since, count) = self.counted.get_or_insert((now, 0));
        *count += 1;
        if now.saturating_sub(*since) >= COUNTED_MICROSECONDS {
            self.let_through = Some(f64::from(*count) / seconds(now - *since));
            self.counted = None;
        }
    }

    /// A call was one too many. Those that took their turns before the rate was taken down say nothing new.
    pub(super) fn refused(&mut self, turn: &Turn, now: u64) {
        if self.learned.is_some_and(|learned| turn.asked_at <= learned.since) {
            return;
        }
        let asked = self.rate(now).map_or(LEFT_ALONE, |(_, per_second)| per_second);
        let let_through = match self.counted {
            Some((since, count)) if now.saturating_sub(since) >= COUNTED_MICROSECONDS / 2 => {
                Some(f64::from(count) / seconds(now - since))
            }
            Some(_) | None => self.let_through,
        };
        let refused_at = let_through.map_or(asked, |let_through| asked.min(let_through)).max(SLOWEST);
        self.learned = Some(Learned { refused_at, since: now });
        (self.counted, self.let_through) = (None, None);
    }
}

fn seconds(microseconds: u64) -> f64 {
    Duration::from_micros(microseconds).as_secs_f64()
}

fn microseconds(seconds: f64) -> u64 {
    u64::try_from(Duration::from_secs_f64(seconds).as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::Bucket;

    /// A cloud that lets so many calls a second through, with a burst of as many. Gives how long `calls` took in seconds, and
    /// how many were turned away. 32 are under way at a time.
    fn carry(documented: Option<(u32, u32)>, left: f64, calls: usize) -> (f64, usize) {
        let mut bucket = Bucket::new(documented);
        let (mut tokens, mut filled_at) = (left, 0_u64);
        let (mut done, mut refused, mut last) = (0, 0, 0_u64);
        // When each call under way arrives, with its turn.
        let mut under_way: Vec<(u64, super::Turn)> = Vec::new();
        for _ in 0..32 {
            let turn = bucket.turn(0);
            under_way.push((u64::try_from(turn.wait.as_micros()).unwrap_or(0), turn));
        }
        while done < calls {
            let next = (0..under_way.len()).min_by_key(|place| under_way[*place].0).expect("some");
            let (at, turn) = under_way.remove(next);
            tokens = (tokens + super::seconds(at - filled_at) * left).min(left);
            filled_at = at;
            if tokens >= 1.0 {
                tokens -= 1.0;
                done += 1;
                last = at;
                bucket.passed(at);
            } else {
                refused += 1;
                bucket.refused(&turn, at);
            }
            let turn = bucket.turn(at);
            under_way.push((at + u64::try_from(turn.wait.as_micros()).unwrap_or(0).max(1), turn));
        }
        (super::seconds(last), refused)
    }

    #[test]
    fn what_is_left_of_a_rate_is_used() {
        for (documented, left, calls) in [
            (Some((50, 50)), 20.0, 3000),
            (Some((50, 50)), 5.0, 600),
            (Some((50, 50)), 45.0, 6000),
            (None, 10.0, 1000),
            (None, 3.0, 300),
        ] {
            let (took, refused) = carry(documented, left, calls);
            let allowed = (calls as f64 - left) / left;
            println!(
                "{documented:?}, {left} a second left: {calls} calls in {took:.1} s of {allowed:.1} s, {refused} turned away"
            );
            assert!(took <= allowed * 1.15, "{took} s, and {allowed} s are allowed");
            assert!(refused < calls * 3 / 2, "{refused} of {calls}");
        }
    }

    #[test]
    fn a_rate_that_is_not_shared_any_more_is_used_again() {
        let mut bucket = Bucket::new(Some((50, 50)));
        let turn = bucket.turn(1);
        bucket.refused(&turn, 2);
        assert!(bucket.rate(1_000_000).is_some_and(|(_, rate)| rate < 48.0));
        assert_eq!(bucket.rate(20_000_000), Some((25.0, 48.0)));
    }
}
