//! Health checks of real targets: one task each.
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html>

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet};

use super::report::Report;
use crate::services::load_balancing::{self, Check, Health};
use crate::{LocalCloud, World};

/// The least time between two checks, not scaled.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);
/// The least time for an answer, not scaled: a real target needs real time.
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(1);

/// The checks that go on.
#[derive(Debug, Default)]
pub(super) struct Checks {
    running: BTreeMap<Check, Running>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Running {
    task: AbortHandle,
    /// Whether the world was told anything.
    has_reported: Arc<AtomicBool>,
}

/// What the world wants; intervals and timeouts are in this machine's time.
pub(super) fn wanted(world: &World) -> Vec<Check> {
    let mut checks = load_balancing::checks(world);
    for check in &mut checks {
        check.interval = world.scaled(check.interval).max(SHORTEST_INTERVAL);
        check.timeout = world.scaled(check.timeout).max(SHORTEST_TIMEOUT);
    }
    checks
}

impl Checks {
    /// Check what is wanted, and nothing else.
    pub(super) fn reconcile(&mut self, cloud: &LocalCloud, wanted: &[Check]) {
        while self.tasks.try_join_next().is_some() {}
        let gone = self.running.extract_if(.., |check, _| !wanted.contains(check));
        for (check, running) in gone {
            running.task.abort();
            if running.has_reported.load(Ordering::Relaxed) {
                tell(cloud, &check, None);
            }
        }
        for check in wanted {
            if !self.running.contains_key(check) {
                let has_reported = Arc::new(AtomicBool::new(false));
                let task = self.tasks.spawn(go_on(cloud.clone(), check.clone(), has_reported.clone()));
                self.running.insert(check.clone(), Running { task, has_reported });
            }
        }
    }

    /// Check nothing any more.
    pub(super) fn end_all(&mut self) {
        self.running.clear();
        self.tasks.abort_all();
    }
}

fn tell(cloud: &LocalCloud, check: &Check, state: Option<Health>) {
    let report =
        Report::Health { group: check.group.clone(), target: check.target.clone(), port: check.port, state };
    // A world that has broken is noticed by the next look.
    let _told = cloud.report(&report);
}

async fn go_on(cloud: LocalCloud, check: Check, has_reported: Arc<AtomicBool>) {
    let mut count = Count::default();
    loop {
        let outcome = tokio::time::timeout(check.timeout, ask(&check)).await;
        let outcome = outcome.unwrap_or_else(|_silent| Health::Unhealthy {
            reason: "Target.Timeout".to_owned(),
            description: "Request timed out".to_owned(),
        });
        if let Some(state) = count.add(outcome, &check) {
            has_reported.store(true, Ordering::Relaxed);
            tell(&cloud, &check, Some(state));
        }
        tokio::time::sleep(check.interval).await;
    }
}

/// The outcomes in a row.
#[derive(Debug, Default)]
struct Count {
    state: Option<Health>,
    successes: u64,
    failures: u64,
}

impl Count {
    /// Add an outcome; gives the state when it changes with it. A new target needs one success, one that was unhealthy
    /// as many as the threshold says.
    fn add(&mut self, outcome: Health, check: &Check) -> Option<Health> {
        if outcome.is_unhealthy() {
            (self.successes, self.failures) = (0, self.failures + 1);
        } else {
            (self.successes, self.failures) = (self.successes + 1, 0);
        }
        let is_enough = match (&self.state, outcome.is_unhealthy()) {
            (None, false) => true,
            (Some(_), false) => self.successes >= check.healthy_threshold,
            (_, true) => self.failures >= check.unhealthy_threshold,
        };
        if !is_enough || self.state.as_ref() == Some(&outcome) {
            return None;
        }
        self.state = Some(outcome.clone());
        Some(outcome)
    }
}

async fn ask(check: &Check) -> Health {
    let failed = || Health::Unhealthy {
        reason: "Target.FailedHealthChecks".to_owned(),
        description: "Health checks failed".to_owned(),
    };
    let Ok(stream) = TcpStream::connect(check.address).await else { return failed() };
    if check.is_connection_only {
        return Health::Healthy;
    }
    match status(stream, check).await {
        Some(status) if is_matched(&check.matcher, status) => Health::Healthy,
        Some(status) => Health::Unhealthy {
            reason: "Target.ResponseCodeMismatch".to_owned(),
            description: format!("Health checks failed with these codes: [{}]", status.as_u16()),
        },
        None => failed(),
    }
}

async fn status(stream: TcpStream, check: &Check) -> Option<StatusCode> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::get(&check.path)
        .header(HOST, check.address.to_string())
        .header(USER_AGENT, "ELB-HealthChecker/2.0")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .ok()?;
    let answer = async { sender.send_request(request).await.ok().map(|response| response.status()) };
    tokio::pin!(answer, connection);
    tokio::select! {
        biased;
        status = &mut answer => status,
        // The connection may end in the moment in which it has given its answer.
        _ended = &mut connection => answer.await,
    }
}

/// Whether a status is one of `200,202` or `200-299`.
fn is_matched(matcher: &str, status: StatusCode) -> bool {
    matcher.split(',').any(|part| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        match (first.trim().parse::<u16>(), last.trim().parse::<u16>()) {
            (Ok(first), Ok(last)) => (first..=last).contains(&status.as_u16()),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::is_matched;

    #[test]
    fn matchers_are_codes_and_ranges() {
        for (matcher, status, matched) in [
            ("200", 200, true),
            ("200", 204, false),
            ("200,302", 302, true),
            ("200-399", 302, true),
            ("200-299, 401", 401, true),
            ("200-299", 300, false),
            ("", 200, false),
            ("x-y", 200, false),
        ] {
            let status = StatusCode::from_u16(status).expect("status");
            assert_eq!(is_matched(matcher, status), matched, "{matcher} {status}");
        }
    }
}
