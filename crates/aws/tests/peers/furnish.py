"""A small platform in an emulator, made with boto3; prints the ids as JSON. Argument: the endpoint."""

import json
import sys
import urllib.request

import boto3

endpoint = sys.argv[1]
# Batch jobs are containers otherwise.
configuration = json.dumps({"batch": {"use_docker": False}}).encode()
urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/config", configuration, method="POST"))


def client(name):
    return boto3.client(
        name,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="test",
    )


ec2, elb, groups = client("ec2"), client("elbv2"), client("autoscaling")
vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
subnets = [
    ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"]["SubnetId"]
    for number, zone in enumerate("ab")
]
image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
machine = ec2.run_instances(
    ImageId=image,
    MinCount=1,
    MaxCount=1,
    SubnetId=subnets[0],
    TagSpecifications=[
        {"ResourceType": "instance", "Tags": [{"Key": "dedicated", "Value": "yes"}, {"Key": "team:Owner", "Value": "ada"}]}
    ],
)["Instances"][0]["InstanceId"]
volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=10)["VolumeId"]

balancer = elb.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
target_group = elb.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]["TargetGroupArn"]
forward = [{"Type": "forward", "TargetGroupArn": target_group}]
listener = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)["Listeners"][0][
    "ListenerArn"
]
rule = elb.create_rule(
    ListenerArn=listener,
    Priority=100,
    Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}}],
    Actions=forward,
)["Rules"][0]["RuleArn"]

ec2.create_launch_template(LaunchTemplateName="worker", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"})
groups.create_auto_scaling_group(
    AutoScalingGroupName="workers",
    MinSize=0,
    MaxSize=80,
    DesiredCapacity=60,
    LaunchTemplate={"LaunchTemplateName": "worker", "Version": "$Latest"},
    VPCZoneIdentifier=subnets[0],
    NewInstancesProtectedFromScaleIn=True,
)
groups.put_lifecycle_hook(
    AutoScalingGroupName="workers",
    LifecycleHookName="going",
    LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
)
groups.put_warm_pool(AutoScalingGroupName="workers", MinSize=1)

trust = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "batch.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
role = client("iam").create_role(RoleName="batch", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
batch = client("batch")
environment = batch.create_compute_environment(
    computeEnvironmentName="env", type="UNMANAGED", state="ENABLED", serviceRole=role
)["computeEnvironmentArn"]
queue = batch.create_job_queue(
    jobQueueName="jobs", state="ENABLED", priority=1, computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}]
)["jobQueueArn"]
definition = batch.register_job_definition(
    jobDefinitionName="work",
    type="container",
    containerProperties={"image": "busybox", "vcpus": 1, "memory": 128, "command": ["sleep", "1"]},
)["jobDefinitionArn"]
job = batch.submit_job(jobName="one", jobQueue=queue, jobDefinition=definition, tags={"Owner": "ada"})["jobId"]

ecs = client("ecs")
ecs.create_cluster(clusterName="main")
ecs.register_task_definition(family="indexer", containerDefinitions=[{"name": "indexer", "image": "busybox", "memory": 64}])
service = ecs.create_service(cluster="main", serviceName="indexer", taskDefinition="indexer", desiredCount=2)["service"]["serviceArn"]

client("rds").create_db_instance(
    DBInstanceIdentifier="main",
    Engine="postgres",
    DBInstanceClass="db.t4g.medium",
    AllocatedStorage=20,
    MaxAllocatedStorage=100,
    StorageType="gp3",
    MasterUsername="someone",
    MasterUserPassword="not-a-secret-at-all",
)
client("cloudwatch").put_metric_alarm(
    AlarmName="load",
    Namespace="AWS/EC2",
    MetricName="CPUUtilization",
    Statistic="Average",
    Period=60,
    EvaluationPeriods=1,
    Threshold=90,
    ComparisonOperator="GreaterThanThreshold",
    ActionsEnabled=True,
)
cloudformation = client("cloudformation")
template = {"Metadata": {"Port::VersionInfo": {"Version": "1.0.0"}}, "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
stack = cloudformation.create_stack(StackName="platform", TemplateBody=json.dumps(template))["StackId"]

print(
    json.dumps(
        {
            "machine": machine,
            "volume": volume,
            "listener": listener,
            "target_group": target_group,
            "rule": rule,
            "queue": queue, "service": service,
            "job": job,
            "role": role,
            "stack": stack,
        }
    )
)
