//! A cloud with its machine room, and what tests ask of it.

#[expect(dead_code, reason = "other test programs need more of it")]
#[path = "../common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use common::{Signing, keys};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use localcloud::{Clock, Config, LocalCloud, Speed};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// A cloud that is served, with its machine room.
pub struct House {
    pub cloud: LocalCloud,
    pub folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl House {
    /// A new one, so many times as quick as AWS.
    pub async fn new(speed: f64) -> House {
        House::open(tempfile::tempdir().expect("folder"), speed).await
    }

    /// The one of a folder. Each folder has a seed of its own: clouds of one seed and the same keys would want the same
    /// loopback addresses.
    pub async fn open(folder: TempDir, speed: f64) -> House {
        let mut hasher = DefaultHasher::new();
        folder.path().hash(&mut hasher);
        let config = Config {
            seed: hasher.finish(),
            speed: Speed::Times(speed),
            throttling: false,
            ..Config::default()
        };
        let path = folder.path().join("cloud.sqlite");
        // The tasks of one that broke off may hold the file for another moment.
        let cloud = wait("the data file", || async {
            LocalCloud::open(&path, config.clone(), Clock::system(), Some(keys())).ok()
        })
        .await;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
        let (stop, stopped) = oneshot::channel();
        let served = localcloud::server::serve_with_machines(
            listener,
            cloud.clone(),
            folder.path().join("machines"),
            async move {
                let _asked = stopped.await;
            },
        );
        let server = tokio::spawn(async move { served.await.expect("served") });
        let house = House { cloud, folder, stop: Some(stop), server: Some(server) };
        house.until_open().await;
        house
    }

    async fn until_open(&self) {
        wait("the machine room", || async {
            self.cloud.inspect(|world| world.machine_room.is_open).expect("world").then_some(())
        })
        .await;
    }

    /// Shut it down as Ctrl-C does; gives the folder.
    pub async fn close(mut self) -> TempDir {
        let _stopped = self.stop.take().map(|stop| stop.send(()));
        self.server.take().expect("server").await.expect("ended");
        let House { cloud, folder, .. } = self;
        drop(cloud);
        folder
    }

    /// Drop the server where it stands.
    pub async fn break_off(mut self) -> TempDir {
        let server = self.server.take().expect("server");
        server.abort();
        let _aborted = server.await;
        let House { cloud, folder, .. } = self;
        drop(cloud);
        folder
    }

    /// A machine's working folder.
    pub fn home(&self, machine: &str) -> PathBuf {
        self.folder.path().join("machines").join(machine)
    }

    fn send(&self, service: &'static str, request: Request<Bytes>) -> Response<Bytes> {
        let signing = Signing { at: Clock::system().now(), ..Signing::of(service) };
        self.cloud.call(signing.sign(request))
    }

    /// A Query request that succeeds; gives the answer's text.
    pub fn query(
        &self,
        service: &'static str,
        version: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action).append_pair("Version", version).extend_pairs(fields);
        let response = self.send(service, common::query(&form.finish()));
        let text = common::text(&response);
        assert_eq!(response.status(), 200, "{action}: {text}");
        text
    }

    pub fn elb(&self, action: &str, fields: &[(&str, &str)]) -> String {
        self.query("elasticloadbalancing", "2015-12-01", action, fields)
    }

    pub fn ec2(&self, action: &str, fields: &[(&str, &str)]) -> String {
        self.query("ec2", "2016-11-15", action, fields)
    }

    /// A request in JSON that succeeds.
    pub fn json(&self, service: &'static str, path: &str, body: &Value) -> Value {
        let method = if body.is_null() { Method::GET } else { Method::POST };
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = Request::builder().method(method).uri(format!("http://127.0.0.1:4566{path}"));
        let response = self.send(service, request.body(body).expect("request"));
        let text = common::text(&response);
        assert_eq!(response.status(), 200, "{path}: {text}");
        serde_json::from_str(&text).expect("json")
    }

    /// Make a stack, and wait until it is there.
    pub async fn stack(&self, name: &str, template: &Value) {
        let body = template.to_string();
        let fields = [
            ("StackName", name),
            ("TemplateBody", body.as_str()),
            ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
        ];
        self.query("cloudformation", "2010-05-15", "CreateStack", &fields);
        wait("the stack", || async {
            let text = self.query("cloudformation", "2010-05-15", "DescribeStacks", &[("StackName", name)]);
            let status = between(&text, "StackStatus")?;
            assert!(matches!(status.as_str(), "CREATE_IN_PROGRESS" | "CREATE_COMPLETE"), "{text}");
            (status == "CREATE_COMPLETE").then_some(())
        })
        .await;
    }

    /// Where the only listener listens.
    pub async fn endpoint(&self) -> String {
        wait("the endpoint", || async {
            let found = self.json("slackwater", "/_slackwater/endpoints", &Value::Null);
            let url = found["endpoints"][0]["url"].as_str()?;
            Some(url.trim_start_matches("http://").to_owned())
        })
        .await
    }

    /// The ARN of a kind of thing, from a describing answer.
    pub fn target_group(&self) -> String {
        between(&self.elb("DescribeTargetGroups", &[]), "TargetGroupArn").expect("target group")
    }

    pub fn listener(&self) -> String {
        let balancer = between(&self.elb("DescribeLoadBalancers", &[]), "LoadBalancerArn").expect("balancer");
        let text = self.elb("DescribeListeners", &[("LoadBalancerArn", balancer.as_str())]);
        between(&text, "ListenerArn").expect("listener")
    }

    /// Targets with their states, of the only target group.
    pub fn health(&self) -> BTreeMap<String, String> {
        let group = self.target_group();
        let text = self.elb("DescribeTargetHealth", &[("TargetGroupArn", group.as_str())]);
        let targets = text.split("<Target>").skip(1);
        targets
            .map(|part| (between(part, "Id").expect("id"), between(part, "State").expect("state")))
            .collect()
    }

    /// Wait until so many targets are healthy; gives their ids.
    pub async fn healthy(&self, count: usize) -> Vec<String> {
        wait("healthy targets", || async {
            let health = self.health();
            let healthy: Vec<String> =
                health.into_iter().filter(|(_, state)| state == "healthy").map(|(id, _)| id).collect();
            (healthy.len() == count).then_some(healthy)
        })
        .await
    }

    /// Launch an instance with a script; gives its id.
    pub fn run_instance(&self, script: &str) -> String {
        let data = STANDARD.encode(script);
        let fields =
            [("ImageId", "local/process"), ("MinCount", "1"), ("MaxCount", "1"), ("UserData", data.as_str())];
        between(&self.ec2("RunInstances", &fields), "instanceId").expect("id")
    }
}

/// Wait until a condition gives something, but not for ever.
pub async fn wait<T, F: Future<Output = Option<T>>>(what: &str, mut condition: impl FnMut() -> F) -> T {
    let waiting = async {
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Between an element's tags, the first one.
pub fn between(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
}

/// What is in a file, once there is something.
pub async fn content(path: &Path) -> String {
    wait(&path.display().to_string(), || async {
        std::fs::read_to_string(path)
            .ok()
            .filter(|text| text.ends_with('\n'))
            .map(|text| text.trim().to_owned())
    })
    .await
}

/// Whether there is a process of this number that isn't merely waiting to be reaped.
pub fn lives(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    status.is_ok_and(|status| !status.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

/// A connection that is kept.
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Client {
    pub async fn connect(address: &str) -> Client {
        let stream = TcpStream::connect(address).await.expect("connection");
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("http");
        tokio::spawn(connection);
        Client { sender, host: address.to_owned() }
    }

    /// Ask; gives status and text.
    pub async fn get(&mut self, path: &str) -> (u16, String) {
        let (status, _, text) = self.ask(Request::get(path), "").await;
        (status, text)
    }

    pub async fn ask(
        &mut self,
        request: http::request::Builder,
        body: &str,
    ) -> (u16, http::HeaderMap, String) {
        let request = request.header("host", &self.host).body(Full::new(Bytes::from(body.to_owned())));
        self.sender.ready().await.expect("the connection is kept");
        let response = self.sender.send_request(request.expect("request")).await.expect("answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect().await.expect("body").to_bytes();
        (status, headers, String::from_utf8_lossy(&body).into_owned())
    }
}

/// A platform: a load balancer in front of a group of processes.
pub fn platform(instances: u32, script: &str, group: &Value) -> Value {
    let mut properties = json!({
        "MinSize": instances.to_string(), "MaxSize": "4", "DesiredCapacity": instances.to_string(),
        "AvailabilityZones": ["us-east-1a"],
        "LaunchTemplate": {"LaunchTemplateId": {"Ref": "Machine"}, "Version": {"Fn::GetAtt": ["Machine", "LatestVersionNumber"]}},
        "TargetGroupARNs": [{"Ref": "Targets"}],
    });
    let own = properties.as_object_mut().expect("object");
    own.extend(group.as_object().expect("object").clone());
    json!({"Resources": {
        "Machine": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": {
            "ImageId": "local/process", "InstanceType": "t3.micro", "UserData": {"Fn::Base64": script},
        }}},
        "Balancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Name": "front", "Subnets": ["subnet-1", "subnet-2"]}},
        "Targets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {
            "Port": "8080", "Protocol": "HTTP", "VpcId": "vpc-1", "HealthyThresholdCount": "2",
        }},
        "Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
            "LoadBalancerArn": {"Ref": "Balancer"}, "Port": "80", "Protocol": "HTTP",
            "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Targets"}}],
        }},
        "Group": {"Type": "AWS::AutoScaling::AutoScalingGroup", "DependsOn": "Listener", "Properties": properties},
    }})
}

/// A web server that says which instance it is.
pub const WEB_SERVER: &str = "#!/bin/sh\n\
    echo $$ > pid\n\
    mkdir -p web && echo \"$LOCAL_INSTANCE_ID\" > web/index.html\n\
    exec python3 -m http.server 8080 --bind \"$LOCAL_PRIVATE_IP\" --directory web\n";
