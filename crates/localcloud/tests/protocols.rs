//! How each service's answers are written: EC2's own Query, RDS's named lists, CloudWatch's three protocols.

mod common;

use bytes::Bytes;
use common::{Signing, cloud, query, text};
use http::{Request, Response};
use localcloud::LocalCloud;
use localcloud::wire::cbor;
use serde_json::{Value, json};

const EC2: &str = "Version=2016-11-15&Action=";
const RDS: &str = "Version=2014-10-31&Action=";
const ALARM: &str = "Version=2010-08-01&Action=PutMetricAlarm&AlarmName=a&ComparisonOperator=GreaterThanThreshold\
                     &EvaluationPeriods=2&Threshold=1.5&Dimensions.member.1.Name=n&Dimensions.member.1.Value=v";

fn check(cloud: &LocalCloud, service: &'static str, form: &str, status: u16, parts: &[&str]) {
    let response = cloud.call(Signing::of(service).sign(query(form)));
    let body = text(&response);
    assert_eq!(response.status(), status, "{form}: {body}");
    for part in parts {
        assert!(body.contains(part), "{form}: {body} lacks {part}");
    }
}

#[test]
fn ec2_writes_its_lists_as_items_and_its_results_at_the_top() {
    let cloud = cloud();
    check(
        &cloud,
        "ec2",
        &format!(
            "{EC2}RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1&TagSpecification.1.ResourceType=instance\
             &TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=web"
        ),
        200,
        &[
            "<RunInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>",
            "</requestId><reservationId>r-",
            "<instancesSet><item><instanceId>i-",
            "<instanceState><code>0</code><name>pending</name></instanceState>",
            "<tagSet><item><key>Name</key><value>web</value></item></tagSet>",
        ],
    );
    check(
        &cloud,
        "ec2",
        &format!("{EC2}DescribeInstances&Filter.1.Name=tag%3AName&Filter.1.Value.1=no&Filter.1.Value.2=w%2A"),
        200,
        &["<reservationSet><item><reservationId>"],
    );
    check(
        &cloud,
        "ec2",
        &format!("{EC2}DescribeInstances&InstanceId.1=i-0"),
        400,
        &["<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code>\
             <Message>The instance ID &apos;i-0&apos; does not exist</Message></Error></Errors><RequestID>"
            .replace("&apos;", "'")
            .as_str()],
    );
    let unsigned = cloud.call(query(&format!("{EC2}DescribeInstances")));
    assert_eq!(unsigned.status(), 403);
    assert!(text(&unsigned).contains("<Response><Errors><Error><Code>MissingAuthenticationToken</Code>"));
}

#[test]
fn rds_names_the_items_of_its_lists() {
    let cloud = cloud();
    let template = json!({"Resources": {"D": {"Type": "AWS::RDS::DBInstance", "Properties": {
        "DBInstanceIdentifier": "main", "Engine": "mysql", "DBInstanceClass": "db.t3.small", "AllocatedStorage": "20",
        "VPCSecurityGroups": ["sg-1"],
    }}}});
    let template: String = form_urlencoded::byte_serialize(template.to_string().as_bytes()).collect();
    let create = format!("Version=2010-05-15&Action=CreateStack&StackName=s&TemplateBody={template}");
    check(&cloud, "cloudformation", &create, 200, &["<StackId>"]);
    // No time passes in this test, so the stack has not come to its database yet.
    check(
        &cloud,
        "rds",
        &format!(
            "{RDS}DescribeDBInstances&Filters.Filter.1.Name=engine&Filters.Filter.1.Values.Value.1=mysql"
        ),
        200,
        &[
            "<DescribeDBInstancesResult><DBInstances></DBInstances></DescribeDBInstancesResult><ResponseMetadata>",
        ],
    );
    check(
        &cloud,
        "rds",
        &format!("{RDS}DescribeDBInstances&DBInstanceIdentifier=main"),
        404,
        &["<ErrorResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\"><Error><Type>Sender</Type>\
           <Code>DBInstanceNotFound</Code><Message>DBInstance main not found.</Message>"],
    );
    let mut out = String::new();
    let shown =
        json!({"DBInstances": [{"VpcSecurityGroups": [{"Status": "active"}], "TagList": [{"Key": "k"}]}]});
    let items = localcloud::wire::Service::Rds.descriptor().items;
    localcloud::wire::xml::content(&mut out, "", &shown, items);
    assert_eq!(
        out,
        "<DBInstances><DBInstance><VpcSecurityGroups><VpcSecurityGroupMembership><Status>active</Status>\
         </VpcSecurityGroupMembership></VpcSecurityGroups><TagList><Tag><Key>k</Key></Tag></TagList></DBInstance>\
         </DBInstances>"
    );
}

fn json_request(operation: &str, body: &Value) -> Request<Bytes> {
    let request = Request::post("http://127.0.0.1:4566/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("GraniteServiceVersion20100801.{operation}"))
        .body(Bytes::from(body.to_string()));
    Signing::of("monitoring").sign(request.expect("request"))
}

fn cbor_request(operation: &str, body: &Value) -> Request<Bytes> {
    let path = format!("http://127.0.0.1:4566/service/GraniteServiceVersion20100801/operation/{operation}");
    let request = Request::post(path)
        .header("content-type", "application/cbor")
        .header("smithy-protocol", "rpc-v2-cbor")
        .body(Bytes::from(cbor::encode(body, |_| false)));
    Signing::of("monitoring").sign(request.expect("request"))
}

fn header<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[test]
fn cloudwatch_answers_in_the_protocol_it_is_asked_in() {
    let cloud = cloud();
    check(
        &cloud,
        "monitoring",
        ALARM,
        200,
        &["<PutMetricAlarmResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\">"],
    );
    check(
        &cloud,
        "monitoring",
        "Version=2010-08-01&Action=DescribeAlarms&AlarmNames.member.1=a",
        200,
        &[
            "<MetricAlarms><member>",
            "<Threshold>1.5</Threshold>",
            "<StateUpdatedTimestamp>2026-01-31T08:15:3",
            "<Dimensions><member><Name>n</Name>",
        ],
    );

    let input = json!({"AlarmNames": ["a"]});
    let answer = cloud.call(json_request("DescribeAlarms", &input));
    assert_eq!(header(&answer, "content-type"), "application/x-amz-json-1.0");
    let body: Value = serde_json::from_slice(answer.body()).expect("JSON");
    let alarm = &body["MetricAlarms"][0];
    assert_eq!((&alarm["Threshold"], &alarm["EvaluationPeriods"]), (&json!(1.5), &json!(2)));
    assert!(
        alarm["StateUpdatedTimestamp"].as_f64().is_some_and(|seconds| (1.7e9..1.8e9).contains(&seconds)),
        "{alarm}"
    );

    let answer = cloud.call(cbor_request("DescribeAlarms", &input));
    assert_eq!(header(&answer, "content-type"), "application/cbor");
    assert_eq!(header(&answer, "smithy-protocol"), "rpc-v2-cbor");
    let decoded = cbor::decode(answer.body()).expect("CBOR");
    assert_eq!(decoded["MetricAlarms"][0]["StateUpdatedTimestamp"], alarm["StateUpdatedTimestamp"]);
    assert_eq!(decoded["MetricAlarms"][0]["ActionsEnabled"], true);
}

#[test]
fn cloudwatch_refuses_in_the_protocol_it_is_asked_in() {
    let cloud = cloud();
    let input = json!({"AlarmName": "no", "StateValue": "OK", "StateReason": "r"});
    let json = cloud.call(json_request("SetAlarmState", &input));
    let cbor_answer = cloud.call(cbor_request("SetAlarmState", &input));
    let decoded =
        [serde_json::from_slice(json.body()).expect("JSON"), cbor::decode(cbor_answer.body()).expect("CBOR")];
    for (answer, body) in [json, cbor_answer].iter().zip(decoded) {
        assert_eq!(answer.status(), 404);
        assert_eq!(header(answer, "x-amzn-query-error"), "ResourceNotFound;Sender");
        assert_eq!(body["__type"], "ResourceNotFound");
    }
    for body in ["\u{81}", "[1]"] {
        let path = "http://127.0.0.1:4566/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
        let request =
            Request::post(path).header("smithy-protocol", "rpc-v2-cbor").body(Bytes::from(body.to_owned()));
        let answer = cloud.call(Signing::of("monitoring").sign(request.expect("request")));
        assert_eq!(answer.status(), 400, "{body:?}");
        assert_eq!(header(&answer, "smithy-protocol"), "rpc-v2-cbor");
        let decoded = cbor::decode(answer.body()).expect("CBOR");
        assert_eq!(decoded["__type"], "SerializationException");
    }
}
