"""Every operation that the local cloud serves, asked by boto3 once as it should be and once about what isn't there.

A row is (operation, right parameters, wrong parameters, the code of the refusal). `None` for the wrong ones: the
operation can't be asked about something that isn't there. Prints `N of M operations`, and those that went wrong.

usage: audit.py   (the environment points boto3 at the local cloud, at instant speed)
"""

import json
import sys
import time

import boto3
from botocore.exceptions import ClientError, WaiterError

QUICK = {"Delay": 1, "MaxAttempts": 20}
OWNER = "000000000000"
tried, failures = 0, []


def template(value="one", **more):
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}
    return json.dumps({"Resources": {"P": parameter} | more, "Outputs": {"O": {"Value": {"Ref": "P"}, "Export": {"Name": f"export-{value}"}}}})


def ask(client, operation, arguments):
    return getattr(client, operation)(**arguments)


def rows(service, table):
    """Ask each row; give the last answers by operation."""
    global tried
    client, answers = boto3.client(service), {}
    for operation, right, wrong, code in table:
        tried += 1
        name = f"{service} {operation}"
        try:
            answers[operation] = ask(client, operation, right(answers) if callable(right) else right)
        except ClientError as error:
            failures.append(f"{name} {right}: {error}")
            continue
        if wrong is None:
            continue
        try:
            ask(client, operation, wrong)
            failures.append(f"{name} {wrong}: answered, instead of {code}")
        except ClientError as error:
            found, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            if found != code or not 400 <= status < 500:
                failures.append(f"{name} {wrong}: {status} {error}, instead of {code}")
    return answers


def waits(service, name, arguments, ends=True):
    global tried
    tried += 1
    try:
        boto3.client(service).get_waiter(name).wait(**arguments, WaiterConfig=QUICK)
        if not ends:
            failures.append(f"{service} waiter {name} {arguments}: ended well")
    except WaiterError as error:
        if ends:
            failures.append(f"{service} waiter {name} {arguments}: {error}")


def refused(service, operation, arguments, code, part=""):
    global tried
    tried += 1
    try:
        ask(boto3.client(service), operation, arguments)
        failures.append(f"{service} {operation} {arguments}: answered, instead of {code}")
    except ClientError as error:
        if error.response["Error"]["Code"] != code or part not in str(error):
            failures.append(f"{service} {operation} {arguments}: {error}, instead of {code} {part}")


def cloudformation():
    service, bad = "cloudformation", "ValidationError"
    none, s = {"StackName": "none"}, {"StackName": "s"}
    change_set = {"StackName": "s", "ChangeSetName": "c"}
    rows(service, [
        ("validate_template", {"TemplateBody": template()}, {"TemplateBody": "{"}, bad),
        ("create_stack", s | {"TemplateBody": template(), "ClientRequestToken": "one"}, s | {"TemplateBody": template()}, "AlreadyExistsException"),
    ])
    waits(service, "stack_exists", s)
    waits(service, "stack_create_complete", s)
    waits(service, "stack_create_complete", none, ends=False)
    answers = rows(service, [
        ("describe_stacks", s, none, bad),
        ("list_stacks", {"StackStatusFilter": ["CREATE_COMPLETE"]}, {"NextToken": "none"}, bad),
        ("describe_stack_events", s, none, bad),
        ("describe_events", s, none, bad),
        ("describe_stack_resource", s | {"LogicalResourceId": "P"}, s | {"LogicalResourceId": "none"}, bad),
        ("describe_stack_resources", s, none, bad),
        ("list_stack_resources", s, none, bad),
        ("get_template", s, none, bad),
        ("get_template_summary", s, none, bad),
        ("list_exports", {}, {"NextToken": "none"}, bad),
        ("set_stack_policy", s | {"StackPolicyBody": '{"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}'}, none | {"StackPolicyBody": "{}"}, bad),
        ("get_stack_policy", s, none, bad),
        ("update_termination_protection", s | {"EnableTerminationProtection": True}, none | {"EnableTerminationProtection": True}, bad),
        ("detect_stack_drift", s, none, bad),
        ("describe_stack_drift_detection_status", lambda a: {"StackDriftDetectionId": a["detect_stack_drift"]["StackDriftDetectionId"]}, {"StackDriftDetectionId": "none"}, bad),
        ("detect_stack_resource_drift", s | {"LogicalResourceId": "P"}, s | {"LogicalResourceId": "none"}, bad),
        ("describe_stack_resource_drifts", s, none, bad),
    ])
    refused(service, "delete_stack", s, bad, "TerminationProtection is enabled")
    refused(service, "list_imports", {"ExportName": "export-one"}, bad, "is not imported by any stack")
    refused(service, "estimate_template_cost", {"TemplateBody": template()}, bad, "Costs aren't estimated in this local cloud")
    refused(service, "signal_resource", s | {"LogicalResourceId": "P", "UniqueId": "1", "Status": "SUCCESS"}, bad)
    refused(service, "continue_update_rollback", s, bad)
    refused(service, "rollback_stack", s, bad)
    refused(service, "cancel_update_stack", s, bad, "cannot be called from current stack status")
    refused(service, "create_change_set", change_set | {"ChangeSetType": "IMPORT", "TemplateBody": template("new")}, bad, "type IMPORT aren't simulated")
    refused(service, "execute_change_set", change_set, "ChangeSetNotFound")
    refused(service, "describe_change_set", change_set, "ChangeSetNotFound")
    importer = json.dumps({"Resources": {"I": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::ImportValue": "export-one"}}}}})
    rows(service, [
        ("create_stack", {"StackName": "i", "TemplateBody": importer}, {"StackName": "*", "TemplateBody": importer}, bad),
        ("list_imports", {"ExportName": "export-one"}, {"ExportName": "none"}, bad),
        ("delete_stack", {"StackName": "i"}, None, ""),
        ("create_change_set", change_set | {"TemplateBody": template("two")}, none | {"ChangeSetName": "c", "ChangeSetType": "UPDATE", "TemplateBody": template()}, bad),
    ])
    waits(service, "change_set_create_complete", change_set)
    rows(service, [
        ("describe_change_set", change_set, s | {"ChangeSetName": "none"}, "ChangeSetNotFound"),
        ("describe_change_set", change_set | {"IncludePropertyValues": True}, none | {"ChangeSetName": "c"}, bad),
        ("list_change_sets", s, none, bad),
        ("delete_change_set", change_set, None, ""),
        ("create_change_set", change_set | {"TemplateBody": template("two")}, s | {"ChangeSetName": "d", "TemplateBody": "{"}, bad),
        ("execute_change_set", change_set, None, ""),
    ])
    waits(service, "stack_update_complete", s)
    rows(service, [("update_stack", s | {"TemplateBody": template("three")}, s | {"TemplateBody": template("three")}, bad)])
    waits(service, "stack_update_complete", s)
    stack_id = boto3.client(service).describe_stacks(**s)["Stacks"][0]["StackId"]
    by_id = {"StackName": stack_id}
    rows(service, [
        ("update_termination_protection", by_id | {"EnableTerminationProtection": False}, None, ""),
        ("get_template", by_id, {"StackName": stack_id + "0"}, bad),
        ("delete_stack", by_id, None, ""),
    ])
    waits(service, "stack_delete_complete", by_id)
    waits(service, "stack_delete_complete", none)
    rows(service, [("describe_stacks", by_id, s, bad), ("describe_stack_events", by_id, s, bad), ("list_stack_resources", by_id, s, bad)])


def tokens():
    """A request with the same ClientRequestToken again is answered and does nothing."""
    global tried
    cloud, s = boto3.client("cloudformation"), {"StackName": "t"}
    one = s | {"TemplateBody": template("token"), "ClientRequestToken": "one"}
    two = s | {"TemplateBody": template("token-2"), "ClientRequestToken": "two"}
    first = cloud.create_stack(**one)["StackId"]
    waits("cloudformation", "stack_create_complete", s)
    tried += 1
    if cloud.create_stack(**one)["StackId"] != first:
        failures.append("create_stack again with its token: another stack")
    cloud.update_stack(**two)
    waits("cloudformation", "stack_update_complete", s)
    before = len(cloud.describe_stack_events(**s)["StackEvents"])
    tried += 1
    cloud.update_stack(**two)
    if len(cloud.describe_stack_events(**s)["StackEvents"]) != before:
        failures.append("update_stack again with its token: it did something")
    cloud.delete_stack(**s)
    waits("cloudformation", "stack_delete_complete", {"StackName": first})


def rollbacks():
    """What fails because the stack's role may not, and is led out with another role."""
    iam, cloud = boto3.client("iam"), boto3.client("cloudformation")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "cloudformation.amazonaws.com"}}]})
    roles = {}
    for name, actions in [("whole", "ssm:*"), ("lacking", "ssm:Describe*")]:
        roles[name] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
    bad, r, f = "ValidationError", {"StackName": "r"}, {"StackName": "f"}
    cloud.create_stack(**r, TemplateBody=template("role-1"), RoleARN=roles["whole"])
    waits("cloudformation", "stack_create_complete", r)
    cloud.update_stack(**r, TemplateBody=template("role-2"), RoleARN=roles["lacking"])
    waits("cloudformation", "stack_update_complete", r, ends=False)
    is_in("r", "UPDATE_ROLLBACK_FAILED")
    words = "assumed-role/lacking/AWSCloudFormation is not authorized to perform: ssm:PutParameter on resource: "
    tells("r", words)
    refused("cloudformation", "update_stack", r | {"TemplateBody": template("role-3")}, bad, "UPDATE_ROLLBACK_FAILED state and can not be updated")
    rows("cloudformation", [("continue_update_rollback", r | {"RoleARN": roles["whole"]}, {"StackName": "none"}, bad)])
    waits("cloudformation", "stack_rollback_complete", r)
    is_in("r", "UPDATE_ROLLBACK_COMPLETE")
    cloud.create_stack(**f, TemplateBody=template("role-4"), RoleARN=roles["lacking"], DisableRollback=True)
    waits("cloudformation", "stack_create_complete", f, ends=False)
    is_in("f", "CREATE_FAILED")
    rows("cloudformation", [("rollback_stack", f | {"RoleARN": roles["whole"]}, {"StackName": "none"}, bad)])
    is_in("f", "ROLLBACK_COMPLETE")
    for operation, arguments in [("create_stack", {"StackName": "n", "TemplateBody": template("n")}), ("update_stack", r | {"TemplateBody": template("n")}), ("delete_stack", r)]:
        refused("cloudformation", operation, arguments | {"RoleARN": roles["whole"] + "0"}, bad, "is invalid or cannot be assumed")
    for name in ["r", "f"]:
        rows("cloudformation", [("delete_stack", {"StackName": name, "RoleARN": roles["whole"]}, None, "")])
        waits("cloudformation", "stack_delete_complete", {"StackName": name})


def is_in(stack, status):
    global tried
    tried += 1
    for _ in range(100):
        found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        if not found.endswith("_IN_PROGRESS"):
            break
        time.sleep(0.1)
    if found != status:
        failures.append(f"{stack} is in {found}, instead of {status}")


def tells(stack, words):
    global tried
    tried += 1
    events = boto3.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    if not any(words in event.get("ResourceStatusReason", "") for event in events):
        failures.append(f"no event of {stack} tells: {words}")


def identity():
    global tried
    trust = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": OWNER}}]})
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sns:*", "Resource": "*"}]})
    r, none = {"RoleName": "r"}, {"RoleName": "none"}
    arn = f"arn:aws:iam::{OWNER}:role/r"
    rows("iam", [
        ("create_role", r | {"AssumeRolePolicyDocument": trust}, r | {"AssumeRolePolicyDocument": trust}, "EntityAlreadyExists"),
        ("get_role", r, none, "NoSuchEntity"),
        ("list_roles", {}, None, ""),
        ("put_role_policy", r | {"PolicyName": "p", "PolicyDocument": policy}, none | {"PolicyName": "p", "PolicyDocument": policy}, "NoSuchEntity"),
        ("get_role_policy", r | {"PolicyName": "p"}, r | {"PolicyName": "none"}, "NoSuchEntity"),
        ("list_role_policies", r, none, "NoSuchEntity"),
        ("list_attached_role_policies", r, none, "NoSuchEntity"),
        ("simulate_principal_policy", {"PolicySourceArn": arn, "ActionNames": ["sns:Publish"]}, {"PolicySourceArn": arn + "0", "ActionNames": ["sns:Publish"]}, "NoSuchEntity"),
        ("create_policy", {"PolicyName": "m", "PolicyDocument": policy}, {"PolicyName": "n", "PolicyDocument": "{"}, "MalformedPolicyDocument"),
        ("get_policy", lambda a: {"PolicyArn": a["create_policy"]["Policy"]["Arn"]}, {"PolicyArn": f"arn:aws:iam::{OWNER}:policy/none"}, "NoSuchEntity"),
        ("attach_role_policy", lambda a: r | {"PolicyArn": a["create_policy"]["Policy"]["Arn"]}, none | {"PolicyArn": f"arn:aws:iam::{OWNER}:policy/m"}, "NoSuchEntity"),
        ("detach_role_policy", lambda a: r | {"PolicyArn": a["create_policy"]["Policy"]["Arn"]}, none | {"PolicyArn": f"arn:aws:iam::{OWNER}:policy/m"}, "NoSuchEntity"),
    ])
    assumed = rows("sts", [
        ("get_caller_identity", {}, None, ""),
        ("assume_role", {"RoleArn": arn, "RoleSessionName": "me"}, {"RoleArn": arn + "0", "RoleSessionName": "me"}, "AccessDenied"),
    ])["assume_role"]["Credentials"]
    keys = {"aws_access_key_id": assumed["AccessKeyId"], "aws_secret_access_key": assumed["SecretAccessKey"], "aws_session_token": assumed["SessionToken"]}
    me = f"User: arn:aws:sts::{OWNER}:assumed-role/r/me is not authorized to perform: "
    for service, operation, arguments, code, words in [
        ("sns", "list_topics", {}, None, None),
        ("sts", "get_caller_identity", {}, None, None),
        ("cloudformation", "describe_stacks", {}, "AccessDenied", me + "cloudformation:DescribeStacks on resource: * because no identity-based policy allows the cloudformation:DescribeStacks action"),
        ("s3", "list_buckets", {}, "AccessDenied", me + "s3:ListAllMyBuckets"),
        ("ec2", "describe_instances", {}, "UnauthorizedOperation", "You are not authorized to perform this operation. " + me),
        ("batch", "describe_jobs", {"jobs": ["j"]}, "AccessDeniedException", me + "batch:DescribeJobs"),
        ("ssm", "get_parameter", {"Name": "/p"}, "AccessDeniedException", f"ssm:GetParameter on resource: arn:aws:ssm:us-east-1:{OWNER}:parameter/p"),
        ("rds", "describe_db_instances", {}, "AccessDenied", me + "rds:DescribeDBInstances"),
    ]:
        tried += 1
        try:
            ask(boto3.client(service, **keys), operation, arguments)
            if code:
                failures.append(f"as a role: {service} {operation} was answered")
        except ClientError as error:
            if error.response["Error"]["Code"] != code or words not in str(error):
                failures.append(f"as a role: {service} {operation}: {error}, instead of {words}")


def small_services():
    rows("secretsmanager", [
        ("create_secret", {"Name": "s", "SecretString": "x"}, {"Name": "s", "SecretString": "x"}, "ResourceExistsException"),
        ("describe_secret", {"SecretId": "s"}, {"SecretId": "none"}, "ResourceNotFoundException"),
        ("get_secret_value", {"SecretId": "s"}, {"SecretId": "none"}, "ResourceNotFoundException"),
        ("put_secret_value", {"SecretId": "s", "SecretString": "y"}, {"SecretId": "none", "SecretString": "y"}, "ResourceNotFoundException"),
        ("list_secret_version_ids", {"SecretId": "s"}, {"SecretId": "none"}, "ResourceNotFoundException"),
        ("list_secrets", {}, None, ""),
        ("delete_secret", {"SecretId": "s"}, {"SecretId": "none"}, "ResourceNotFoundException"),
        ("restore_secret", {"SecretId": "s"}, {"SecretId": "none"}, "ResourceNotFoundException"),
    ])
    rows("ssm", [
        ("put_parameter", {"Name": "/p/q", "Value": "v", "Type": "String"}, {"Name": "/p/q", "Value": "v", "Type": "String"}, "ParameterAlreadyExists"),
        ("get_parameter", {"Name": "/p/q"}, {"Name": "none"}, "ParameterNotFound"),
        ("get_parameters", {"Names": ["/p/q", "none"]}, None, ""),
        ("get_parameters_by_path", {"Path": "/p"}, {"Path": "p"}, "ValidationException"),
        ("get_parameter_history", {"Name": "/p/q"}, {"Name": "none"}, "ParameterNotFound"),
        ("describe_parameters", {}, None, ""),
        ("delete_parameter", {"Name": "/p/q"}, {"Name": "none"}, "ParameterNotFound"),
    ])
    rows("cloudwatch", [
        ("put_metric_alarm", {"AlarmName": "a", "MetricName": "m", "Namespace": "n", "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 1, "Period": 60, "Statistic": "Sum"}, None, ""),
        ("describe_alarms", {"AlarmNames": ["a"]}, None, ""),
        ("disable_alarm_actions", {"AlarmNames": ["a"]}, None, ""),
        ("enable_alarm_actions", {"AlarmNames": ["a"]}, None, ""),
        ("set_alarm_state", {"AlarmName": "a", "StateValue": "ALARM", "StateReason": "r"}, {"AlarmName": "none", "StateValue": "ALARM", "StateReason": "r"}, "ResourceNotFound"),
        ("delete_alarms", {"AlarmNames": ["a"]}, None, ""),
    ])
    topic = {"TopicArn": f"arn:aws:sns:us-east-1:{OWNER}:t"}
    none = {"TopicArn": f"arn:aws:sns:us-east-1:{OWNER}:none"}
    rows("sns", [
        ("create_topic", {"Name": "t"}, {"Name": "a b"}, "InvalidParameter"),
        ("get_topic_attributes", topic, none, "NotFound"),
        ("set_topic_attributes", topic | {"AttributeName": "DisplayName", "AttributeValue": "d"}, none | {"AttributeName": "DisplayName", "AttributeValue": "d"}, "NotFound"),
        ("subscribe", topic | {"Protocol": "email", "Endpoint": "a@example.com"}, none | {"Protocol": "email", "Endpoint": "a@example.com"}, "NotFound"),
        ("list_subscriptions_by_topic", topic, none, "NotFound"),
        ("list_subscriptions", {}, None, ""),
        ("publish", topic | {"Message": "m"}, none | {"Message": "m"}, "NotFound"),
        ("list_topics", {}, None, ""),
        ("delete_topic", topic, None, ""),
    ])
    # AWS Backup answers AccessDeniedException for a vault that isn't there, so that nobody learns names.
    rows("backup", [
        ("create_backup_vault", {"BackupVaultName": "vault"}, {"BackupVaultName": "vault"}, "AlreadyExistsException"),
        ("describe_backup_vault", {"BackupVaultName": "vault"}, {"BackupVaultName": "none"}, "AccessDeniedException"),
        ("list_backup_vaults", {}, None, ""),
        ("list_recovery_points_by_backup_vault", {"BackupVaultName": "vault"}, {"BackupVaultName": "none"}, "AccessDeniedException"),
        ("list_backup_jobs", {}, None, ""),
        ("list_backup_plans", {}, None, ""),
        ("delete_backup_vault", {"BackupVaultName": "vault"}, {"BackupVaultName": "none"}, "AccessDeniedException"),
    ])
    refused("backup", "get_backup_plan", {"BackupPlanId": "none"}, "ResourceNotFoundException")
    refused("backup", "describe_backup_job", {"BackupJobId": "none"}, "ResourceNotFoundException")


PLATFORM = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "One": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "us-east-1a"}},
    "Two": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.2.0/24", "AvailabilityZone": "us-east-1b"}},
    "Balancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Subnets": [{"Ref": "One"}, {"Ref": "Two"}]}},
    "Group": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"VpcId": {"Ref": "Vpc"}, "Port": 80, "Protocol": "HTTP"}},
    "Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"LoadBalancerArn": {"Ref": "Balancer"}, "Port": 80, "Protocol": "HTTP", "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Group"}}]}},
    "Database": {"Type": "AWS::RDS::DBInstance", "Properties": {"DBInstanceIdentifier": "db", "Engine": "postgres", "DBInstanceClass": "db.t3.small", "AllocatedStorage": "20", "MasterUsername": "u", "MasterUserPassword": "a-password"}},
}


def platform():
    cloud = boto3.client("cloudformation")
    cloud.create_stack(StackName="platform", TemplateBody=json.dumps({"Resources": PLATFORM}))
    waits("cloudformation", "stack_create_complete", {"StackName": "platform"})
    made = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in cloud.describe_stack_resources(StackName="platform")["StackResources"]}
    balancer, group, listener = made["Balancer"], made["Group"], made["Listener"]
    action = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]
    condition = [{"Field": "path-pattern", "Values": ["/*"]}]
    rule = lambda a: {"RuleArn": a["create_rule"]["Rules"][0]["RuleArn"]}
    no_rule = {"RuleArn": listener.replace(":listener/", ":listener-rule/") + "/none"}
    rows("elbv2", [
        ("describe_load_balancers", {"LoadBalancerArns": [balancer]}, {"LoadBalancerArns": [balancer + "0"]}, "LoadBalancerNotFound"),
        ("describe_load_balancer_attributes", {"LoadBalancerArn": balancer}, {"LoadBalancerArn": balancer + "0"}, "LoadBalancerNotFound"),
        ("describe_listeners", {"LoadBalancerArn": balancer}, {"LoadBalancerArn": balancer + "0"}, "LoadBalancerNotFound"),
        ("create_rule", {"ListenerArn": listener, "Priority": 1, "Conditions": condition, "Actions": action}, {"ListenerArn": listener + "0", "Priority": 2, "Conditions": condition, "Actions": action}, "ListenerNotFound"),
        ("describe_rules", {"ListenerArn": listener}, {"ListenerArn": listener + "0"}, "ListenerNotFound"),
        ("modify_rule", lambda a: rule(a) | {"Actions": action}, no_rule | {"Actions": action}, "RuleNotFound"),
        ("set_rule_priorities", lambda a: {"RulePriorities": [rule(a) | {"Priority": 5}]}, {"RulePriorities": [no_rule | {"Priority": 6}]}, "RuleNotFound"),
        ("add_tags", {"ResourceArns": [balancer], "Tags": [{"Key": "k", "Value": "v"}]}, {"ResourceArns": [balancer + "0"], "Tags": [{"Key": "k", "Value": "v"}]}, "LoadBalancerNotFound"),
        ("describe_tags", {"ResourceArns": [balancer]}, {"ResourceArns": [balancer + "0"]}, "LoadBalancerNotFound"),
        ("remove_tags", {"ResourceArns": [balancer], "TagKeys": ["k"]}, {"ResourceArns": [balancer + "0"], "TagKeys": ["k"]}, "LoadBalancerNotFound"),
        ("delete_rule", rule, no_rule, "RuleNotFound"),
        ("describe_target_groups", {"TargetGroupArns": [group]}, {"TargetGroupArns": [group + "0"]}, "TargetGroupNotFound"),
        ("describe_target_health", {"TargetGroupArn": group}, {"TargetGroupArn": group + "0"}, "TargetGroupNotFound"),
    ])
    waits("elbv2", "load_balancer_available", {"LoadBalancerArns": [balancer]})
    waits("elbv2", "load_balancer_exists", {"LoadBalancerArns": [balancer]})
    db, none = {"DBInstanceIdentifier": "db"}, {"DBInstanceIdentifier": "none"}
    waits("rds", "db_instance_available", db)
    snapshot = {"DBSnapshotIdentifier": "snap"}
    rows("rds", [
        ("describe_db_instances", db, none, "DBInstanceNotFound"),
        ("modify_db_instance", db | {"AllocatedStorage": 30, "ApplyImmediately": True}, none | {"AllocatedStorage": 30}, "DBInstanceNotFound"),
    ])
    waits("rds", "db_instance_available", db)
    # AWS Backup takes the database into a vault.
    arn = f"arn:aws:rds:us-east-1:{OWNER}:db:db"
    role = {"IamRoleArn": f"arn:aws:iam::{OWNER}:role/backups"}
    job = lambda a: {"BackupJobId": a["start_backup_job"]["BackupJobId"]}
    rows("backup", [
        ("create_backup_vault", {"BackupVaultName": "databases"}, {"BackupVaultName": "databases"}, "AlreadyExistsException"),
        ("start_backup_job", {"BackupVaultName": "databases", "ResourceArn": arn} | role, {"BackupVaultName": "none", "ResourceArn": arn} | role, "ResourceNotFoundException"),
        ("describe_backup_job", job, {"BackupJobId": "none"}, "ResourceNotFoundException"),
        ("list_backup_jobs", {"ByResourceArn": arn}, None, ""),
        ("list_recovery_points_by_backup_vault", {"BackupVaultName": "databases"}, {"BackupVaultName": "none"}, "AccessDeniedException"),
    ])
    rows("rds", [("create_db_snapshot", db | snapshot, none | {"DBSnapshotIdentifier": "other"}, "DBInstanceNotFound")])
    waits("rds", "db_snapshot_available", snapshot)
    waits("rds", "db_snapshot_completed", snapshot)
    rows("rds", [
        ("describe_db_snapshots", snapshot, {"DBSnapshotIdentifier": "none"}, "DBSnapshotNotFound"),
        ("delete_db_snapshot", snapshot, {"DBSnapshotIdentifier": "none"}, "DBSnapshotNotFound"),
        ("list_tags_for_resource", {"ResourceName": f"arn:aws:rds:us-east-1:{OWNER}:db:db"}, {"ResourceName": f"arn:aws:rds:us-east-1:{OWNER}:db:none"}, "DBInstanceNotFound"),
        ("delete_db_instance", db | {"SkipFinalSnapshot": True}, none | {"SkipFinalSnapshot": True}, "DBInstanceNotFound"),
    ])
    waits("rds", "db_instance_deleted", db)
    waits("rds", "db_snapshot_deleted", snapshot)


def machines():
    answers = rows("ec2", [
        ("describe_regions", {}, None, ""),
        ("describe_availability_zones", {}, None, ""),
        ("describe_vpcs", {}, {"VpcIds": ["vpc-0123456789abcdef0"]}, "InvalidVpcID.NotFound"),
        ("describe_subnets", {}, {"SubnetIds": ["subnet-0123456789abcdef0"]}, "InvalidSubnetID.NotFound"),
        ("describe_security_groups", {}, {"GroupIds": ["sg-0123456789abcdef0"]}, "InvalidGroup.NotFound"),
        ("create_launch_template", {"LaunchTemplateName": "template", "LaunchTemplateData": {"ImageId": "ami-0123456789abcdef0", "InstanceType": "t3.micro"}}, {"LaunchTemplateName": "template", "LaunchTemplateData": {}}, "InvalidLaunchTemplateName.AlreadyExistsException"),
        ("create_launch_template_version", {"LaunchTemplateName": "template", "LaunchTemplateData": {"InstanceType": "t3.small"}}, {"LaunchTemplateName": "none", "LaunchTemplateData": {}}, "InvalidLaunchTemplateName.NotFoundException"),
        ("describe_launch_templates", {"LaunchTemplateNames": ["template"]}, {"LaunchTemplateNames": ["none"]}, "InvalidLaunchTemplateName.NotFoundException"),
        ("describe_launch_template_versions", {"LaunchTemplateName": "template"}, {"LaunchTemplateName": "none"}, "InvalidLaunchTemplateName.NotFoundException"),
        ("run_instances", {"ImageId": "ami-0123456789abcdef0", "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}, None, ""),
    ])
    instance = answers["run_instances"]["Instances"][0]["InstanceId"]
    ids, none = {"InstanceIds": [instance]}, {"InstanceIds": ["i-0123456789abcdef0"]}
    waits("ec2", "instance_exists", ids)
    waits("ec2", "instance_running", ids)
    waits("ec2", "instance_running", none, ends=False)
    volumes = boto3.client("ec2").describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])["Volumes"]
    rows("ec2", [
        ("describe_instances", ids, none, "InvalidInstanceID.NotFound"),
        ("create_tags", {"Resources": [instance], "Tags": [{"Key": "k", "Value": "v"}]}, {"Resources": ["i-0123456789abcdef0"], "Tags": [{"Key": "k", "Value": "v"}]}, "InvalidInstanceID.NotFound"),
        ("describe_tags", {}, None, ""),
        ("delete_tags", {"Resources": [instance], "Tags": [{"Key": "k"}]}, None, ""),
        ("describe_volumes", {}, {"VolumeIds": ["vol-0123456789abcdef0"]}, "InvalidVolume.NotFound"),
        ("create_snapshot", {"VolumeId": volumes[0]["VolumeId"]}, {"VolumeId": "vol-0123456789abcdef0"}, "InvalidVolume.NotFound"),
        ("describe_snapshots", {}, {"SnapshotIds": ["snap-0123456789abcdef0"]}, "InvalidSnapshot.NotFound"),
    ])
    snapshots = boto3.client("ec2").describe_snapshots()["Snapshots"]
    waits("ec2", "snapshot_completed", {"SnapshotIds": [snapshots[0]["SnapshotId"]]})
    rows("ec2", [
        ("delete_snapshot", {"SnapshotId": snapshots[0]["SnapshotId"]}, {"SnapshotId": "snap-0123456789abcdef0"}, "InvalidSnapshot.NotFound"),
        ("terminate_instances", ids, none, "InvalidInstanceID.NotFound"),
    ])
    waits("ec2", "instance_terminated", ids)
    g, none = {"AutoScalingGroupName": "g"}, {"AutoScalingGroupName": "none"}
    size = {"MinSize": 0, "MaxSize": 2, "DesiredCapacity": 1}
    bad = "ValidationError"
    rows("autoscaling", [
        ("create_auto_scaling_group", g | size | {"LaunchTemplate": {"LaunchTemplateName": "template"}, "AvailabilityZones": ["us-east-1a"]}, g | size | {"LaunchTemplate": {"LaunchTemplateName": "template"}, "AvailabilityZones": ["us-east-1a"]}, "AlreadyExists"),
        ("describe_auto_scaling_groups", {"AutoScalingGroupNames": ["g", "none"]}, None, ""),
        ("describe_auto_scaling_instances", {}, None, ""),
        ("describe_lifecycle_hooks", g, none, bad),
        ("describe_scaling_activities", g, None, ""),
        ("update_auto_scaling_group", g | {"MaxSize": 3}, none | {"MaxSize": 3}, bad),
        ("set_desired_capacity", g | {"DesiredCapacity": 2}, none | {"DesiredCapacity": 2}, bad),
        ("suspend_processes", g | {"ScalingProcesses": ["Launch"]}, none | {"ScalingProcesses": ["Launch"]}, bad),
        ("resume_processes", g, none, bad),
        ("put_warm_pool", g | {"MinSize": 0}, none | {"MinSize": 0}, bad),
        ("describe_warm_pool", g, none, bad),
        ("delete_warm_pool", g | {"ForceDelete": True}, none, bad),
    ])
    members = boto3.client("autoscaling").describe_auto_scaling_instances()["AutoScalingInstances"]
    member = members[0]["InstanceId"]
    rows("autoscaling", [
        ("set_instance_protection", g | {"InstanceIds": [member], "ProtectedFromScaleIn": True}, g | {"InstanceIds": ["i-0123456789abcdef0"], "ProtectedFromScaleIn": True}, bad),
        ("terminate_instance_in_auto_scaling_group", {"InstanceId": member, "ShouldDecrementDesiredCapacity": True}, {"InstanceId": "i-0123456789abcdef0", "ShouldDecrementDesiredCapacity": True}, bad),
        ("delete_auto_scaling_group", g | {"ForceDelete": True}, none, bad),
    ])
    bad = "ClientException"
    environment = {"type": "EC2", "minvCpus": 0, "maxvCpus": 4, "subnets": ["subnet-0123456789abcdef0"], "instanceTypes": ["optimal"], "instanceRole": "r", "securityGroupIds": ["sg-0123456789abcdef0"]}
    container = {"image": "busybox", "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}]}
    job = lambda a: {"jobId": a["submit_job"]["jobId"], "reason": "r"}
    rows("batch", [
        ("create_compute_environment", {"computeEnvironmentName": "e", "type": "MANAGED", "computeResources": environment}, {"computeEnvironmentName": "e", "type": "MANAGED", "computeResources": environment}, bad),
        ("describe_compute_environments", {}, None, ""),
        ("create_job_queue", {"jobQueueName": "q", "priority": 1, "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "e"}]}, {"jobQueueName": "q2", "priority": 1, "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "none"}]}, bad),
        ("describe_job_queues", {"jobQueues": ["q"]}, None, ""),
        ("register_job_definition", {"jobDefinitionName": "d", "type": "container", "containerProperties": container}, {"jobDefinitionName": "a b", "type": "container", "containerProperties": container}, bad),
        ("describe_job_definitions", {}, None, ""),
        ("submit_job", {"jobName": "j", "jobQueue": "q", "jobDefinition": "d"}, {"jobName": "j", "jobQueue": "none", "jobDefinition": "d"}, bad),
        ("list_jobs", {"jobQueue": "q"}, {"jobQueue": "none"}, bad),
        ("describe_jobs", lambda a: {"jobs": [a["submit_job"]["jobId"]]}, None, ""),
        ("cancel_job", job, None, ""),
        ("terminate_job", job, None, ""),
        ("update_job_queue", {"jobQueue": "q", "state": "DISABLED"}, {"jobQueue": "none", "state": "DISABLED"}, bad),
        ("update_compute_environment", {"computeEnvironment": "e", "state": "DISABLED"}, {"computeEnvironment": "none", "state": "DISABLED"}, bad),
        ("deregister_job_definition", {"jobDefinition": "d:1"}, None, ""),
        ("delete_job_queue", {"jobQueue": "q"}, None, ""),
    ])


def containers():
    c, s, none = {"cluster": "c"}, {"cluster": "c", "service": "s"}, {"cluster": "c", "service": "none"}
    bad, client, gone = "InvalidParameterException", "ClientException", "ServiceNotFoundException"
    container = {"name": "a", "image": "i", "memory": 128}
    service = c | {"serviceName": "s", "taskDefinition": "web", "desiredCount": 2}
    arn = f"arn:aws:ecs:us-east-1:{OWNER}:service/c/s"
    rows("ecs", [
        ("create_cluster", {"clusterName": "c"}, {"clusterName": "a b"}, bad),
        ("describe_clusters", {"clusters": ["c", "none"]}, None, ""),
        ("list_clusters", {}, {"maxResults": 101}, bad),
        ("register_task_definition", {"family": "web", "containerDefinitions": [container]}, {"family": "web", "containerDefinitions": []}, client),
        ("describe_task_definition", {"taskDefinition": "web:1", "include": ["TAGS"]}, {"taskDefinition": "none"}, client),
        ("list_task_definitions", {"familyPrefix": "web"}, {"status": "none"}, bad),
        ("create_service", service, service | {"taskDefinition": "none", "serviceName": "t"}, client),
    ])
    waits("ecs", "services_stable", c | {"services": ["s"]})
    waits("ecs", "services_stable", c | {"services": ["none"]}, ends=False)
    answers = rows("ecs", [
        ("describe_services", c | {"services": ["s", "none"], "include": ["TAGS"]}, {"cluster": "none", "services": ["s"]}, "ClusterNotFoundException"),
        ("list_services", c, {"cluster": "none"}, "ClusterNotFoundException"),
        ("list_tasks", c | {"serviceName": "s"}, c | {"serviceName": "none"}, gone),
        ("describe_tasks", lambda a: c | {"tasks": a["list_tasks"]["taskArns"]}, c | {"tasks": []}, bad),
        ("stop_task", lambda a: c | {"task": a["list_tasks"]["taskArns"][0], "reason": "r"}, c | {"task": "none"}, bad),
        ("run_task", c | {"taskDefinition": "web"}, c | {"taskDefinition": "none"}, client),
        ("tag_resource", {"resourceArn": arn, "tags": [{"key": "k", "value": "v"}]}, {"resourceArn": arn + "0", "tags": []}, "ResourceNotFoundException"),
        ("list_tags_for_resource", {"resourceArn": arn}, {"resourceArn": arn + "0"}, "ResourceNotFoundException"),
        ("untag_resource", {"resourceArn": arn, "tagKeys": ["k"]}, {"resourceArn": arn + "0", "tagKeys": ["k"]}, "ResourceNotFoundException"),
        ("update_service", s | {"desiredCount": 0}, none | {"desiredCount": 0}, gone),
    ])
    refused("ecs", "update_service", {"service": arn, "desiredCount": 1}, "ClusterNotFoundException")
    refused("ecs", "describe_services", c | {"services": [str(number) for number in range(11)]}, bad)
    waits("ecs", "services_stable", c | {"services": ["s"]})
    run = answers["run_task"]["tasks"][0]["taskArn"]
    waits("ecs", "tasks_running", c | {"tasks": [run]})
    refused("ecs", "delete_cluster", c, "ClusterContainsServicesException")
    rows("ecs", [
        ("delete_service", s, none, gone),
        ("stop_task", c | {"task": run}, None, ""),
        ("deregister_task_definition", {"taskDefinition": "web:1"}, {"taskDefinition": "none:1"}, client),
    ])
    waits("ecs", "tasks_stopped", c | {"tasks": [run]})
    waits("ecs", "services_inactive", c | {"services": ["s"]})
    rows("ecs", [("delete_cluster", c, {"cluster": "none"}, "ClusterNotFoundException")])


for step in [cloudformation, tokens, rollbacks, identity, small_services, platform, machines, containers]:
    try:
        step()
    except Exception as error:  # one step's surprise shouldn't hide what the others find
        failures.append(f"{step.__name__}: {type(error).__name__}: {error}")
print(f"{tried - len(failures)} of {tried} operations")
print("\n".join(failures))
sys.exit(bool(failures))
