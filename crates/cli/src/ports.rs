//! Where a run's questions and acts go: to the deployment's clouds, to the platform's own API, to the owner's checks.

use std::time::Duration;

use aws::AwsClouds;
use conductor::{Cloud, NotSent, SentCall, may_send};
use platform::Adapter;
use upgrade::{
    Act, HealthFinding, HealthQuery, Observation, PlatformHealth, PlatformStatus, PortError, PortErrorKind,
    Query,
};

/// An HTTP check that has not answered by then is not healthy.
const PROBE_SECONDS: u64 = 10;

/// The ports of one deployment.
pub struct Ports {
    /// Where its stacks are.
    pub clouds: AwsClouds,
    /// Its platform's own API.
    pub platform: Adapter,
}

impl Cloud for Ports {
    async fn observe(&self, query: &Query) -> Result<Observation, PortError> {
        match query {
            Query::Stack(_) | Query::Fleet(_) => self.clouds.observe(query).await,
            Query::Health(asked) => self.health(query, asked).await.map(Observation::Health),
            Query::Platform(query) => {
                may_send().map_err(not_sent)?;
                self.platform.observe(query).await.map(Observation::Platform)
            }
        }
    }

    async fn act(&self, act: &Act) -> Result<(), PortError> {
        match act {
            Act::Stack(_) | Act::Fleet(_) => self.clouds.act(act).await,
            Act::Platform { acts } => {
                for act in acts {
                    // The clouds' calls ask where they leave; these leave from here.
                    may_send().map_err(not_sent)?;
                    let sent = SentCall::begin();
                    let done = self.platform.act(act).await;
                    // What a platform didn't answer, or not in time, is transient; so is a refusal that may pass.
                    if !done.as_ref().is_err_and(|error| error.kind == PortErrorKind::Transient) {
                        sent.answered();
                    }
                    done?;
                }
                Ok(())
            }
        }
    }
}

impl Ports {
    /// Target groups, ECS services, the platform itself, the owner's own checks.
    async fn health(&self, query: &Query, asked: &HealthQuery) -> Result<Vec<HealthFinding>, PortError> {
        let HealthQuery { target_group_arns, service_arns, platform, version, http } = asked;
        let mut findings = Vec::new();
        if !(target_group_arns.is_empty() && service_arns.is_empty())
            && let Observation::Health(of_targets) = self.clouds.observe(query).await?
        {
            findings.extend(of_targets);
        }
        if *platform {
            findings.push(self.platform_finding(version.as_deref()).await);
        }
        for check in http {
            findings.push(platform::probe(check, Duration::from_secs(PROBE_SECONDS)).await);
        }
        Ok(findings)
    }

    /// What the platform says of itself, judged: well, and of the wanted version. A platform that can't tell its
    /// version is believed.
    async fn platform_finding(&self, version: Option<&str>) -> HealthFinding {
        let finding = |healthy, detail: String| HealthFinding {
            what: HealthFinding::PLATFORM.to_owned(),
            healthy,
            detail,
        };
        let status = match self.platform.status().await {
            Ok(status) => status,
            Err(error) => return finding(false, error.to_string()),
        };
        let PlatformStatus { version: told, health, detail } = status;
        let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
        match health {
            PlatformHealth::Down => finding(false, format!("is down{detail}")),
            PlatformHealth::Degraded => finding(false, format!("is degraded{detail}")),
            PlatformHealth::Ok => match (told, version) {
                (Some(told), Some(wanted)) if !same_version(&told, wanted) => {
                    finding(false, format!("answers as version {told}, not {wanted}"))
                }
                (Some(told), _) => finding(true, format!("version {told} answers")),
                (None, _) => finding(true, "answers".to_owned()),
            },
        }
    }
}

fn not_sent(error: NotSent) -> PortError {
    PortError {
        kind: PortErrorKind::Transient,
        operation: "platform:act".to_owned(),
        message: error.to_string(),
    }
}

/// `v1.2.0` and `1.2.0` are the same release.
fn same_version(told: &str, wanted: &str) -> bool {
    told.trim_start_matches('v') == wanted.trim_start_matches('v')
}
