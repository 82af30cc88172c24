//! The table. An action stands under the reason for which it is needed; one that is needed for two stands twice.

use super::Purpose::{Maintenance, Panel, Plan, Upgrade};
use super::{On, Purpose, Right, Topic, When};

const ALL: &[Purpose] = &[Plan, Maintenance, Upgrade, Panel];
const UPGRADE: &[Purpose] = &[Upgrade];
/// What a plan stands on.
const PLANNING: &[Purpose] = &[Plan, Upgrade];
/// What is changed.
const ACTS: &[Purpose] = &[Maintenance, Upgrade];
/// What is looked at by whoever plans or acts.
const WORKING: &[Purpose] = &[Plan, Maintenance, Upgrade];

const fn right(action: &'static str, purposes: &'static [Purpose]) -> Right {
    Right { action, purposes }
}

/// What is asked of every caller: "No permissions are required to perform this operation" (STS API reference,
/// GetCallerIdentity).
pub const ASKED_WITHOUT_RIGHT: &[&str] = &["sts:GetCallerIdentity"];

/// What is asked where something else has shown a want, and changes no verdict for the better but then: whether a public bucket's
/// access block takes that back.
pub const ASKED_IN_WANT: &[&str] = &["s3:GetBucketPublicAccessBlock"];

/// What `status` and `check --drift` look at, and no run: an upgrade goes without it.
pub const NO_RUN_WAITS_FOR: &[&str] = &["cloudformation:ListChangeSets"];

/// What the program sends, but not to a deployment's account for any of the purposes: `slackwater init`, which looks for
/// stacks, and the demo, which makes and fills its own cloud.
pub const NOT_FOR_A_DEPLOYMENT: &[&str] = &[
    "autoscaling:SetDesiredCapacity",
    "batch:RegisterJobDefinition",
    "batch:SubmitJob",
    "cloudformation:CreateStack",
    "cloudformation:GetTemplateSummary",
    "s3:CreateBucket",
];

/// Every reason for which something is asked of AWS.
pub const TOPICS: &[Topic] = &[
    Topic {
        sid: "ReadStack",
        because: "To know what is deployed: the template, its parameters, the stack's resources and its status. Every \
                  look and every decision begins here.",
        on: On::PrimaryStack,
        rights: &[
            right("cloudformation:DescribeStacks", ALL),
            right("cloudformation:GetTemplate", ALL),
            right("cloudformation:ListStackResources", ALL),
            right("cloudformation:GetStackPolicy", PLANNING),
            // Change sets of ours that wait: `status` and `maintenance status` name them.
            right("cloudformation:ListChangeSets", &[Maintenance, Upgrade, Panel]),
        ],
    },
    Topic {
        sid: "ReadLinkedStacks",
        because: "The same of the stacks that are updated before it.",
        on: On::LinkedStacks,
        rights: &[
            right("cloudformation:DescribeStacks", PLANNING),
            right("cloudformation:GetTemplate", PLANNING),
            right("cloudformation:ListStackResources", PLANNING),
        ],
    },
    Topic {
        sid: "FindDrift",
        because: "To find what was changed by hand since the last update, which the next one would meet. Nothing is \
                  changed; CloudFormation reads the resources with this principal's rights, and says of those that it may \
                  not read that they weren't looked at.",
        on: On::PrimaryStack,
        rights: &[
            right("cloudformation:DescribeStackResourceDrifts", PLANNING),
            right("cloudformation:DetectStackDrift", PLANNING),
        ],
    },
    Topic {
        sid: "FollowDriftDetection",
        because: "To see when that look is over.",
        on: On::Everything(When::Primary),
        rights: &[right("cloudformation:DescribeStackDriftDetectionStatus", PLANNING)],
    },
    Topic {
        sid: "UpdateByChangeSet",
        because: "To make an update's change set, compare it with the plan that was approved, and execute it or throw it \
                  away. Only change sets that bear Slackwater's name.",
        on: On::ChangeSets,
        rights: &[
            right("cloudformation:CreateChangeSet", UPGRADE),
            right("cloudformation:DeleteChangeSet", UPGRADE),
            right("cloudformation:DescribeChangeSet", UPGRADE),
            right("cloudformation:DescribeChangeSetHooks", UPGRADE),
            right("cloudformation:ExecuteChangeSet", UPGRADE),
        ],
    },
    Topic {
        sid: "ReadFindings",
        because: "To read what CloudFormation itself finds wrong with a change set before anything is touched.",
        on: On::OwnChangeSets,
        rights: &[right("cloudformation:DescribeEvents", UPGRADE)],
    },
    Topic {
        sid: "ReadHookResults",
        because: "To read what the account's hooks found when a resource or a change set fails by them, and what they advise. \
                  Asked only then; where their results are encrypted with a key of your own, kms:Decrypt is needed as well.",
        on: On::Everything(When::Always),
        rights: &[
            right("cloudformation:GetHookResult", UPGRADE),
            right("cloudformation:ListHookResults", UPGRADE),
        ],
    },
    Topic {
        sid: "FollowUpdates",
        because: "To follow an update, to cancel it when somebody says stop, and to get a stack out of a failed rollback.",
        on: On::AllStacks,
        rights: &[
            right("cloudformation:CancelUpdateStack", UPGRADE),
            right("cloudformation:ContinueUpdateRollback", UPGRADE),
            right("cloudformation:DescribeStackEvents", UPGRADE),
        ],
    },
    Topic {
        sid: "PassRoleToCloudFormation",
        because: "The upgrade names the role that CloudFormation works as, which is to hand it over; to CloudFormation only.",
        on: On::PassedRoles,
        rights: &[right("iam:PassRole", UPGRADE)],
    },
    Topic {
        sid: "LookAtWaysIn",
        because: "To find every way in, see whether it is open, and by whose rules.",
        on: On::Everything(When::Primary),
        rights: &[
            right("elasticloadbalancing:DescribeListeners", ALL),
            right("elasticloadbalancing:DescribeLoadBalancers", ALL),
            right("elasticloadbalancing:DescribeRules", ALL),
            right("elasticloadbalancing:DescribeTags", ALL),
        ],
    },
    Topic {
        sid: "LookAtHealth",
        because: "To see how healthy the platform's targets are, and to have it proved before users are let in again.",
        on: On::Everything(When::HasTargetGroups),
        rights: &[right("elasticloadbalancing:DescribeTargetHealth", ALL)],
    },
    Topic {
        sid: "CloseTheGate",
        because: "To keep users out during maintenance: rules that show the maintenance page are put on the listeners.",
        on: On::Listeners,
        rights: &[right("elasticloadbalancing:CreateRule", ACTS)],
    },
    Topic {
        sid: "OpenTheGate",
        because: "To mark those rules as Slackwater's, and to take them away again.",
        on: On::ListenerRules,
        rights: &[
            right("elasticloadbalancing:AddTags", ACTS),
            right("elasticloadbalancing:DeleteRule", ACTS),
        ],
    },
    Topic {
        sid: "MakeRoomForTheGate",
        because: "The platform's own rules leave no room before them: they are moved, noted, and moved back.",
        on: On::RulesMakingRoom,
        rights: &[
            right("elasticloadbalancing:RemoveTags", ACTS),
            right("elasticloadbalancing:SetRulePriorities", ACTS),
        ],
    },
    Topic {
        sid: "LookAtJobs",
        because: "To see which queues take jobs, which jobs run, and whose they are.",
        on: On::Everything(When::HasQueues),
        rights: &[
            right("batch:DescribeComputeEnvironments", WORKING),
            right("batch:DescribeJobQueues", ALL),
            right("batch:DescribeJobs", ALL),
            right("batch:ListJobs", ALL),
        ],
    },
    Topic {
        sid: "StopAndStartQueues",
        because: "To let queues take no jobs during maintenance, and take them again afterwards.",
        on: On::JobQueues,
        rights: &[right("batch:UpdateJobQueue", ACTS)],
    },
    Topic {
        sid: "NoteOnQueues",
        because: "To note on a queue how it was before maintenance, and take the note off. No other tag.",
        on: On::NotesOnJobQueues,
        rights: &[right("batch:TagResource", ACTS), right("batch:UntagResource", ACTS)],
    },
    Topic {
        sid: "StopJobs",
        because: "To stop the jobs of the queues. Which jobs there will be nobody knows beforehand, and a job's ARN doesn't \
                  name its queue.",
        on: On::Jobs,
        rights: &[right("batch:TerminateJob", ACTS)],
    },
    Topic {
        sid: "LookAtWorkers",
        because: "To see how large the worker groups are, what runs in them, and what would grow them again.",
        on: On::Everything(When::HasGroups),
        rights: &[
            right("autoscaling:DescribeAutoScalingGroups", ALL),
            right("autoscaling:DescribeInstanceRefreshes", WORKING),
            right("autoscaling:DescribeLifecycleHooks", ALL),
            right("autoscaling:DescribeScheduledActions", WORKING),
            right("autoscaling:DescribeWarmPool", ALL),
            right("ec2:DescribeTags", ALL),
        ],
    },
    Topic {
        sid: "StopAndStartWorkers",
        because: "To take the worker groups to zero and back: their sizes, warm pools, protection from scaling in, the \
                  processes that would grow them, and instances that wait for a hook.",
        on: On::WorkerGroups,
        rights: &[
            right("autoscaling:CompleteLifecycleAction", ACTS),
            right("autoscaling:PutWarmPool", ACTS),
            right("autoscaling:ResumeProcesses", ACTS),
            right("autoscaling:SetInstanceProtection", ACTS),
            right("autoscaling:SuspendProcesses", ACTS),
            right("autoscaling:UpdateAutoScalingGroup", ACTS),
        ],
    },
    Topic {
        sid: "NoteOnWorkers",
        because: "To note on a group how it was before maintenance, and take the note off. No other tag.",
        on: On::NotesOnWorkerGroups,
        rights: &[right("autoscaling:CreateOrUpdateTags", ACTS), right("autoscaling:DeleteTags", ACTS)],
    },
    Topic {
        sid: "NoteOnInstances",
        because: "To note on an instance of a group that it was protected, and take the note off. No other tag.",
        on: On::NotesOnInstances,
        rights: &[right("ec2:CreateTags", ACTS), right("ec2:DeleteTags", ACTS)],
    },
    Topic {
        sid: "LookAtMachines",
        because: "To find machines of the platform that are in no group.",
        on: On::Everything(When::HasMachines),
        rights: &[right("ec2:DescribeInstances", ALL)],
    },
    Topic {
        sid: "StopMachines",
        because: "To see whether an instance may be terminated, and to terminate it: only those of the worker groups, and \
                  those that bear the platform's tags.",
        on: On::Machines,
        rights: &[right("ec2:DescribeInstanceAttribute", WORKING), right("ec2:TerminateInstances", ACTS)],
    },
    Topic {
        sid: "LookAtServices",
        because: "To see how many tasks the ECS services run, and whether they are healthy.",
        on: On::AllEcsServices,
        rights: &[right("ecs:DescribeServices", ALL)],
    },
    Topic {
        sid: "ListTasks",
        because: "To find the tasks of the services.",
        on: On::ContainerInstances,
        rights: &[right("ecs:ListTasks", ALL)],
    },
    Topic {
        sid: "StopTasks",
        because: "To see what the tasks do, and to stop them. Which tasks there will be nobody knows beforehand.",
        on: On::Tasks,
        rights: &[right("ecs:DescribeTasks", ALL), right("ecs:StopTask", ACTS)],
    },
    Topic {
        sid: "StopAndStartServices",
        because: "To take the services that work to zero and back.",
        on: On::EcsServices,
        rights: &[right("ecs:UpdateService", ACTS)],
    },
    Topic {
        sid: "NoteOnServices",
        because: "To note on a service how it was before maintenance, and take the note off. No other tag.",
        on: On::NotesOnEcsServices,
        rights: &[right("ecs:TagResource", ACTS), right("ecs:UntagResource", ACTS)],
    },
    Topic {
        sid: "LookAtAlarms",
        because: "To see which alarms act and which have gone off. CloudWatch checks this on all alarms, whichever are named.",
        on: On::AllAlarms,
        rights: &[right("cloudwatch:DescribeAlarms", ALL)],
    },
    Topic {
        sid: "ReadNotesOnAlarms",
        because: "To see which alarms are muted for maintenance, by what was noted on them.",
        on: On::Alarms,
        rights: &[right("cloudwatch:ListTagsForResource", &[Maintenance, Upgrade, Panel])],
    },
    Topic {
        sid: "MuteAlarms",
        because: "To mute the stack's alarms during maintenance, as the settings ask for it, and let them act again.",
        on: On::MutedAlarms,
        rights: &[
            right("cloudwatch:DisableAlarmActions", ACTS),
            right("cloudwatch:EnableAlarmActions", ACTS),
        ],
    },
    Topic {
        sid: "NoteOnAlarms",
        because: "To note on an alarm that maintenance has muted it, and take the note off. No other tag.",
        on: On::NotesOnAlarms,
        rights: &[right("cloudwatch:TagResource", ACTS), right("cloudwatch:UntagResource", ACTS)],
    },
    Topic {
        sid: "LookAtDatabases",
        because: "To see how the databases have grown, which maintenance waits for them, and whether a name is free that a \
                  release would take.",
        on: On::Databases,
        rights: &[
            right("rds:DescribeDBInstances", PLANNING),
            right("rds:DescribePendingMaintenanceActions", PLANNING),
        ],
    },
    Topic {
        sid: "SnapshotDatabases",
        because: "To take a snapshot of each database before the update, where the settings ask for it.",
        on: On::DatabaseSnapshots,
        rights: &[right("rds:CreateDBSnapshot", UPGRADE)],
    },
    Topic {
        sid: "FollowDatabaseSnapshots",
        because: "To mark those snapshots as Slackwater's, and to see when they are complete.",
        on: On::SnapshotsOfDatabases,
        rights: &[right("rds:AddTagsToResource", UPGRADE), right("rds:DescribeDBSnapshots", UPGRADE)],
    },
    Topic {
        sid: "SnapshotVolumes",
        because: "To take a snapshot of each volume that holds data before the update, where the settings ask for it.",
        on: On::VolumeSnapshots,
        rights: &[right("ec2:CreateSnapshot", UPGRADE)],
    },
    Topic {
        sid: "MarkVolumeSnapshots",
        because: "To mark those snapshots as Slackwater's, as they are made.",
        on: On::TagsOfVolumeSnapshots,
        rights: &[right("ec2:CreateTags", UPGRADE)],
    },
    Topic {
        sid: "FollowVolumeSnapshots",
        because: "To see when those snapshots are complete.",
        on: On::Everything(When::SnapshotsVolumes),
        rights: &[right("ec2:DescribeSnapshots", UPGRADE)],
    },
    Topic {
        sid: "FindBackupVaults",
        because: "To find the backups that there are.",
        on: On::Everything(When::Primary),
        rights: &[right("backup:ListBackupVaults", PLANNING)],
    },
    Topic {
        sid: "FindRecoveryPoints",
        because: "To see how old the newest backup of the deployment is, in whichever vault it lies.",
        on: On::BackupVaults,
        rights: &[right("backup:ListRecoveryPointsByBackupVault", PLANNING)],
    },
    Topic {
        sid: "LookAtOwnRights",
        because: "To find before the evening which of these rights are missing, to this principal or to the role that \
                  CloudFormation works as.",
        on: On::ItselfAndTheStacksRole,
        rights: &[right("iam:SimulatePrincipalPolicy", PLANNING)],
    },
    Topic {
        sid: "FindOwnRole",
        because: "A session doesn't tell its role's whole ARN.",
        on: On::Itself,
        rights: &[right("iam:GetRole", PLANNING)],
    },
    Topic {
        sid: "LookAtQuotas",
        because: "To see whether the account has room for what a release adds.",
        on: On::Everything(When::Primary),
        rights: &[
            right("autoscaling:DescribeAccountLimits", PLANNING),
            right("ec2:DescribeAddresses", PLANNING),
            right("ec2:DescribeInternetGateways", PLANNING),
            right("ec2:DescribeSecurityGroups", PLANNING),
            right("ec2:DescribeVpcs", PLANNING),
            right("elasticloadbalancing:DescribeAccountLimits", PLANNING),
            right("elasticloadbalancing:DescribeTargetGroups", PLANNING),
            right("iam:GetAccountSummary", PLANNING),
            right("rds:DescribeAccountAttributes", PLANNING),
        ],
    },
    Topic {
        sid: "ReadQuotas",
        because: "Quotas of networks and addresses, which only Service Quotas tells.",
        on: On::Quotas,
        rights: &[right("servicequotas:GetServiceQuota", PLANNING)],
    },
    Topic {
        sid: "LookForTakenNames",
        because: "To see whether a name that a release gives its resources is free.",
        on: On::Everything(When::Primary),
        rights: &[right("ec2:DescribeLaunchTemplates", PLANNING), right("logs:DescribeLogGroups", PLANNING)],
    },
    Topic {
        sid: "LookForTakenRoleNames",
        because: "The same for roles.",
        on: On::RoleNames,
        rights: &[right("iam:GetRole", PLANNING)],
    },
    Topic {
        sid: "LookForTakenProfileNames",
        because: "The same for instance profiles.",
        on: On::ProfileNames,
        rights: &[right("iam:GetInstanceProfile", PLANNING)],
    },
    Topic {
        sid: "LookForTakenUserNames",
        because: "The same for users.",
        on: On::UserNames,
        rights: &[right("iam:GetUser", PLANNING)],
    },
    Topic {
        sid: "LookForTakenQueueNames",
        because: "The same for queues.",
        on: On::QueueNames,
        rights: &[right("sqs:GetQueueUrl", PLANNING)],
    },
    Topic {
        sid: "KeepTemplates",
        because: "To keep a plan's own copies of its templates, each under its hash, so that what was approved is what is \
                  deployed. CloudFormation reads them with this principal's rights.",
        on: On::TemplateCopies,
        rights: &[right("s3:GetObject", PLANNING), right("s3:PutObject", PLANNING)],
    },
    Topic {
        sid: "ReadTemplates",
        because: "To read the templates that the settings name.",
        on: On::NamedTemplates,
        rights: &[right("s3:GetObject", PLANNING)],
    },
    Topic {
        sid: "ReadState",
        because: "To see which run has the deployment, and what it has done.",
        on: On::State,
        rights: &[right("s3:GetObject", ALL)],
    },
    Topic {
        sid: "WriteState",
        because: "To claim the deployment, so that two operators don't act at once, and to write down every step before it is \
                  made. Whoever may write here may stop and resume runs. Nothing is ever deleted.",
        on: On::State,
        rights: &[right("s3:PutObject", WORKING)],
    },
    Topic {
        sid: "ListState",
        because: "To find the runs; and without it S3 says \"forbidden\" of what isn't there, so that nobody could begin.",
        on: On::StateKeys,
        rights: &[right("s3:ListBucket", ALL)],
    },
    Topic {
        sid: "CheckStateBucket",
        because: "To see whether the state is where nobody else reads it and nothing deletes it.",
        on: On::StateBucket,
        rights: &[
            right("s3:GetBucketAcl", PLANNING),
            right("s3:GetBucketObjectLockConfiguration", PLANNING),
            right("s3:GetBucketPolicyStatus", PLANNING),
            right("s3:GetBucketVersioning", PLANNING),
            right("s3:GetLifecycleConfiguration", PLANNING),
        ],
    },
    Topic {
        sid: "TellTopics",
        because: "To tell of a run's beginning, its questions and its end.",
        on: On::Topics,
        rights: &[right("sns:Publish", ACTS)],
    },
];
