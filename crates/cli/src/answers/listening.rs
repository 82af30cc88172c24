//! What goes on and is called: where.

use schemars::JsonSchema;
use serde::Serialize;

use super::Answer;

/// `slackwater local`, when it is ready.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LocalCloudReady {
    /// Such as `http://127.0.0.1:4580`.
    pub endpoint_url: String,
    pub region: String,
    /// The file with the lines that a shell sets, keys among them.
    pub environment_file: String,
    /// Where load balancers listen that a cloud of before has.
    pub load_balancers: Vec<LoadBalancerReady>,
}

/// A load balancer's listener that is called on this machine.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoadBalancerReady {
    pub name: String,
    /// The listener's own port.
    pub port: u64,
    /// Where it is called here.
    pub url: String,
}

impl Answer for LocalCloudReady {
    const NAME: &'static str = "local";
}

/// `slackwater serve`, when it is ready.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PanelReady {
    pub url: String,
    /// To be opened once, within an hour: the first administrator is made there. `null`: there is one.
    pub setup_url: Option<String>,
}

impl Answer for PanelReady {
    const NAME: &'static str = "serve";
}
