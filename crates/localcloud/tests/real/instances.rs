//! Instances that are processes.

use serde_json::json;

use super::support::{Client, House, WEB_SERVER, between, content, lives, platform, wait};

#[tokio::test]
async fn an_instance_runs_its_user_data_and_ends_with_all_it_started() {
    let house = House::new(60.0).await;
    // One child in the group, one that left it; both stay deaf to SIGTERM.
    let script = "#!/bin/sh\nenv > environment\npwd > where\n\
                  (trap '' TERM; echo $(exec sh -c 'echo $PPID') > child; while :; do sleep 0.1; done) &\n\
                  setsid sh -c 'trap \"\" TERM; echo $$ > stray; while :; do sleep 0.1; done' &\n\
                  echo out; echo err >&2; exit 3\n";
    let id = house.run_instance(script);
    let home = house.home(&id);
    let (child, stray) = (content(&home.join("child")).await, content(&home.join("stray")).await);
    let environment = content(&home.join("environment")).await;
    let shown = house.ec2("DescribeInstances", &[]);
    let address = between(&shown, "privateIpAddress").expect("address");
    assert!(address.starts_with("127."), "{address}");
    for line in [
        format!("LOCAL_PRIVATE_IP={address}"),
        format!("LOCAL_INSTANCE_ID={id}"),
        "AWS_REGION=us-east-1".to_owned(),
    ] {
        assert!(environment.lines().any(|found| found == line), "{line}: {environment}");
    }
    assert!(environment.contains("AWS_ENDPOINT_URL=http://127.0.0.1:"), "{environment}");
    assert!(!environment.contains("AWS_SECRET_ACCESS_KEY"), "no profile, no credentials");
    assert_eq!(content(&home.join("where")).await, home.canonicalize().expect("path").display().to_string());
    let log = content(&home.join("output.log")).await;
    assert!(log.contains("out") && log.contains("err"), "{log}");
    // Its script has ended; the instance and what was left in the background go on.
    assert_eq!(between(&house.ec2("DescribeInstances", &[]), "name").as_deref(), Some("running"));
    assert!(lives(&child) && lives(&stray));
    house.ec2("TerminateInstances", &[("InstanceId.1", &id)]);
    wait("everything to end", || async { (!lives(&child) && !lives(&stray)).then_some(()) }).await;
    house.close().await;
}

#[tokio::test]
async fn only_the_one_image_becomes_a_process() {
    let house = House::new(60.0).await;
    for image in ["ami-1", "my/local/process", "local/process2", "LOCAL/PROCESS"] {
        let fields =
            [("ImageId", image), ("MinCount", "1"), ("MaxCount", "1"), ("UserData", "IyEvYmluL3NoCg==")];
        house.ec2("RunInstances", &fields);
    }
    let real = house.run_instance("#!/bin/sh\necho > ran\n");
    content(&house.home(&real).join("ran")).await;
    let machines = std::fs::read_dir(house.folder.path().join("machines")).expect("folder");
    let names: Vec<_> = machines.map(|entry| entry.expect("entry").file_name()).collect();
    assert_eq!(names, [std::ffi::OsString::from(&real)]);
    house.close().await;
}

#[tokio::test]
async fn a_profile_s_credentials_work() {
    let house = House::new(60.0).await;
    let script = "#!/bin/sh\nenv > environment\n";
    let template = json!({"Resources": {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "machine", "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
        }}},
        "Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "Role"}]}},
        "Machine": {"Type": "AWS::EC2::Instance", "Properties": {
            "ImageId": "local/process", "IamInstanceProfile": {"Ref": "Profile"}, "UserData": {"Fn::Base64": script},
        }},
    }});
    house.stack("machine", &template).await;
    let id = between(&house.ec2("DescribeInstances", &[]), "instanceId").expect("id");
    let environment = content(&house.home(&id).join("environment")).await;
    let value = |name: &str| {
        let line = environment.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.unwrap_or_else(|| panic!("{name}: {environment}")).to_owned()
    };
    let known = house.cloud.inspect(|world| {
        let session = world.security_token.session(&value("AWS_ACCESS_KEY_ID"));
        session.map(|session| (session.arn.clone(), session.token == value("AWS_SESSION_TOKEN")))
    });
    let arn = format!("arn:aws:sts::000000000000:assumed-role/machine/{id}");
    assert_eq!(known.expect("world"), Some((arn, true)));
    house.close().await;
}

#[tokio::test]
async fn an_unhealthy_target_is_replaced() {
    let house = House::new(200.0).await;
    let group = json!({"HealthCheckType": "ELB", "HealthCheckGracePeriod": "60"});
    house.stack("platform", &platform(1, WEB_SERVER, &group)).await;
    let id = house.healthy(1).await.remove(0);
    let pid = content(&house.home(&id).join("pid")).await;
    let killed = std::process::Command::new("kill").args(["-KILL", &pid]).status().expect("kill");
    assert!(killed.success());
    let other = wait("another target", || async {
        let healthy = house.health().into_iter().find(|(_, state)| state == "healthy")?;
        (healthy.0 != id).then_some(healthy.0)
    })
    .await;
    let address = house.endpoint().await;
    assert_eq!(Client::connect(&address).await.get("/").await, (200, format!("{other}\n")));
    let activities = house.query("autoscaling", "2011-01-01", "DescribeScalingActivities", &[]);
    assert!(activities.contains("in response to an ELB system health check failure."), "{activities}");
    house.close().await;
}

#[tokio::test]
async fn a_warm_pool_s_instances_run_when_they_should() {
    let house = House::new(200.0).await;
    let script = "#!/bin/sh\necho $$ > pid\nexec sleep 1000\n";
    let mut template = platform(1, script, &json!({}));
    template["Resources"]["Pool"] = json!({"Type": "AWS::AutoScaling::WarmPool", "Properties": {
        "AutoScalingGroupName": {"Ref": "Group"}, "MinSize": "1", "MaxGroupPreparedCapacity": "2", "PoolState": "Stopped",
    }});
    house.stack("platform", &template).await;
    let name = between(
        &house.query("autoscaling", "2011-01-01", "DescribeAutoScalingGroups", &[]),
        "AutoScalingGroupName",
    )
    .expect("name");
    let warm = wait("the warm instance", || async {
        let text =
            house.query("autoscaling", "2011-01-01", "DescribeWarmPool", &[("AutoScalingGroupName", &name)]);
        text.contains("Warmed:Stopped").then(|| between(&text, "InstanceId").expect("id"))
    })
    .await;
    let running = std::fs::read_dir(house.folder.path().join("machines")).expect("folder").count();
    assert_eq!(running, 1, "the warm one is stopped");
    house.query(
        "autoscaling",
        "2011-01-01",
        "SetDesiredCapacity",
        &[("AutoScalingGroupName", &name), ("DesiredCapacity", "2")],
    );
    let pid = content(&house.home(&warm).join("pid")).await;
    assert!(lives(&pid));
    let folder = house.close().await;
    assert!(!lives(&pid));
    drop(folder);
}
