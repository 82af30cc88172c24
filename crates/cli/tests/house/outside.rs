//! What somebody sees who knows nothing of us: the cloud through its wire, looked at while a run goes on and after it.
//! The invariants of the design are judged by this, never by a run's own state.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use cli::seed::Caller;
use localcloud::LocalCloud;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Value, json};

use crate::stub_platform::StubPlatform;

/// A user, as far as the listener knows them: an address that nobody admits.
const STRANGER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);

/// Somebody whom the settings admit.
const ADMITTED: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 5);

/// The tag with which maintenance notes on things how they were.
const NOTE: &str = "slackwater:before";

/// What a request from an address meets at the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The platform, on some path at least.
    Platform,
    /// The maintenance page, whatever the path.
    MaintenancePage,
}

/// One look while a run goes on.
#[derive(Debug, Clone)]
pub struct Look {
    pub at: u64,
    pub stranger: Way,
    pub admitted: Way,
    /// What users would notice if they were let in: what is switched off, ended, or being updated.
    pub disturbed: Vec<String>,
}

/// Sizes of a group, as Auto Scaling tells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub sizes: [String; 3],
    pub protects_new: String,
    /// `MinSize` and `MaxGroupPreparedCapacity`.
    pub warm_pool: Option<(String, String)>,
}

/// How a deployment stands, by logical ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub status: String,
    pub version: Option<String>,
    pub groups: BTreeMap<String, Group>,
    /// `ENABLED` or `DISABLED`, with the ARN.
    pub queues: BTreeMap<String, (String, String)>,
    /// Whether they act.
    pub alarms: BTreeMap<String, String>,
    /// Where the platform's own listener rules stand.
    pub priorities: BTreeMap<String, String>,
    /// What of ours is left: notes, gate rules, change sets that were not executed, a banner.
    pub left: Vec<String>,
}

/// Who looks.
pub struct Outside<'a> {
    pub local: &'a LocalCloud,
    pub caller: &'a Caller,
    pub platform: Option<&'a StubPlatform>,
    pub stack: &'a str,
}

impl Outside<'_> {
    /// The stack's resources of a type: logical id and physical id.
    fn of_type(&self, type_name: &str) -> Vec<(String, String)> {
        let look = |world: &localcloud::World| {
            let stack = world.cloudformation.find(self.stack)?;
            let found = stack.resources.values().filter(|resource| resource.type_name == type_name);
            let ids = |resource: &localcloud::cloudformation::stack::StackResource| {
                Some((resource.logical_id.clone(), resource.physical_id.clone()?))
            };
            Some(found.filter_map(ids).collect())
        };
        self.local.inspect(look).expect("a sound world").unwrap_or_default()
    }

    fn status(&self) -> (String, Option<String>) {
        let look = |world: &localcloud::World| {
            let stack = world.cloudformation.find(self.stack)?;
            let version = stack.definition.as_ref().and_then(|one| one.template.version_info());
            Some((stack.status.name().to_owned(), version.map(|info| info.version)))
        };
        self.local.inspect(look).expect("a sound world").expect("the stack is there")
    }

    /// The HTTPS listener's ARN: users come in there.
    pub fn listener(&self) -> String {
        let listeners = self.of_type("AWS::ElasticLoadBalancingV2::Listener");
        let public = listeners.iter().find(|(name, _)| name.contains("HTTPS") || name.contains("Https"));
        public.expect("a listener").1.clone()
    }

    /// The rules of every listener, those that only lead to another aside.
    async fn doors(&self) -> Vec<Vec<Tree>> {
        let mut doors = Vec::new();
        for (_, listener_arn) in self.of_type("AWS::ElasticLoadBalancingV2::Listener") {
            let rules = self.rules(listener_arn).await;
            let leads_on = |rule: &Tree| {
                rule.list("Actions").iter().all(|action| action.get("RedirectConfig").is_some())
            };
            if !rules.iter().all(leads_on) {
                doors.push(rules);
            }
        }
        doors
    }

    /// ARNs of the rules on a listener that show the maintenance page.
    pub async fn gate_rules(&self, listener: &str) -> Vec<String> {
        let listeners = self.of_type("AWS::ElasticLoadBalancingV2::Listener");
        let arn = listeners.into_iter().find(|(name, _)| name == listener).expect("a listener").1;
        let pages = |rule: &Tree| {
            rule.list("Actions").iter().any(|action| action.get("FixedResponseConfig").is_some())
        };
        self.rules(arn).await.iter().filter(|rule| pages(rule)).map(|rule| rule.text("RuleArn")).collect()
    }

    async fn rules(&self, listener_arn: String) -> Vec<Tree> {
        let fields = [("ListenerArn".to_owned(), listener_arn)];
        // Who looks has patience: the run makes these calls too.
        for _ in 0..60 {
            let answer = self.caller.query("elasticloadbalancing", "DescribeRules", &fields).await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) if error.to_string().contains("Rate exceeded") => {
                    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            let mut rules = Tree::read(&answer).list("Rules");
            rules.sort_by_key(|rule| rule.text("Priority").parse::<i32>().unwrap_or(i32::MAX));
            return rules;
        }
        panic!("the rules can't be looked at")
    }

    async fn queues(&self) -> Vec<Value> {
        let arns: Vec<String> =
            self.of_type("AWS::Batch::JobQueue").into_iter().map(|(_, arn)| arn).collect();
        let asked = json!({"jobQueues": arns, "maxResults": 100});
        // Batch lets few calls through, and the run makes them too: who looks has patience.
        for _ in 0..60 {
            let answer =
                self.caller.json("batch", "DescribeJobQueues", "POST", "/v1/describejobqueues", &asked).await;
            match answer {
                Ok(answer) => return answer["jobQueues"].as_array().cloned().unwrap_or_default(),
                Err(error) if error.to_string().contains("Too Many") => {
                    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
        panic!("the queues can't be looked at")
    }

    async fn groups(&self) -> Vec<Tree> {
        let groups = self.of_type("AWS::AutoScaling::AutoScalingGroup");
        let field = |(place, (_, name)): (usize, (String, String))| {
            (format!("AutoScalingGroupNames.member.{}", place + 1), name)
        };
        let fields: Vec<(String, String)> = groups.into_iter().enumerate().map(field).collect();
        let answer = self.caller.query("autoscaling", "DescribeAutoScalingGroups", &fields).await;
        Tree::read(&answer.expect("groups")).list("AutoScalingGroups")
    }

    /// Look as a user, and as one who sees what goes on behind the gate.
    pub async fn look(&self, at: u64) -> Look {
        let doors = self.doors().await;
        let mut disturbed = Vec::new();
        for queue in self.queues().await {
            if queue["state"] == "DISABLED" {
                disturbed.push(format!("queue {} is disabled", queue["jobQueueName"]));
            }
        }
        let (status, _) = self.status();
        if status != "CREATE_COMPLETE" && status != "UPDATE_COMPLETE" && status != "UPDATE_ROLLBACK_COMPLETE"
        {
            disturbed.push(format!("the stack is {status}"));
        }
        if self.platform.is_some_and(StubPlatform::is_disturbed) {
            let (sessions, _) = self.platform.map(StubPlatform::at_work).unwrap_or_default();
            // Sessions that have ended stay so: they tell only while maintenance is under way.
            if sessions > 0 {
                disturbed.push("sessions are being stopped".to_owned());
            }
        }
        let in_by_any = |from| {
            let open = doors.iter().any(|rules| way(rules, from) == Way::Platform);
            if open { Way::Platform } else { Way::MaintenancePage }
        };
        Look { at, stranger: in_by_any(STRANGER), admitted: in_by_any(ADMITTED), disturbed }
    }

    /// How the deployment stands.
    pub async fn standing(&self) -> Standing {
        let (status, version) = self.status();
        let mut left = Vec::new();
        let names = self.of_type("AWS::AutoScaling::AutoScalingGroup");
        let logical = |physical: &str, names: &[(String, String)]| {
            let found = names.iter().find(|(_, one)| one == physical);
            found.map_or_else(|| physical.to_owned(), |(name, _)| name.clone())
        };
        let mut groups = BTreeMap::new();
        for group in self.groups().await {
            let name = group.text("AutoScalingGroupName");
            let noted = group.list("Tags").iter().any(|tag| tag.text("Key") == NOTE);
            left.extend(noted.then(|| format!("a note on {name}")));
            let pool = group.get("WarmPoolConfiguration");
            let warm_pool = pool.map(|pool| (pool.text("MinSize"), pool.text("MaxGroupPreparedCapacity")));
            groups.insert(
                logical(&name, &names),
                Group {
                    sizes: ["MinSize", "MaxSize", "DesiredCapacity"].map(|size| group.text(size)),
                    protects_new: group.text("NewInstancesProtectedFromScaleIn"),
                    warm_pool,
                    name,
                },
            );
        }
        let arns = self.of_type("AWS::Batch::JobQueue");
        let mut queues = BTreeMap::new();
        for queue in self.queues().await {
            let arn = queue["jobQueueArn"].as_str().unwrap_or_default().to_owned();
            left.extend(queue["tags"].get(NOTE).map(|_| format!("a note on {arn}")));
            let state = queue["state"].as_str().unwrap_or_default().to_owned();
            queues.insert(logical(&arn, &arns), (state, arn));
        }
        let of_rules = self.of_type("AWS::ElasticLoadBalancingV2::ListenerRule");
        let of_stack = self.of_type("AWS::CloudWatch::Alarm");
        let field = |(place, (_, name)): (usize, &(String, String))| {
            (format!("AlarmNames.member.{}", place + 1), name.clone())
        };
        let mut alarms = BTreeMap::new();
        if !of_stack.is_empty() {
            let fields: Vec<(String, String)> = of_stack.iter().enumerate().map(field).collect();
            let answer = self.caller.query("monitoring", "DescribeAlarms", &fields).await.expect("alarms");
            for alarm in Tree::read(&answer).list("MetricAlarms") {
                alarms.insert(logical(&alarm.text("AlarmName"), &of_stack), alarm.text("ActionsEnabled"));
            }
        }
        let mut priorities = BTreeMap::new();
        for rule in self.doors().await.into_iter().flatten() {
            let (arn, priority) = (rule.text("RuleArn"), rule.text("Priority"));
            priorities.insert(logical(&arn, &of_rules), priority);
            let pages = rule.list("Actions").iter().any(|action| {
                action.get("FixedResponseConfig").is_some_and(|page| page.text("StatusCode") == "503")
            });
            left.extend(pages.then(|| format!("gate rule {arn}")));
        }
        left.extend(self.change_sets());
        left.extend(self.platform.and_then(StubPlatform::banner).map(|text| format!("the banner {text}")));
        // Rules that aren't the stack's are listeners' defaults, or the gate's.
        priorities.retain(|name, _| of_rules.iter().any(|(rule, _)| rule == name));
        Standing { status, version, groups, queues, alarms, priorities, left }
    }

    /// Change sets of the stack that nobody executed.
    fn change_sets(&self) -> Vec<String> {
        let look = |world: &localcloud::World| {
            let stack = world.cloudformation.find(self.stack)?;
            let executed = stack.change_set_id.clone();
            let unexecuted = stack.change_sets.keys().filter(|id| Some(*id) != executed.as_ref());
            Some(unexecuted.map(|id| format!("change set {id}")).collect())
        };
        self.local.inspect(look).expect("a sound world").unwrap_or_default()
    }
}

/// What an address meets: the first rule that is about it, and about whatever it asks for. A rule that is only about some
/// paths or hosts lets it through to the platform on those.
fn way(rules: &[Tree], from: Ipv4Addr) -> Way {
    for rule in rules {
        let conditions = rule.list("Conditions");
        let mut about_all = true;
        let mut about_them = true;
        for condition in &conditions {
            let values = |config: &str| -> Vec<String> {
                let of_config = condition.get(config).map(|config| config.list("Values"));
                let values = of_config.unwrap_or_else(|| condition.list("Values"));
                values.into_iter().map(|value| value.text).collect()
            };
            match condition.text("Field").as_str() {
                "source-ip" => {
                    about_them &= values("SourceIpConfig").iter().any(|block| covers(block, from));
                }
                "path-pattern" => {
                    about_all &=
                        values("PathPatternConfig").iter().any(|pattern| pattern == "*" || pattern == "/*");
                }
                _ => about_all = false,
            }
        }
        if !about_them {
            continue;
        }
        let page = rule.list("Actions").iter().any(|action| {
            action.get("FixedResponseConfig").is_some_and(|page| page.text("StatusCode") == "503")
        });
        match (page, about_all) {
            (true, true) => return Way::MaintenancePage,
            (false, _) => return Way::Platform,
            (true, false) => {}
        }
    }
    Way::Platform
}

/// Whether a CIDR block covers an address; one of IPv6 doesn't.
fn covers(block: &str, address: Ipv4Addr) -> bool {
    let Some((base, length)) = block.split_once('/') else { return false };
    let (Ok(base), Ok(length)) = (base.parse::<Ipv4Addr>(), length.parse::<u32>()) else { return false };
    let shift = 32_u32.saturating_sub(length);
    let network = |address: Ipv4Addr| u32::from(address).checked_shr(shift).unwrap_or(0);
    network(base) == network(address)
}

/// The gate was in nobody's way before, stood before everything while anything was disturbed, and was opened once.
pub fn check_gate(looks: &[Look], what: &str) {
    for look in looks {
        if !look.disturbed.is_empty() {
            assert_eq!(
                look.stranger,
                Way::MaintenancePage,
                "{what}: users are let in while {:?} (at {})",
                look.disturbed,
                look.at
            );
        }
    }
    let turns = looks.windows(2).filter(|pair| pair[0].stranger != pair[1].stranger).count();
    assert!(turns <= 2, "{what}: the gate was closed and opened more than once");
}

/// A Query service's answer: an element, its text and what is in it.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    pub text: String,
    children: Vec<(String, Tree)>,
}

impl Tree {
    /// Read XML; what isn't XML ends it.
    pub fn read(xml: &str) -> Tree {
        let mut reader = Reader::from_str(xml);
        let mut open = vec![(String::new(), Tree::default())];
        loop {
            match reader.read_event() {
                Ok(Event::Start(element)) => {
                    open.push((element.local_name().as_ref().to_owned(), Tree::default()));
                }
                Ok(Event::Text(part)) => {
                    if let Some((_, tree)) = open.last_mut() {
                        tree.text.push_str(part.trim());
                    }
                }
                Ok(Event::Empty(element)) => {
                    if let Some((_, tree)) = open.last_mut() {
                        let name = element.local_name().as_ref().to_owned();
                        tree.children.push((name, Tree::default()));
                    }
                }
                Ok(Event::End(_)) => {
                    if let (Some(closed), Some((_, parent))) = (open.pop(), open.last_mut()) {
                        parent.children.push(closed);
                    }
                }
                Ok(Event::Eof) | Err(_) => break,
                Ok(_) => {}
            }
        }
        open.into_iter().next().map(|(_, tree)| tree).unwrap_or_default()
    }

    /// The first element of this name directly in it.
    pub fn get(&self, name: &str) -> Option<&Tree> {
        self.children.iter().find(|(one, _)| one == name).map(|(_, tree)| tree)
    }

    /// Its text; empty when it isn't there.
    pub fn text(&self, name: &str) -> String {
        self.get(name).map(|tree| tree.text.clone()).unwrap_or_default()
    }

    /// The members of the list of this name, wherever it is below.
    pub fn list(&self, name: &str) -> Vec<Tree> {
        match self.get(name) {
            Some(list) => list.children.iter().map(|(_, member)| member.clone()).collect(),
            None => self
                .children
                .iter()
                .map(|(_, tree)| tree.list(name))
                .find(|list| !list.is_empty())
                .unwrap_or_default(),
        }
    }
}
