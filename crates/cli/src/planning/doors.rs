//! The ways in of a deployment, looked at.

use conductor::Cloud as _;
use upgrade::{
    CalmParts, CalmSeen, Deployment, FleetQuery, Judged, ListenerSeen, Observation, PortError, PortErrorKind,
    Targets, WaysIn, judge_doors,
};

use crate::site::Site;

/// What tells whether a deployment is in maintenance, and every way in.
#[derive(Debug, Clone)]
pub(crate) struct Entrance {
    /// The listeners; none where the owner says that there is no gate.
    pub listeners: Vec<ListenerSeen>,
    /// The gate; where there is none, what bears notes.
    pub calm: CalmSeen,
}

/// The listeners of a deployment.
///
/// # Errors
/// They can't be looked at.
pub(crate) async fn listeners(site: &Site, deployment: &Deployment) -> Result<Vec<ListenerSeen>, PortError> {
    let ways = ways_in(site, deployment)?;
    site.ports.clouds.primary.listeners(&ways).await
}

pub(crate) fn ways_in(site: &Site, deployment: &Deployment) -> Result<WaysIn, PortError> {
    WaysIn::find(deployment, &site.settings.doors).map_err(|error| PortError {
        kind: PortErrorKind::Refused,
        operation: "cloudformation:GetTemplate".to_owned(),
        message: error.to_string(),
    })
}

/// ARNs of the listeners that the gate closes.
pub(crate) fn closing(site: &Site, listeners: &[ListenerSeen]) -> Vec<String> {
    if site.settings.gateless {
        return Vec::new();
    }
    judge_doors(listeners, &site.settings.doors)
        .into_iter()
        .filter(|(_, judged)| *judged == Judged::Close)
        .map(|(listener, _)| listener.arn.clone())
        .collect()
}

/// Look at the gate; where there is none, at what bears notes.
///
/// # Errors
/// It can't be looked at.
pub(crate) async fn entrance(
    site: &Site,
    deployment: &Deployment,
    targets: &Targets,
) -> Result<Entrance, PortError> {
    let listeners = listeners(site, deployment).await?;
    let closing = closing(site, &listeners);
    if !closing.is_empty() {
        let doors = listeners.iter().filter(|listener| closing.contains(&listener.arn));
        let doors = doors.map(|listener| listener.door.clone()).collect();
        return Ok(Entrance { calm: CalmSeen { doors, ..CalmSeen::default() }, listeners });
    }
    let parts = CalmParts::of_work(targets);
    match site.ports.observe(&FleetQuery::Calm(parts).into()).await? {
        Observation::Calm(calm) => Ok(Entrance { listeners, calm }),
        other => Err(PortError {
            kind: PortErrorKind::Refused,
            operation: "autoscaling:DescribeAutoScalingGroups".to_owned(),
            message: format!("answered with {}", other.kind()),
        }),
    }
}

/// How each way in stands, a line each: what becomes of it in maintenance, and whether it is closed now.
pub(crate) fn door_lines(site: &Site, entrance: &Entrance) -> Vec<String> {
    let is_closed = |arn: &str| {
        let door = entrance.calm.doors.iter().find(|door| door.listener_arn == arn);
        door.is_some_and(|door| door.rules.iter().any(|rule| rule.closes))
    };
    judge_doors(&entrance.listeners, &site.settings.doors)
        .into_iter()
        .map(|(listener, judged)| {
            let name = match &listener.logical_id {
                Some(id) => format!("{id} ({})", listener.words()),
                None => listener.words(),
            };
            let state = match judged {
                Judged::Close if site.settings.gateless => {
                    "open: the settings say that there is no gate".to_owned()
                }
                Judged::Close if is_closed(&listener.arn) => "closed".to_owned(),
                Judged::Close => "open".to_owned(),
                Judged::Other(closing) => closing.in_words(),
            };
            format!("{name}: {state}")
        })
        .collect()
}

/// The listeners that the gate closes and that stand open now, by name.
pub(crate) fn open_doors(entrance: &Entrance) -> Vec<String> {
    let open =
        entrance.calm.doors.iter().filter(|door| door.exists && !door.rules.iter().any(|rule| rule.closes));
    let name = |arn: &String| {
        let listener = entrance.listeners.iter().find(|listener| listener.arn == *arn);
        listener.map_or_else(|| arn.clone(), ListenerSeen::name)
    };
    open.map(|door| name(&door.listener_arn)).collect()
}
