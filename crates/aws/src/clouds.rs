//! The clouds of one deployment: a backup stack is often in another account or Region, a deployment role stack in
//! another account's hands.

use conductor::Cloud;
use upgrade::{Act, Observation, PortError, PortErrorKind, Query, UpdateKind};

use crate::cloud::AwsCloud;

/// Where each stack of a deployment is.
#[derive(Debug, Clone)]
pub struct AwsClouds {
    /// The platform's own stack, and everything that maintenance touches.
    pub primary: AwsCloud,
    pub backup: Option<AwsCloud>,
    pub role: Option<AwsCloud>,
}

impl AwsClouds {
    /// All of a deployment in one account and Region.
    #[must_use]
    pub fn one(cloud: AwsCloud) -> AwsClouds {
        AwsClouds { backup: Some(cloud.clone()), role: Some(cloud.clone()), primary: cloud }
    }

    /// Where a stack is.
    ///
    /// # Errors
    /// When the plan updates a stack for which no connection is set up.
    pub fn cloud_for(&self, update: UpdateKind) -> Result<&AwsCloud, PortError> {
        let cloud = match update {
            UpdateKind::BackupStack => self.backup.as_ref(),
            UpdateKind::RoleStack => self.role.as_ref(),
            UpdateKind::Primary | UpdateKind::WayBack => Some(&self.primary),
        };
        cloud.ok_or_else(|| PortError {
            kind: PortErrorKind::Refused,
            operation: "cloudformation".to_owned(),
            message: format!("no connection to the {} is set up", update.title()),
        })
    }
}

impl Cloud for AwsClouds {
    async fn observe(&self, query: &Query) -> Result<Observation, PortError> {
        match query {
            Query::Stack(of_stack) => self.cloud_for(of_stack.update())?.observe(query).await,
            Query::Fleet(_) | Query::Health(_) | Query::Platform(_) => self.primary.observe(query).await,
        }
    }

    async fn act(&self, act: &Act) -> Result<(), PortError> {
        match act {
            Act::Stack(on_stack) => self.cloud_for(on_stack.update())?.act(act).await,
            Act::Fleet(_) | Act::Platform { .. } => self.primary.act(act).await,
        }
    }
}
