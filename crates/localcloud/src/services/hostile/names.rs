//! What hostile requests are made of.

/// Names that the operations read, between spaces.
pub(super) const NAMES: &str = "
    AutoScalingGroupName AutoScalingGroupNames MinSize MaxSize DesiredCapacity MaxGroupPreparedCapacity
    InstanceId InstanceIds Attribute DisableApiTermination DisableApiStop ProtectedFromScaleIn
    ShouldDecrementDesiredCapacity NewInstancesProtectedFromScaleIn LifecycleHookSpecificationList
    LifecycleHookName LifecycleActionResult MixedInstancesPolicy VPCZoneIdentifier AvailabilityZones
    ScalingProcesses ScheduledActionName ScheduledActionNames ScheduledUpdateGroupActions StartTime EndTime
    Recurrence TimeZone Filters NextToken MaxRecords ForceDelete PoolState Tags jobQueueName jobQueue
    jobQueues jobName jobDefinition jobDefinitionName jobStatus jobs jobId reason state type parameters
    containerOverrides timeout dependsOn computeEnvironmentName computeEnvironment computeEnvironmentOrder
    computeResources status statusReason seconds refusesUpdates resourceArn tags nextToken maxResults
    clusterName cluster clusters family familyPrefix containerDefinitions networkMode
    requiresCompatibilities taskDefinition serviceName service services desiredCount schedulingStrategy
    launchType capacityProviderStrategy loadBalancers deploymentConfiguration networkConfiguration
    forceNewDeployment force include desiredStatus startedBy task tasks count group overrides tagKeys
    stopsRunning ListenerArn RuleArn RuleArns RulePriorities Priority Conditions Actions ResourceArns
    LoadBalancerArn TargetGroupArn Marker PageSize Attributes Bucket Key Body Prefix Delimiter MaxKeys
    Metadata ResourceId VolumeId SnapshotId ImageId MinCount MaxCount BlockDeviceMapping TagSpecification
    NetworkInterface LaunchTemplate LaunchTemplateId LaunchTemplateName LaunchTemplateData
    LaunchTemplateVersion SourceVersion SetDefaultVersion MaxVersion Filter Tag MaxResults
    DBInstanceIdentifier DBSnapshotIdentifier FinalDBSnapshotIdentifier SkipFinalSnapshot AllocatedStorage
    MaxAllocatedStorage ApplyImmediately DeletionProtection ResourceName ResourceARN TagKeys AlarmName
    AlarmNames ComparisonOperator EvaluationPeriods Threshold Metrics StateValue StateReason RoleName
    AssumeRolePolicyDocument PolicyName PolicyDocument PolicyArn VersionId MaxSessionDuration
    PolicySourceArn ActionNames PolicyInputList ContextEntries PermissionsBoundaryPolicyInputList RoleArn
    RoleSessionName DurationSeconds SecretId SecretString ClientRequestToken VersionStage
    RecoveryWindowInDays Name Value Overwrite Names Type Path ParameterFilters TopicArn Message Subject
    Protocol Endpoint BackupVaultName ResourceArn IamRoleArn backupJobId calls slow throttle resources place
    StackName TemplateBody TemplateURL UsePreviousTemplate Parameters Capabilities ResourcesToSkip
    RetainResources RollbackConfiguration DisableRollback OnFailure StackPolicyBody StackStatusFilter
    HookResultId TargetType TargetId ChangeSetName ChangeSetType ExportName LogicalResourceId StackDriftDetectionId
    EnableTerminationProtection UniqueId Status Targets Preferences UploadId PartNumber Parts CopySource
    Record Delete ExpectedBucketOwner InstanceProfileName UserName DBSnapshotArn ApplyAction Action happened
    job code backupPlanId selectionId recoveryPointArn backupVaultName VersionIdMarker
";

/// What a name stands for that exists in [`furnished`] worlds, or would be right.
pub(super) const GOOD: &[(&str, &str)] = &[
    ("ScheduledActionNames", "[\"group\"]"),
    (
        "ScheduledUpdateGroupActions",
        "[{\"ScheduledActionName\": \"group\", \"Recurrence\": \"* * * * *\", \"MinSize\": 1}]",
    ),
    ("ScalingProcesses", "[\"Launch\", \"Terminate\"]"),
    ("StartTime", "\"1970-01-01T00:10:00Z\""),
    ("EndTime", "\"1970-01-01T00:20:00Z\""),
    ("Recurrence", "\"*/2 * * * *\""),
    ("TimeZone", "\"Europe/Berlin\""),
    ("ImageId", "\"ami-1\""),
    ("MinCount", "1"),
    ("MaxCount", "\"2\""),
    ("Attribute", "\"disableApiStop\""),
    ("DisableApiTermination", "{\"Value\": \"true\"}"),
    ("status", "\"INVALID\""),
    ("cluster", "\"group\""),
    ("clusters", "[\"group\"]"),
    ("family", "\"group\""),
    ("containerDefinitions", "[{\"name\": \"a\", \"image\": \"i\", \"memory\": 9, \"stopTimeout\": 5}]"),
    ("taskDefinition", "\"group\""),
    ("service", "\"group\""),
    ("services", "[\"group\", \"no\"]"),
    ("desiredCount", "2"),
    ("schedulingStrategy", "\"REPLICA\""),
    ("networkConfiguration", "{\"awsvpcConfiguration\": {\"subnets\": [\"subnet-1\"]}}"),
    ("deploymentConfiguration", "{\"maximumPercent\": 150, \"minimumHealthyPercent\": 50}"),
    ("resourceArn", "\"arn:aws:ecs:us-east-1:000000000000:service/group/group\""),
    ("tags", "[{\"key\": \"k\", \"value\": \"v\"}]"),
    ("desiredStatus", "\"STOPPED\""),
    ("tagKeys", "[\"k\"]"),
    ("forceNewDeployment", "true"),
    ("force", "true"),
    ("count", "2"),
    ("maxResults", "3"),
    ("nextToken", "\"\""),
    ("familyPrefix", "\"group\""),
    ("launchType", "\"EC2\""),
    ("seconds", "5"),
    ("stopsRunning", "true"),
    ("StateValue", "\"ALARM\""),
    ("ResourceName", "\"arn:aws:rds:us-east-1:000000000000:db:group\""),
    ("AlarmNames", "[\"group\"]"),
    ("ResourceARN", "\"arn:aws:cloudwatch:us-east-1:000000000000:alarm:group\""),
    ("LaunchTemplateData", "{\"ImageId\": \"ami-1\"}"),
    ("LaunchTemplateVersion", "[\"$Latest\"]"),
    ("SourceVersion", "\"1\""),
    ("SetDefaultVersion", "\"$Latest\""),
    ("EvaluationPeriods", "\"3\""),
    ("SkipFinalSnapshot", "\"true\""),
    ("AllocatedStorage", "\"120\""),
    (
        "AssumeRolePolicyDocument",
        r#""{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\", \"Principal\": \"*\"}}""#,
    ),
    (
        "PolicyDocument",
        r#""{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}}""#,
    ),
    (
        "PolicyInputList",
        r#"["{\"Statement\": {\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}}"]"#,
    ),
    ("ActionNames", r#"["s3:GetObject"]"#),
    ("RoleArn", r#""arn:aws:iam::000000000000:role/group""#),
    ("PolicySourceArn", r#""arn:aws:iam::000000000000:role/group""#),
    ("SecretId", r#""group""#),
    ("SecretString", r#""x""#),
    ("Value", r#""x""#),
    ("Type", r#""String""#),
    ("Names", r#"["group"]"#),
    ("TopicArn", r#""arn:aws:sns:us-east-1:000000000000:group""#),
    ("Message", r#""m""#),
    ("Protocol", r#""sqs""#),
    ("Endpoint", r#""e""#),
    ("ResourceArn", r#""arn:aws:dynamodb:us-east-1:000000000000:table/t""#),
    ("IamRoleArn", r#""arn:aws:iam::000000000000:role/group""#),
    ("StackName", r#""group""#),
    ("ChangeSetName", r#""group""#),
    (
        "TemplateBody",
        r#""{\"Resources\": {\"Topic\": {\"Type\": \"AWS::SNS::Topic\"}}, \"Outputs\": {\"T\": {\"Value\": {\"Ref\": \"Topic\"}}}}""#,
    ),
    ("LogicalResourceId", r#""Topic""#),
    ("StackPolicyBody", r#""{\"Statement\": []}""#),
    ("Status", r#""SUCCESS""#),
    ("calls", r#"[{"service": "sts", "operation": "*", "answer": "lose_response"}]"#),
];
