//! A cloud whose process dies at any moment of a whole platform's update: opened again, it comes to the same end, as if
//! nothing had happened.
//!
//! The files are copied while the cloud holds them open, as `kill -9` would leave them.

#[expect(dead_code, reason = "each test program uses what it needs")]
mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{START, Signing, query, text};
use http::Request;
use localcloud::{Clock, Config, LocalCloud, Timestamp};

/// How often the update is interrupted, each time at other moments.
const RUNS: usize = 8;
/// How often the process dies in each of them.
const DEATHS: usize = 3;

fn release(version: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/templates/code-ocean");
    match std::fs::read_to_string(folder.join(format!("{version}.yaml"))) {
        Ok(text) => Some(text),
        Err(error) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "shared test data is missing: {error}");
            println!("SKIPPED: shared test data is missing: {error}");
            None
        }
    }
}

/// A cloud and the time on its clock.
struct Site {
    cloud: LocalCloud,
    file: PathBuf,
    begun: tokio::time::Instant,
    start: Timestamp,
}

impl Site {
    fn open(file: PathBuf, at: Timestamp) -> Site {
        let cloud = LocalCloud::open(&file, Config::default(), Clock::starting_at(at), Some(common::keys()));
        Site { cloud: cloud.expect("a cloud"), file, begun: now(), start: at }
    }

    fn now(&self) -> Timestamp {
        self.start.after(now() - self.begun)
    }

    /// The process dies, and another one opens what it leaves behind.
    fn dies(self, folder: &Path) -> Site {
        copy(&self.file, folder);
        let (at, name) = (self.now(), self.file.file_name().expect("a name").to_owned());
        drop(self);
        Site::open(folder.join(name), at)
    }

    fn send(&self, service: &'static str, request: Request<bytes::Bytes>) -> String {
        let signed = Signing { at: self.now(), ..Signing::of(service) }.sign(request);
        let answer = self.cloud.call(signed);
        assert!(answer.status().is_success(), "{}", text(&answer));
        text(&answer)
    }

    fn ask(&self, form: &str) -> String {
        self.send("cloudformation", query(&format!("{form}&Version=2010-05-15")))
    }

    fn put(&self, path: &str, body: &str) {
        let request = Request::put(format!("http://127.0.0.1:4566{path}"));
        self.send("s3", request.body(bytes::Bytes::from(body.to_owned())).expect("a request"));
    }

    /// Everything that is to be seen of the stack, the answers' own ids left out.
    fn seen(&self) -> String {
        let mut seen = String::new();
        for operation in ["DescribeStacks", "DescribeStackEvents", "ListStackResources"] {
            let mut token = String::new();
            loop {
                let page = self.ask(&format!("Action={operation}&StackName=co{token}"));
                let (page, _request_id) = page.split_once("<ResponseMetadata>").expect("metadata");
                seen.push_str(page);
                let Some(next) = between(page, "<NextToken>", "</NextToken>") else { break };
                token = format!(
                    "&NextToken={}",
                    next.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
                );
            }
        }
        seen
    }
}

#[expect(clippy::disallowed_methods, reason = "the paused clock of this test")]
fn now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    text.split_once(begin)?.1.split_once(end).map(|(inside, _)| inside)
}

/// The log, with what SQLite has not merged into it.
fn copy(file: &Path, folder: &Path) {
    let name = file.file_name().expect("a name").to_string_lossy().into_owned();
    for suffix in ["", "-wal"] {
        let from = file.with_file_name(format!("{name}{suffix}"));
        if from.exists() {
            std::fs::copy(from, folder.join(format!("{name}{suffix}"))).expect("copied");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_dies_at_any_moment_comes_to_the_same_end() {
    let (Some(old), Some(new)) = (release("v3.7.0"), release("v3.8.2")) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let site = Site::open(folder.path().join("cloud.sqlite"), START);
    site.put("/releases", "");
    site.put("/releases/old", &old);
    site.put("/releases/new", &new);
    let given = "&Capabilities.member.1=CAPABILITY_NAMED_IAM&Capabilities.member.2=CAPABILITY_AUTO_EXPAND\
        &Parameters.member.1.ParameterKey=pDnsRootDomain&Parameters.member.1.ParameterValue=example.com\
        &Parameters.member.2.ParameterKey=pNewVpcAvailabilityZone1&Parameters.member.2.ParameterValue=us-east-1a\
        &Parameters.member.3.ParameterKey=pNewVpcAvailabilityZone2&Parameters.member.3.ParameterValue=us-east-1b";
    let at = "https%3A%2F%2Freleases.s3.us-east-1.amazonaws.com%2F";
    site.ask(&format!("Action=CreateStack&StackName=co&TemplateURL={at}old{given}"));
    tokio::time::advance(Duration::from_secs(7200)).await;
    site.ask(&format!("Action=CreateChangeSet&StackName=co&ChangeSetName=next&TemplateURL={at}new{given}"));
    tokio::time::advance(Duration::from_secs(60)).await;
    let begin = site.now();
    drop(site);

    // Undisturbed: how it ends, and when.
    let execute = "Action=ExecuteChangeSet&StackName=co&ChangeSetName=next";
    let undisturbed = tempfile::tempdir().expect("a folder");
    copy(&folder.path().join("cloud.sqlite"), undisturbed.path());
    let site = Site::open(undisturbed.path().join("cloud.sqlite"), begin);
    site.ask(execute);
    let mut took = 0;
    while !site.ask("Action=DescribeStacks&StackName=co").contains("<StackStatus>UPDATE_COMPLETE<") {
        tokio::time::advance(Duration::from_secs(1)).await;
        took += 1;
        assert!(took < 7200, "the update comes to its end");
    }
    let (expected, end) = (site.seen(), site.now());

    let mut random = 0x5EED_u64;
    let mut same = 0;
    for run in 0..RUNS {
        let mut moments: Vec<u64> = (0..DEATHS)
            .map(|_| {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33) % (took * 1000)
            })
            .collect();
        moments.sort_unstable();
        let first = tempfile::tempdir().expect("a folder");
        copy(&folder.path().join("cloud.sqlite"), first.path());
        let mut site = Site::open(first.path().join("cloud.sqlite"), begin);
        let mut left = vec![first];
        site.ask(execute);
        for moment in &moments {
            let wait = begin.after(Duration::from_millis(*moment)).0.saturating_sub(site.now().0);
            tokio::time::advance(Duration::from_millis(wait)).await;
            let next = tempfile::tempdir().expect("a folder");
            site = site.dies(next.path());
            left.push(next);
        }
        tokio::time::advance(Duration::from_millis(end.0.saturating_sub(site.now().0))).await;
        let seen = site.seen();
        if seen == expected {
            same += 1;
        } else {
            println!("run {run}, killed at {moments:?} ms: another end");
        }
    }
    println!("killed {DEATHS} times within the {took} s of an update: {same} of {RUNS} came to the same end");
    assert_eq!(same, RUNS);
}

/// A service's whole state and its tasks', as its API tells them.
fn containers(site: &Site) -> String {
    let ask = |operation: &str, body: &str| {
        let request = Request::post("http://127.0.0.1:4566/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("AmazonEC2ContainerServiceV20141113.{operation}"));
        site.send("ecs", request.body(bytes::Bytes::from(body.to_owned())).expect("a request"))
    };
    let mut seen = ask("DescribeServices", r#"{"cluster": "c", "services": ["s"], "include": ["TAGS"]}"#);
    for status in ["RUNNING", "STOPPED"] {
        let list = ask(
            "ListTasks",
            &format!(r#"{{"cluster": "c", "serviceName": "s", "desiredStatus": "{status}"}}"#),
        );
        let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
        let asked = serde_json::json!({"cluster": "c", "tasks": list["taskArns"]});
        if list["taskArns"] != serde_json::json!([]) {
            seen.push_str(&ask("DescribeTasks", &asked.to_string()));
        }
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn services_and_their_tasks_go_on_as_if_the_process_had_never_died() {
    let mut ends = Vec::new();
    for deaths in [false, true] {
        let mut folders = vec![tempfile::tempdir().expect("a folder")];
        let mut site = Site::open(folders[0].path().join("cloud.sqlite"), START);
        let post = |site: &Site, operation: &str, body: &str| {
            let request = Request::post("http://127.0.0.1:4566/")
                .header("content-type", "application/x-amz-json-1.1")
                .header("x-amz-target", format!("AmazonEC2ContainerServiceV20141113.{operation}"));
            site.send("ecs", request.body(bytes::Bytes::from(body.to_owned())).expect("a request"));
        };
        let definition =
            r#"{"family": "web", "containerDefinitions": [{"name": "a", "image": "i", "memory": 9}]}"#;
        let steps: [(&str, &str); 8] = [
            ("CreateCluster", r#"{"clusterName": "c"}"#),
            ("RegisterTaskDefinition", definition),
            (
                "CreateService",
                r#"{"cluster": "c", "serviceName": "s", "taskDefinition": "web", "desiredCount": 3}"#,
            ),
            ("fail", r#"{"cluster": "c", "service": "s", "status": "FAILING", "seconds": 7}"#),
            ("UpdateService", r#"{"cluster": "c", "service": "s", "desiredCount": 5}"#),
            ("fail", r#"{"cluster": "c", "service": "s", "status": "HEALTHY"}"#),
            ("UpdateService", r#"{"cluster": "c", "service": "s", "forceNewDeployment": true}"#),
            ("UpdateService", r#"{"cluster": "c", "service": "s", "desiredCount": 1}"#),
        ];
        for (operation, body) in steps {
            match operation {
                "fail" => {
                    let request = Request::post("http://127.0.0.1:4566/_slackwater/ecs");
                    site.send("slackwater", request.body(bytes::Bytes::from(body)).expect("a request"));
                }
                operation => post(&site, operation, body),
            }
            tokio::time::advance(Duration::from_secs(13)).await;
            if deaths {
                let next = tempfile::tempdir().expect("a folder");
                site = site.dies(next.path());
                folders.push(next);
            }
        }
        let now = containers(&site);
        tokio::time::advance(Duration::from_secs(20)).await;
        ends.push((now, containers(&site)));
    }
    assert!(ends[0].0.contains("STOPPING") && ends[0].0.contains("TaskFailedToStart"), "{}", ends[0].0);
    assert_eq!(ends[0], ends[1]);
}

/// What a request to S3 changes, its log has; the store lacks nothing after a replay, to the byte.
#[test]
fn an_object_store_is_the_same_after_it_was_opened_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cloud.sqlite");
    let open = || LocalCloud::open(&path, Config::default(), Clock::starting_at(START), Some(common::keys()));
    let cloud = open().expect("a cloud");
    let ask = |method: &str, target: &str, body: &str, headers: &[(&str, &str)]| {
        let mut request = Request::builder().method(method).uri(format!("http://127.0.0.1:4566/b01{target}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(bytes::Bytes::from(body.to_owned())).expect("a request");
        let answer = cloud.call(Signing::of("s3").sign(request));
        assert!(answer.status().is_success(), "{method} {target}: {} {}", answer.status(), text(&answer));
        text(&answer)
    };
    let about = [
        ("content-type", "text/x"),
        ("cache-control", "no-store"),
        ("content-disposition", "inline"),
        ("content-encoding", "br"),
        ("content-language", "de"),
        ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("x-amz-storage-class", "STANDARD_IA"),
        ("x-amz-meta-b", "2"),
        ("x-amz-meta-a", "1"),
        ("x-amz-tagging", "k=v%20w&x=%26"),
        ("x-amz-checksum-crc32", "NhCmhg=="),
        ("x-amz-acl", "private"),
        ("x-amz-server-side-encryption", "aws:kms"),
    ];
    ask("PUT", "", "", &[]);
    ask("PUT", "/plain", "hello", &about);
    let versioning = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    ask("PUT", "?versioning", versioning, &[]);
    ask("PUT", "/plain", "hello", &about);
    ask("DELETE", "/plain", "", &[]);
    let copy = ("x-amz-copy-source", "/b01/plain?versionId=null");
    ask("PUT", "/copy%20%C3%BC", "", &[copy]);
    let replacing =
        [copy, ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-c", "3"), ("x-amz-tagging", "y")];
    ask("PUT", "/other", "", &replacing);
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    ask("PUT", "/other?tagging", tags, &[]);
    ask("PUT", "?tagging", tags, &[]);
    let rule = "<Rule><ID>a</ID><Status>Enabled</Status><Filter><And><Prefix>p</Prefix><Tag><Key>a</Key><Value>b</Value>\
                </Tag></And></Filter><Expiration><Date>2030-01-01T00:00:00.000Z</Date></Expiration></Rule>";
    ask("PUT", "?lifecycle", &format!("<LifecycleConfiguration>{rule}</LifecycleConfiguration>"), &[]);
    let encryption = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms\
                      </SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>";
    ask("PUT", "?encryption", encryption, &[]);
    let block = "<BlockPublicAcls>true</BlockPublicAcls>";
    let block = format!("<PublicAccessBlockConfiguration>{block}</PublicAccessBlockConfiguration>");
    ask("PUT", "?publicAccessBlock", &block, &[]);
    let lock = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>\
                GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
    ask("PUT", "?object-lock", lock, &[]);
    ask("PUT", "?policy", "{\"Statement\": []}", &[]);
    let begun = ask("POST", "/large?uploads", "", &about[..10]);
    let id = between(&begun, "<UploadId>", "</UploadId>").expect("an upload").to_owned();
    ask(
        "PUT",
        &format!("/large?partNumber=1&uploadId={id}"),
        "part",
        &[("x-amz-checksum-sha1", "P8iLg3Z68DbsZPQIpcImk9tuO3Y=")],
    );
    ask("PUT", &format!("/large?partNumber=2&uploadId={id}"), "", &[("x-amz-copy-source", "b01/other")]);
    ask("POST", "/pending?uploads", "", &about[..10]);
    let tag = "f4c9385f1902f7334b00b9b4ecd164de";
    let part = format!("<Part><PartNumber>1</PartNumber><ETag>\"{tag}\"</ETag></Part>");
    let parts = format!("<CompleteMultipartUpload>{part}</CompleteMultipartUpload>");
    ask("POST", &format!("/large?uploadId={id}"), &parts, &[]);
    ask("POST", "?delete", "<Delete><Object><Key>gone</Key></Object><Quiet>true</Quiet></Delete>", &[]);

    let seen =
        |cloud: &LocalCloud| cloud.inspect(|world| format!("{:#?}", world.object_storage)).expect("a world");
    let before = seen(&cloud);
    assert!(before.contains("LifecycleRule") && before.contains("pending"), "{before}");
    drop(cloud);
    let after = seen(&open().expect("a cloud"));
    for (before, after) in before.lines().zip(after.lines()) {
        assert_eq!(before, after);
    }
    assert_eq!(before, after);
}
