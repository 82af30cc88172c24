//! What is in the stack's nested stacks. Their templates aren't read: CloudFormation tells each resource's type.

use upgrade::{LogicalResource, PortError, WaysIn, is_work};

use crate::cloud::AwsCloud;
use crate::cloudformation::{StackResource, typed_resources};
use crate::concurrency::all;

const NESTED_STACK: &str = "AWS::CloudFormation::Stack";

impl AwsCloud {
    /// Every resource of nested stacks, theirs included, each named `NESTED/RESOURCE`.
    async fn nested_resources(&self, nested: &[LogicalResource]) -> Result<Vec<StackResource>, PortError> {
        let (mut found, mut level) = (Vec::new(), nested.to_vec());
        // A stack is in one other at most, so this ends.
        while !level.is_empty() {
            let listed = all(&level, async |stack| {
                let resources = typed_resources(&self.wire, &stack.physical_id).await?;
                Ok(resources.into_iter().map(|one| StackResource {
                    logical_id: format!("{}/{}", stack.logical_id, one.logical_id),
                    ..one
                }))
            })
            .await?;
            let (stacks, others): (Vec<_>, Vec<_>) =
                listed.into_iter().flatten().partition(|one| one.resource_type == NESTED_STACK);
            level = stacks.into_iter().map(StackResource::untyped).collect();
            found.extend(others);
        }
        Ok(found)
    }

    /// The ways in with those of nested stacks.
    pub(crate) async fn with_nested(&self, ways: &WaysIn) -> Result<WaysIn, PortError> {
        let mut ways = ways.clone();
        for resource in self.nested_resources(&ways.nested).await? {
            let list = match resource.resource_type.as_str() {
                "AWS::ElasticLoadBalancingV2::LoadBalancer" => &mut ways.balancers,
                "AWS::ElasticLoadBalancingV2::Listener" => &mut ways.listeners,
                "AWS::ElasticLoadBalancing::LoadBalancer" => &mut ways.classic,
                _ => continue,
            };
            list.push(resource.untyped());
        }
        Ok(ways)
    }

    /// What works in nested stacks, each as `NESTED/RESOURCE (TYPE)`: no profile finds it.
    ///
    /// # Errors
    /// A nested stack can't be looked at.
    pub async fn nested_work(&self, nested: &[LogicalResource]) -> Result<Vec<String>, PortError> {
        let found = self.nested_resources(nested).await.map_err(|error| self.origin.explain(error))?;
        let work = found.into_iter().filter(|one| is_work(&one.resource_type));
        Ok(work.map(|one| format!("{} ({})", one.logical_id, one.resource_type)).collect())
    }
}
