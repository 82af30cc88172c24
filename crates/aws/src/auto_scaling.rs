//! Amazon EC2 Auto Scaling: worker groups, their instances and warm pools.

use aws_sdk_autoscaling::Client;
use aws_sdk_autoscaling::types::AutoScalingGroup;
use upgrade::{GroupSize, Instance, PortError, WarmPool, WarmPoolSize, WorkerGroup};

use crate::errors::{code, look_again, port_error};

pub(crate) async fn worker_groups(client: &Client, names: &[String]) -> Result<Vec<WorkerGroup>, PortError> {
    if names.is_empty() {
        // Without names DescribeAutoScalingGroups tells of every group in the account.
        return Ok(Vec::new());
    }
    let mut groups = Vec::new();
    let mut next_token = None;
    loop {
        let page = client
            .describe_auto_scaling_groups()
            .set_auto_scaling_group_names(Some(names.to_vec()))
            .set_next_token(next_token)
            .send()
            .await
            .map_err(|error| port_error("autoscaling:DescribeAutoScalingGroups", &error))?;
        for group in page.auto_scaling_groups() {
            groups.push(worker_group(client, group).await?);
        }
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(groups);
        }
    }
}

async fn worker_group(client: &Client, group: &AutoScalingGroup) -> Result<WorkerGroup, PortError> {
    let name = group.auto_scaling_group_name().unwrap_or_default();
    let mut instances: Vec<Instance> =
        group.instances().iter().map(|instance| seen(instance, false)).collect();
    let warm_pool = group.warm_pool_configuration().map(|pool| WarmPool {
        min_size: pool.min_size().unwrap_or(0),
        // -1 is how AWS writes "the group's greatest size" (PutWarmPool).
        max_group_prepared_capacity: pool.max_group_prepared_capacity().filter(|capacity| *capacity >= 0),
    });
    if warm_pool.is_some() {
        instances.extend(warm_instances(client, name).await?);
    }
    Ok(WorkerGroup {
        name: name.to_owned(),
        min_size: group.min_size().unwrap_or(0),
        max_size: group.max_size().unwrap_or(0),
        desired_capacity: group.desired_capacity().unwrap_or(0),
        new_instances_protected: group.new_instances_protected_from_scale_in().unwrap_or(false),
        warm_pool,
        instances,
    })
}

async fn warm_instances(client: &Client, group_name: &str) -> Result<Vec<Instance>, PortError> {
    let mut instances = Vec::new();
    let mut next_token = None;
    loop {
        let page = client
            .describe_warm_pool()
            .auto_scaling_group_name(group_name)
            .set_next_token(next_token)
            .send()
            .await
            .map_err(|error| port_error("autoscaling:DescribeWarmPool", &error))?;
        instances.extend(page.instances().iter().map(|instance| seen(instance, true)));
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(instances);
        }
    }
}

fn seen(instance: &aws_sdk_autoscaling::types::Instance, in_warm_pool: bool) -> Instance {
    Instance {
        id: instance.instance_id().unwrap_or_default().to_owned(),
        lifecycle_state: instance
            .lifecycle_state()
            .map(|state| state.as_str().to_owned())
            .unwrap_or_default(),
        protected_from_scale_in: instance.protected_from_scale_in().unwrap_or(false),
        in_warm_pool,
    }
}

pub(crate) async fn resize_worker_groups(client: &Client, sizes: &[GroupSize]) -> Result<(), PortError> {
    for size in sizes {
        client
            .update_auto_scaling_group()
            .auto_scaling_group_name(&size.group_name)
            .min_size(size.min_size)
            .max_size(size.max_size)
            .desired_capacity(size.desired_capacity)
            .new_instances_protected_from_scale_in(size.new_instances_protected)
            .send()
            .await
            .map_err(|error| port_error("autoscaling:UpdateAutoScalingGroup", &error))?;
    }
    Ok(())
}

pub(crate) async fn resize_warm_pools(client: &Client, sizes: &[WarmPoolSize]) -> Result<(), PortError> {
    for size in sizes {
        client
            .put_warm_pool()
            .auto_scaling_group_name(&size.group_name)
            .min_size(size.min_size)
            .max_group_prepared_capacity(size.max_group_prepared_capacity.unwrap_or(-1))
            .send()
            .await
            .map_err(|error| port_error("autoscaling:PutWarmPool", &error))?;
    }
    Ok(())
}

pub(crate) async fn remove_scale_in_protection(
    client: &Client,
    group_name: &str,
    instance_ids: &[String],
) -> Result<(), PortError> {
    client
        .set_instance_protection()
        .auto_scaling_group_name(group_name)
        .set_instance_ids(Some(instance_ids.to_vec()))
        .protected_from_scale_in(false)
        .send()
        .await
        .map(drop)
        .map_err(|error| {
            let sorted = port_error("autoscaling:SetInstanceProtection", &error);
            // An instance may have gone, or not have come up yet, since we looked.
            if code(&error) == Some("ValidationError") { look_again(sorted) } else { sorted }
        })
}
