//! The services an upgrade touches, each with its own state, its own API and its own part of provisioning.
//!
//! To add one: its folder, with a `DESCRIPTOR`, and a line in the list below.

use serde_json::Value;

use crate::descriptor::Descriptor;
use crate::resource::ResourceType;
use crate::{AwsError, Input, World, cloudformation, control, generic};

/// Hands the services to a macro: of each its module, the type of its state (and its name in the request log), and the
/// type of its timers where anything happens in it by itself.
macro_rules! for_each_service {
    ($macro:ident) => {
        $macro! {
            auto_scaling: AutoScaling [Timer],
            backup: Backup [Timer],
            batch: Batch [Timer],
            cloudwatch: CloudWatch,
            ec2: Ec2 [Timer],
            ecs: Ecs [Timer],
            iam: Iam,
            load_balancing: LoadBalancing,
            notification: Notification,
            object_storage: ObjectStorage,
            parameter_store: ParameterStore,
            rds: Rds [Timer],
            secrets_manager: SecretsManager,
            security_token: SecurityToken,
        }
    };
}
pub(crate) use for_each_service;

macro_rules! modules_and_names {
    ($($module:ident: $Service:ident $([$Timer:ident])?,)*) => {
        $(pub mod $module;)*

        /// The services that answer here, by their names in the request log.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum Service {
            /// The engine.
            CloudFormation,
            /// Not AWS: where this cloud is told to misbehave.
            Control,
            $(
                #[doc = concat!("[`", stringify!($module), "`].")]
                $Service,
            )*
        }

        impl Service {
            /// Every service.
            pub const ALL: &[Service] =
                &[Service::CloudFormation, Service::Control, $(Service::$Service),*];

            /// What it is.
            #[must_use]
            pub fn descriptor(self) -> &'static Descriptor {
                match self {
                    Service::CloudFormation => &cloudformation::DESCRIPTOR,
                    Service::Control => &control::DESCRIPTOR,
                    $(Service::$Service => &$module::DESCRIPTOR,)*
                }
            }
        }
    };
}
for_each_service!(modules_and_names);

#[cfg(test)]
mod hostile;
pub(crate) mod paging;
mod tags;
#[cfg(test)]
pub(crate) mod testing;

impl Service {
    /// The service that a SigV4 credential scope, or a fault, names.
    #[must_use]
    pub fn signed_for(name: &str) -> Option<Service> {
        Service::ALL.iter().copied().find(|service| service.descriptor().signing_name == name)
    }

    /// Answer a request at its API.
    ///
    /// # Errors
    /// In the service's words.
    pub fn call(self, world: &mut World, operation: &str, input: Input<'_>) -> Result<Value, AwsError> {
        self.descriptor().call(world, operation, input)
    }

    /// The Query service whose API has this version.
    #[must_use]
    pub fn with_version(version: &str) -> Option<Service> {
        Service::ALL.iter().copied().find(|service| service.descriptor().version == Some(version))
    }
}

/// How resources of a type are made and removed: by the service that keeps them, or from their facts.
#[must_use]
pub fn resource_type(type_name: &str) -> &'static ResourceType {
    let mut types = Service::ALL.iter().flat_map(|service| service.descriptor().resource_types);
    types.find(|kept| kept.name == type_name).unwrap_or(&generic::ANY)
}
