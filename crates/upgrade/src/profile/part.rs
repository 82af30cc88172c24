//! The kinds of parts that a profile finds, and of which types each can be.

/// A kind of part of a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The listeners of load balancers.
    Listeners,
    /// Target groups that serve users' pages: their targets count for health.
    TargetGroups,
    /// Batch job queues.
    JobQueues,
    /// Auto Scaling groups of workers.
    WorkerGroups,
    /// Amazon ECS services that work: their tasks are stopped.
    EcsServices,
    /// Amazon ECS services that serve users' pages: their tasks count for health.
    ServingServices,
    /// CloudWatch alarms.
    Alarms,
    /// RDS database instances.
    Databases,
    /// EBS volumes that hold data.
    Volumes,
}

/// Whether resources of this type are what work is done by: a group, a queue, a service.
#[must_use]
pub fn is_work(type_name: &str) -> bool {
    [Part::JobQueues, Part::WorkerGroups, Part::EcsServices]
        .into_iter()
        .any(|part| part.types().contains(&type_name))
}

impl Part {
    /// Every kind, in the order in which they are shown.
    pub const ALL: [Part; 9] = [
        Part::Listeners,
        Part::TargetGroups,
        Part::JobQueues,
        Part::WorkerGroups,
        Part::EcsServices,
        Part::ServingServices,
        Part::Alarms,
        Part::Databases,
        Part::Volumes,
    ];

    /// The key in a profile's file.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Part::Listeners => "listeners",
            Part::TargetGroups => "target_groups",
            Part::JobQueues => "job_queues",
            Part::WorkerGroups => "worker_groups",
            Part::EcsServices => "ecs_services",
            Part::ServingServices => "serving_services",
            Part::Alarms => "alarms",
            Part::Databases => "databases",
            Part::Volumes => "volumes",
        }
    }

    /// For a person.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Part::Listeners => "listeners",
            Part::TargetGroups => "target groups",
            Part::JobQueues => "job queues",
            Part::WorkerGroups => "worker groups",
            Part::EcsServices => "ECS services",
            Part::ServingServices => "ECS services that serve pages",
            Part::Alarms => "alarms",
            Part::Databases => "databases",
            Part::Volumes => "data volumes",
        }
    }

    /// The resource types that can be it.
    #[must_use]
    pub fn types(self) -> &'static [&'static str] {
        match self {
            Part::Listeners => &["AWS::ElasticLoadBalancingV2::Listener"],
            Part::TargetGroups => &["AWS::ElasticLoadBalancingV2::TargetGroup"],
            Part::JobQueues => &["AWS::Batch::JobQueue"],
            Part::WorkerGroups => &["AWS::AutoScaling::AutoScalingGroup"],
            Part::EcsServices | Part::ServingServices => &["AWS::ECS::Service"],
            // DisableAlarmActions takes both (CloudWatch API reference).
            Part::Alarms => &["AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"],
            // Not AWS::RDS::DBCluster: its storage grows by itself and its snapshots are another API's.
            Part::Databases => &["AWS::RDS::DBInstance"],
            Part::Volumes => &["AWS::EC2::Volume"],
        }
    }
}
