//! Bad input over the wire: valid requests of every protocol, mutated by a seeded generator and signed as they then
//! are (some of them badly). Every answer is AWS-shaped: 2xx, or 4xx with a code; the one 5xx that AWS gives to a
//! client's fault is S3's 501. Nothing panics, and the world answers afterwards.

#[expect(dead_code, reason = "the cloud made here has a configuration of its own")]
mod common;

use bytes::Bytes;
use common::{START, Signing, keys, query, text};
use http::{Method, Request, Response};
use localcloud::{Clock, Config, LocalCloud, Speed};

/// Requests of one run.
const ROUNDS: usize = 6_000;

/// SplitMix64: the same seed gives the same requests.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).expect("a length")).expect("below a length")
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// A request that is understood: signing name, method, path and query, headers, body.
struct Sample {
    service: &'static str,
    method: Method,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: String,
}

const TEMPLATE: &str = "Resources:\n  P:\n    Type: AWS::SSM::Parameter\n    Properties: {Type: String, Value: !Sub 'a${AWS::Region}'}\n";

/// What YAML and JSON can do to a reader.
const TEMPLATES: [&str; 16] = [
    "",
    "\u{feff}",
    "a: &a [*a, *a]\nResources: *a",
    "a: &a {b: &b {c: &c [1,1,1,1,1,1,1,1]}}\nResources: {<<: *a, <<: *b}",
    "Resources: !!binary aGk=",
    "Resources: {P: {Type: !GetAtt [], Properties: !Ref {}}}",
    "Resources: {P: {Type: 'AWS::SSM::Parameter', Properties: {Value: !Select [99999999999999999999, [a]]}}}",
    "Resources: {P: {Type: 'AWS::SSM::Parameter', DependsOn: P}}",
    "Resources: {P: {Type: 'AWS::SSM::Parameter', Condition: C}}\nConditions: {C: !Not [!Condition C]}",
    "Parameters: {P: {Type: Number, Default: 1e400}}\nResources: {}",
    "Mappings: {M: {a: {b: {c: d}}}}\nResources: {P: {Type: T}}",
    "Resources: {? [a] : b}",
    "--- \n...\n---\n",
    "{\"Resources\": {\"P\": {\"Type\": \"AWS::EC2::Instance\", \"Properties\": {\"Fn::Transform\": []}}}}",
    "Transform: [1, {Name: 'AWS::Include'}]\nResources: {P: {Type: 'AWS::SSM::Parameter'}}",
    "Resources: {P: {Type: 'AWS::SSM::Parameter', Properties: {Value: '{{resolve:ssm:}}', Type: '{{resolve:'}}}",
];

/// What is put in somewhere.
const TOKENS: [&str; 24] = [
    "\0",
    "%00",
    "%",
    "%ff",
    "&",
    "&&=",
    "=",
    ".member.0=",
    ".member.18446744073709551615=x",
    "\u{202e}",
    "[[[[[[[[[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
    "-1",
    "99999999999999999999999999",
    "1e999",
    "null",
    "true",
    "<x>",
    "]]>",
    "&amp;",
    "${AWS::AccountId}",
    "{{resolve:secretsmanager:none}}",
    "arn:aws:",
    "'\"",
];

fn form(fields: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    form.finish()
}

/// `Action=…` requests: service, action, parameters.
const QUERIES: [(&str, &str); 65] = [
    (
        "cloudformation",
        "CreateStack&StackName=x&TemplateBody=T&Parameters.member.1.ParameterKey=A&Parameters.member.1.ParameterValue=B&Tags.member.1.Key=k&Tags.member.1.Value=v",
    ),
    ("cloudformation", "UpdateStack&StackName=s&TemplateBody=T&ClientRequestToken=t"),
    ("cloudformation", "CreateChangeSet&StackName=s&ChangeSetName=c&TemplateBody=T&ChangeSetType=UPDATE"),
    (
        "cloudformation",
        "CreateChangeSet&StackName=s&ChangeSetName=c&TemplateURL=https%3A%2F%2Fb.s3.amazonaws.com%2Fk",
    ),
    ("cloudformation", "DescribeChangeSet&StackName=s&ChangeSetName=c&IncludePropertyValues=true"),
    ("cloudformation", "DescribeChangeSetHooks&StackName=s&ChangeSetName=c&LogicalResourceId=P"),
    ("cloudformation", "GetHookResult&HookResultId=00000000-0000-0000-0000-000000000000"),
    ("cloudformation", "ListHookResults&TargetType=CHANGE_SET&TargetId=c"),
    ("cloudformation", "ExecuteChangeSet&StackName=s&ChangeSetName=c"),
    ("cloudformation", "DeleteChangeSet&StackName=s&ChangeSetName=c"),
    ("cloudformation", "ListChangeSets&StackName=s"),
    ("cloudformation", "DescribeStacks&StackName=s&NextToken=1"),
    ("cloudformation", "ListStacks&StackStatusFilter.member.1=CREATE_COMPLETE"),
    ("cloudformation", "DescribeStackEvents&StackName=s"),
    ("cloudformation", "DescribeEvents&StackName=s"),
    ("cloudformation", "DescribeStackResource&StackName=s&LogicalResourceId=P"),
    ("cloudformation", "ListStackResources&StackName=s"),
    ("cloudformation", "GetTemplateSummary&TemplateBody=T"),
    ("cloudformation", "ValidateTemplate&TemplateBody=T"),
    ("cloudformation", "SetStackPolicy&StackName=s&StackPolicyBody=%7B%22Statement%22%3A%5B%5D%7D"),
    ("cloudformation", "ContinueUpdateRollback&StackName=s&ResourcesToSkip.member.1=P"),
    ("cloudformation", "RollbackStack&StackName=s"),
    ("cloudformation", "SignalResource&StackName=s&LogicalResourceId=P&UniqueId=1&Status=SUCCESS"),
    ("cloudformation", "DetectStackDrift&StackName=s"),
    ("cloudformation", "DescribeStackResourceDrifts&StackName=s"),
    ("cloudformation", "ListImports&ExportName=e"),
    ("cloudformation", "DeleteStack&StackName=x&RetainResources.member.1=P"),
    (
        "autoscaling",
        "CreateAutoScalingGroup&AutoScalingGroupName=g&MinSize=0&MaxSize=1&LaunchTemplate.LaunchTemplateName=t",
    ),
    ("autoscaling", "UpdateAutoScalingGroup&AutoScalingGroupName=g&MaxSize=2"),
    ("autoscaling", "DescribeAutoScalingGroups&AutoScalingGroupNames.member.1=g&MaxRecords=1"),
    ("autoscaling", "SetDesiredCapacity&AutoScalingGroupName=g&DesiredCapacity=1"),
    ("autoscaling", "PutWarmPool&AutoScalingGroupName=g&MinSize=1"),
    ("autoscaling", "DescribeScheduledActions&AutoScalingGroupName=g"),
    (
        "autoscaling",
        "PutScheduledUpdateGroupAction&AutoScalingGroupName=g&ScheduledActionName=a&Recurrence=0%200%20%2A%20%2A%20%2A&MinSize=1",
    ),
    (
        "autoscaling",
        "SetInstanceProtection&AutoScalingGroupName=g&InstanceIds.member.1=i-1&ProtectedFromScaleIn=true",
    ),
    (
        "autoscaling",
        "CompleteLifecycleAction&AutoScalingGroupName=g&LifecycleHookName=h&LifecycleActionResult=CONTINUE&InstanceId=i-1",
    ),
    ("autoscaling", "DescribeScalingActivities&AutoScalingGroupName=g"),
    ("elasticloadbalancing", "DescribeLoadBalancers&PageSize=1"),
    ("elasticloadbalancing", "DescribeRules&ListenerArn=arn%3Aaws%3Ax"),
    (
        "elasticloadbalancing",
        "CreateRule&ListenerArn=a&Priority=1&Conditions.member.1.Field=path-pattern&Conditions.member.1.Values.member.1=x&Actions.member.1.Type=forward",
    ),
    (
        "elasticloadbalancing",
        "SetRulePriorities&RulePriorities.member.1.RuleArn=a&RulePriorities.member.1.Priority=1",
    ),
    ("ec2", "DescribeInstances&Filter.1.Name=tag%3Aa&Filter.1.Value.1=b&MaxResults=5"),
    ("ec2", "RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1"),
    ("ec2", "CreateLaunchTemplate&LaunchTemplateName=t&LaunchTemplateData.ImageId=ami-1"),
    ("ec2", "DescribeLaunchTemplateVersions&LaunchTemplateName=t&LaunchTemplateVersion.1=1"),
    ("ec2", "CreateTags&ResourceId.1=i-1&Tag.1.Key=k&Tag.1.Value=v"),
    ("ec2", "DescribeVolumes&VolumeId.1=vol-1"),
    ("ec2", "CreateSnapshot&VolumeId=vol-1"),
    ("rds", "DescribeDBInstances&Filters.Filter.1.Name=engine&Filters.Filter.1.Values.Value.1=postgres"),
    ("rds", "ModifyDBInstance&DBInstanceIdentifier=d&AllocatedStorage=20"),
    ("rds", "CreateDBSnapshot&DBInstanceIdentifier=d&DBSnapshotIdentifier=x"),
    ("monitoring", "DescribeAlarms&AlarmNames.member.1=a"),
    (
        "monitoring",
        "PutMetricAlarm&AlarmName=a&MetricName=m&Namespace=n&ComparisonOperator=GreaterThanThreshold&EvaluationPeriods=1&Threshold=1",
    ),
    ("iam", "CreateRole&RoleName=r&AssumeRolePolicyDocument=%7B%22Statement%22%3A%5B%5D%7D"),
    (
        "iam",
        "PutRolePolicy&RoleName=r&PolicyName=p&PolicyDocument=%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22*%22%2C%22Resource%22%3A%22*%22%7D%5D%7D",
    ),
    (
        "iam",
        "SimulatePrincipalPolicy&PolicySourceArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fr&ActionNames.member.1=s3%3AGetObject",
    ),
    (
        "iam",
        "SimulateCustomPolicy&PolicyInputList.member.1=%7B%22Statement%22%3A%5B%5D%7D&ActionNames.member.1=s3%3AGetObject&ContextEntries.member.1.ContextKeyName=a",
    ),
    ("iam", "ListRoles&MaxItems=1"),
    (
        "sts",
        "AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fr&RoleSessionName=me&DurationSeconds=900",
    ),
    ("sts", "GetCallerIdentity"),
    ("sns", "CreateTopic&Name=t&Tags.member.1.Key=k&Tags.member.1.Value=v"),
    ("sns", "Publish&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3At&Message=m"),
    ("sns", "Subscribe&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3At&Protocol=email&Endpoint=a"),
    (
        "sns",
        "SetTopicAttributes&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3At&AttributeName=DisplayName&AttributeValue=x",
    ),
    ("cloudformation", "Nonsense&StackName=s"),
];

const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded")];
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// Every other protocol's: signing name, method, path, headers, body.
fn others() -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut add = |service, method: Method, path, headers, body: &str| {
        samples.push(Sample { service, method, path, headers, body: body.to_owned() });
    };
    for (path, body) in [
        (
            "/v1/createcomputeenvironment",
            r#"{"computeEnvironmentName":"e","type":"MANAGED","computeResources":{"type":"EC2","maxvCpus":4,"subnets":["s"]}}"#,
        ),
        (
            "/v1/createjobqueue",
            r#"{"jobQueueName":"q","priority":1,"computeEnvironmentOrder":[{"order":1,"computeEnvironment":"e"}]}"#,
        ),
        (
            "/v1/registerjobdefinition",
            r#"{"jobDefinitionName":"d","type":"container","containerProperties":{"image":"x","vcpus":1,"memory":1}}"#,
        ),
        (
            "/v1/submitjob",
            r#"{"jobName":"j","jobQueue":"q","jobDefinition":"d","arrayProperties":{"size":2}}"#,
        ),
        ("/v1/listjobs", r#"{"jobQueue":"q","jobStatus":"RUNNABLE","maxResults":1}"#),
        ("/v1/describejobs", r#"{"jobs":["j"]}"#),
        ("/v1/updatejobqueue", r#"{"jobQueue":"q","state":"DISABLED"}"#),
    ] {
        add("batch", Method::POST, path, JSON, body);
    }
    add("backup", Method::PUT, "/backup-vaults/v", JSON, r#"{"BackupVaultTags":{"a":"b"}}"#);
    add("backup", Method::GET, "/backup-jobs/?maxResults=1", JSON, "");
    add(
        "backup",
        Method::PUT,
        "/backup-jobs",
        JSON,
        r#"{"BackupVaultName":"v","ResourceArn":"arn:aws:rds:x","IamRoleArn":"r"}"#,
    );
    for (service, target, body) in [
        ("ssm", &[("x-amz-target", "AmazonSSM.PutParameter")], r#"{"Name":"p","Value":"v","Type":"String"}"#),
        (
            "ssm",
            &[("x-amz-target", "AmazonSSM.GetParametersByPath")],
            r#"{"Path":"/","Recursive":true,"MaxResults":1}"#,
        ),
        (
            "ssm",
            &[("x-amz-target", "AmazonSSM.DescribeParameters")],
            r#"{"ParameterFilters":[{"Key":"Name","Values":["p"]}]}"#,
        ),
        (
            "secretsmanager",
            &[("x-amz-target", "secretsmanager.CreateSecret")],
            r#"{"Name":"s","SecretString":"x"}"#,
        ),
        (
            "secretsmanager",
            &[("x-amz-target", "secretsmanager.GetSecretValue")],
            r#"{"SecretId":"s","VersionStage":"AWSCURRENT"}"#,
        ),
        (
            "secretsmanager",
            &[("x-amz-target", "secretsmanager.DeleteSecret")],
            r#"{"SecretId":"s","RecoveryWindowInDays":7}"#,
        ),
        (
            "monitoring",
            &[("x-amz-target", "GraniteServiceVersion20100801.DescribeAlarms")],
            r#"{"AlarmNames":["a"]}"#,
        ),
    ] {
        add(service, Method::POST, "/", target, body);
    }
    let cbor: &[(&str, &str)] = &[("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")];
    add(
        "monitoring",
        Method::POST,
        "/service/GraniteServiceVersion20100801/operation/DescribeAlarms",
        cbor,
        "\u{bf}jAlarmNames",
    );
    let parts = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"x\"</ETag></Part></CompleteMultipartUpload>";
    for (method, path, body) in [
        (
            Method::PUT,
            "/bucket",
            "<CreateBucketConfiguration><LocationConstraint>us-east-1</LocationConstraint></CreateBucketConfiguration>",
        ),
        (Method::PUT, "/bucket/key", "hello"),
        (Method::GET, "/bucket/key?versionId=null&partNumber=1", ""),
        (Method::HEAD, "/bucket/key", ""),
        (Method::GET, "/bucket?list-type=2&max-keys=1&prefix=a&delimiter=/&encoding-type=url", ""),
        (Method::GET, "/bucket?versions&key-marker=a", ""),
        (Method::POST, "/bucket?delete", "<Delete><Object><Key>key</Key></Object></Delete>"),
        (
            Method::PUT,
            "/bucket?versioning",
            "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
        ),
        (
            Method::PUT,
            "/bucket?tagging",
            "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>",
        ),
        (
            Method::PUT,
            "/bucket?encryption",
            "<ServerSideEncryptionConfiguration><Rule/></ServerSideEncryptionConfiguration>",
        ),
        (Method::POST, "/bucket/key?uploads", ""),
        (Method::POST, "/bucket/key?uploadId=x", parts),
        (Method::PUT, "/bucket/key?partNumber=1&uploadId=x", "part"),
        (Method::DELETE, "/bucket/key", ""),
    ] {
        add("s3", method, path, &[], body);
    }
    samples
}

fn samples() -> Vec<Sample> {
    let mut samples: Vec<Sample> = QUERIES
        .iter()
        .map(|(service, fields)| {
            let body = format!("Version=2010-05-15&Action={fields}");
            let template = form(&[("", TEMPLATE)]);
            let body = body.replace("TemplateBody=T", &format!("TemplateBody{template}"));
            Sample { service, method: Method::POST, path: "/", headers: FORM, body }
        })
        .collect();
    samples.extend(others());
    samples
}

fn mutated(chance: &mut Chance, sample: &Sample) -> Vec<u8> {
    let mut body = sample.body.clone().into_bytes();
    for _ in 0..chance.below(4) {
        let at = chance.below(body.len() + 1);
        match chance.below(7) {
            0 => body.truncate(at),
            1 if at < body.len() => body[at] ^= 1 << chance.below(8),
            2 if at < body.len() => drop(body.remove(at)),
            3 => {
                let end = at + chance.below(body.len() - at + 1);
                let part = body[at..end].to_vec();
                body.splice(at..at, part);
            }
            4 if sample.body.contains("TemplateBody=") => {
                let template = form(&[("TemplateBody", *chance.of(&TEMPLATES))]);
                let text = String::from_utf8_lossy(&body).into_owned();
                body = text.split("TemplateBody=").next().unwrap_or_default().as_bytes().to_vec();
                body.extend(template.bytes());
            }
            5 => {
                let value =
                    body.iter().position(|byte| matches!(byte, b'=' | b':')).map_or(at, |place| place + 1);
                body.truncate(value);
                body.extend(chance.of(&TOKENS).bytes());
            }
            _ => {
                let token = chance.of(&TOKENS).as_bytes().to_vec();
                body.splice(at..at, token);
            }
        }
    }
    body
}

/// Why an answer isn't one that AWS could give.
fn fault(method: &Method, response: &Response<Bytes>) -> Option<String> {
    let status = response.status().as_u16();
    let body = text(response);
    let is_understood = match status {
        200..=299 | 304 => return None,
        501 => body.contains("<Code>NotImplemented</Code>"),
        400..=499 if method == Method::HEAD => true,
        400..=499 => {
            body.contains("<Code>")
                || body.contains("__type")
                || response.headers().contains_key("x-amzn-errortype")
        }
        _ => false,
    };
    (!is_understood).then(|| format!("{status} {body}"))
}

#[test]
fn whatever_comes_is_answered_as_aws_would() {
    let config = Config { speed: Speed::Instant, throttling: false, ..Config::default() };
    let cloud = LocalCloud::in_memory(config, Clock::starting_at(START), keys());
    let ask = |sample: &Sample, body: Vec<u8>, is_signed_well: bool| {
        let mut request =
            Request::builder().method(sample.method.clone()).uri(format!("http://localhost{}", sample.path));
        for (name, value) in sample.headers {
            request = request.header(*name, *value);
        }
        let mut signing = Signing::of(sample.service);
        if !is_signed_well {
            signing.keys.secret_access_key.push('!');
        }
        let request = signing.sign(request.body(Bytes::from(body)).expect("a request"));
        let shown = format!("{} {} {:?}", request.method(), request.uri(), request.body());
        let response = cloud.call(request);
        (shown, response)
    };
    let samples = samples();
    for sample in &samples {
        let (shown, response) = ask(sample, sample.body.clone().into_bytes(), true);
        assert_eq!(fault(&sample.method, &response), None, "{} {shown}", sample.service);
    }
    let (mut chance, mut answered, mut badly_signed) = (Chance(20_260_131), [0_usize; 6], 0);
    for _ in 0..ROUNDS {
        let sample = chance.of(&samples);
        let body = mutated(&mut chance, sample);
        let is_signed_well = chance.below(20) > 0;
        let (shown, response) = ask(sample, body, is_signed_well);
        assert_eq!(fault(&sample.method, &response), None, "{} {shown}", sample.service);
        answered[usize::from(response.status().as_u16() / 100)] += 1;
        if !is_signed_well {
            badly_signed += 1;
            assert_eq!(response.status(), 403, "{shown}");
        }
    }
    for template in TEMPLATES {
        for action in ["ValidateTemplate", "GetTemplateSummary", "CreateStack"] {
            let body = form(&[("Action", action), ("StackName", "y"), ("TemplateBody", template)]);
            let response = cloud.call(Signing::of("cloudformation").sign(query(&body)));
            assert_eq!(fault(&Method::POST, &response), None, "{action} {template:?}");
        }
    }
    let request = query("Action=GetCallerIdentity&Version=2011-06-15");
    let after = cloud.call(Signing::of("sts").sign(request));
    assert_eq!(after.status(), 200, "the world answers still: {}", text(&after));
    println!(
        "hostile requests: {} samples, {ROUNDS} mutated, {badly_signed} of them badly signed; {} well answered, {} refused",
        samples.len(),
        answered[2],
        answered[4] + answered[5]
    );
}
