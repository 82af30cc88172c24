//! Load balancers that listen.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Request;
use serde_json::json;

use super::support::{Client, House, WEB_SERVER, between, platform, wait};

const PATH: &[(&str, &str)] =
    &[("Conditions.member.1.Field", "path-pattern"), ("Conditions.member.1.Values.member.1", "*")];

fn with<'a>(fields: &[(&'a str, &'a str)], listener: &'a str, priority: &'a str) -> Vec<(&'a str, &'a str)> {
    let own = [("ListenerArn", listener), ("Priority", priority)];
    own.into_iter().chain(PATH.iter().copied()).chain(fields.iter().copied()).collect()
}

#[tokio::test]
async fn requests_are_spread_and_a_gate_counts_at_once() {
    let house = House::new(200.0).await;
    house.stack("platform", &platform(2, WEB_SERVER, &json!({}))).await;
    let expected: BTreeSet<String> = house.healthy(2).await.into_iter().collect();
    let address = house.endpoint().await;
    let mut client = Client::connect(&address).await;
    let mut seen = BTreeSet::new();
    for _ in 0..6 {
        let (status, text) = client.get("/").await;
        assert_eq!(status, 200);
        seen.insert(text.trim().to_owned());
    }
    assert_eq!(seen, expected, "both targets answer");

    // The gate closes while somebody asks without a pause, on a connection that is kept.
    let hammering = tokio::spawn(async move {
        let mut statuses = Vec::new();
        while statuses.iter().filter(|status| **status == 503).count() < 20 {
            let (status, text) = client.get("/").await;
            assert!(status == 200 || text == "closed", "{status} {text}");
            statuses.push(status);
        }
        (client, statuses)
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let listener = house.listener();
    let fixed = [
        ("Actions.member.1.Type", "fixed-response"),
        ("Actions.member.1.FixedResponseConfig.StatusCode", "503"),
        ("Actions.member.1.FixedResponseConfig.ContentType", "text/html"),
        ("Actions.member.1.FixedResponseConfig.MessageBody", "closed"),
    ];
    let rule = between(&house.elb("CreateRule", &with(&fixed, &listener, "5")), "RuleArn").expect("rule");
    let (mut client, statuses) = hammering.await.expect("no error");
    let closed_at = statuses.iter().position(|status| *status == 503).expect("closed");
    assert!(closed_at > 0, "open before");
    assert!(statuses[closed_at..].iter().all(|status| *status == 503), "nothing passes after");
    let (status, headers, text) = client.ask(Request::get("/x"), "").await;
    assert_eq!(
        (status, text.as_str(), &headers["content-type"]),
        (503, "closed", &"text/html".parse().expect("value"))
    );
    assert_eq!(headers["server"], "awselb/2.0");

    // In front of it, a redirect; then both are taken away.
    let redirect = [
        ("Actions.member.1.Type", "redirect"),
        ("Actions.member.1.RedirectConfig.StatusCode", "HTTP_302"),
        ("Actions.member.1.RedirectConfig.Path", "/moved/#{path}"),
    ];
    let first = between(&house.elb("CreateRule", &with(&redirect, &listener, "1")), "RuleArn").expect("rule");
    let (status, headers, _) = client.ask(Request::get("/a?b=c"), "").await;
    assert_eq!(
        (status, headers["location"].to_str().expect("text")),
        (302, format!("http://{address}/moved/a?b=c").as_str())
    );
    for rule in [first, rule] {
        house.elb("DeleteRule", &[("RuleArn", &rule)]);
    }
    assert_eq!(client.get("/").await.0, 200, "open again");
    house.close().await;
}

/// Says what it was asked, slowly if it should.
const ECHO: &str = r#"#!/usr/bin/env python3
import os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path.startswith("/slow"):
            open("slow", "w").write("begun\n")
            time.sleep(float(self.path.split("=")[1]))
        if self.headers.get("Upgrade") == "echo":
            self.send_response(101); self.send_header("Connection", "Upgrade"); self.send_header("Upgrade", "echo")
            self.end_headers(); self.wfile.flush()
            while True:
                data = self.rfile.readline()
                if not data: break
                self.wfile.write(data.upper()); self.wfile.flush()
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/break": os._exit(1)
        answer = (str(self.headers) + "body: " + body.decode()).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(answer))); self.end_headers()
        self.wfile.write(answer)
    do_POST = do_GET
    def log_message(self, *words): pass
ThreadingHTTPServer((os.environ["LOCAL_PRIVATE_IP"], 8080), Echo).serve_forever()
"#;

#[tokio::test]
async fn a_request_is_carried_whole() {
    let house = House::new(200.0).await;
    house.stack("platform", &platform(1, ECHO, &json!({}))).await;
    house.healthy(1).await;
    let address = house.endpoint().await;
    let mut client = Client::connect(&address).await;
    let request = Request::post("/p").header("x-forwarded-for", "10.9.8.7").header("x-own", "1");
    let long = "0123456789".repeat(30_000);
    let (status, _, text) = client.ask(request.header("te", "gzip"), &long).await;
    assert_eq!(status, 200);
    let lower = text.to_ascii_lowercase();
    for line in [
        "x-forwarded-for: 10.9.8.7, 127.0.0.1",
        "x-forwarded-proto: http",
        "x-forwarded-port: 80",
        "x-own: 1",
    ] {
        assert!(lower.contains(line), "{line}: {}", &text[..600]);
    }
    assert!(lower.contains(&format!("host: {address}")), "the client's own");
    assert!(!lower.contains("\nte:"), "about one connection alone");
    assert!(text.ends_with(&long), "the body");

    // An upgrade, by hand.
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(&address).await.expect("connection");
    let head = format!("GET /u HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.expect("head"));
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    stream.write_all(b"hello\n").await.expect("written");
    let mut echoed = [0; 6];
    stream.read_exact(&mut echoed).await.expect("echo");
    assert_eq!(&echoed, b"HELLO\n");

    // Silence for longer than the idle timeout allows, then a target that breaks off, then nobody.
    let balancer = between(&house.elb("DescribeLoadBalancers", &[]), "LoadBalancerArn").expect("balancer");
    let fields = [
        ("LoadBalancerArn", balancer.as_str()),
        ("Attributes.member.1.Key", "idle_timeout.timeout_seconds"),
        ("Attributes.member.1.Value", "1"),
    ];
    house.elb("ModifyLoadBalancerAttributes", &fields);
    assert_eq!(client.get("/slow=3").await.0, 504);
    assert_eq!(Client::connect(&address).await.get("/break").await.0, 502);
    wait("the target to be unhealthy", || async {
        house.health().values().all(|state| state == "unhealthy").then_some(())
    })
    .await;
    assert_eq!(Client::connect(&address).await.get("/").await.0, 502, "fails open to a target that refuses");
    let ids: Vec<String> = house.health().into_keys().collect();
    house.ec2("TerminateInstances", &[("InstanceId.1", &ids[0])]);
    house.query(
        "autoscaling",
        "2011-01-01",
        "UpdateAutoScalingGroup",
        &[("AutoScalingGroupName", &group_name(&house)), ("MinSize", "0"), ("DesiredCapacity", "0")],
    );
    wait("no targets", || async { house.health().is_empty().then_some(()) }).await;
    assert_eq!(Client::connect(&address).await.get("/").await.0, 503, "nobody is there");
    house.close().await;
}

fn group_name(house: &House) -> String {
    let text = house.query("autoscaling", "2011-01-01", "DescribeAutoScalingGroups", &[]);
    between(&text, "AutoScalingGroupName").expect("group")
}

#[tokio::test]
async fn an_instance_that_leaves_finishes_what_it_is_at() {
    let house = House::new(60.0).await;
    house.stack("platform", &platform(1, ECHO, &json!({}))).await;
    let id = house.healthy(1).await.remove(0);
    let address = house.endpoint().await;
    let asking = tokio::spawn(async move { Client::connect(&address).await.get("/slow=2.5").await });
    let begun = house.home(&id).join("slow");
    super::support::content(&begun).await;
    house.query(
        "autoscaling",
        "2011-01-01",
        "TerminateInstanceInAutoScalingGroup",
        &[("InstanceId", &id), ("ShouldDecrementDesiredCapacity", "false")],
    );
    assert_eq!(house.health().get(&id).map(String::as_str), Some("draining"));
    let (status, text) = asking.await.expect("no error");
    assert_eq!(status, 200, "{text}");
    house.close().await;
}

#[tokio::test]
async fn a_port_is_kept_across_a_restart() {
    let house = House::new(200.0).await;
    let template = json!({"Resources": {
        "Balancer": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Name": "front", "Subnets": ["subnet-1", "subnet-2"]}},
        "Listener": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
            "LoadBalancerArn": {"Ref": "Balancer"}, "Port": "443", "Protocol": "HTTPS",
            "Certificates": [{"CertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/1"}],
            "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "here"}}],
        }},
    }});
    house.stack("front", &template).await;
    let address = house.endpoint().await;
    assert_eq!(Client::connect(&address).await.get("/").await, (200, "here".to_owned()));
    let folder = house.close().await;
    assert!(tokio::net::TcpStream::connect(&address).await.is_err(), "closed");
    let house = House::open(folder, 200.0).await;
    assert_eq!(house.endpoint().await, address);
    let (status, _) = wait("the listener", || async {
        tokio::net::TcpStream::connect(&address).await.ok()?;
        Some(Client::connect(&address).await.get("/").await)
    })
    .await;
    assert_eq!(status, 200);
    house.query("cloudformation", "2010-05-15", "DeleteStack", &[("StackName", "front")]);
    wait("the port to be free", || async {
        tokio::net::TcpStream::connect(&address).await.is_err().then_some(())
    })
    .await;
    house.close().await;
}
