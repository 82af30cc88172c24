//! What somebody sees of a rehearsed deployment who knows nothing of the run: the cloud, asked before the run and after it. Whether a run
//! is what it says of itself is judged by this, never by its own state.

use std::collections::BTreeMap;

use conductor::Clock;
use localcloud::LocalCloud;
use serde_json::json;

use super::summary::End;
use crate::error::CliError;
use crate::seed::answer::{records, texts};
use crate::seed::{Caller, SeedError};

/// The tag with which maintenance notes on things how they were.
const NOTE: &str = "slackwater:before";

/// How a deployment's cloud stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Pages of a closed gate on any listener: fixed responses with status 503.
    gate_pages: usize,
    /// Notes of maintenance on groups, queues and alarms.
    notes: usize,
    /// Whether they take jobs, by ARN.
    queues: BTreeMap<String, bool>,
    /// Least, greatest and desired size, by name.
    groups: BTreeMap<String, [String; 3]>,
    /// Whether they act, by name.
    alarms: BTreeMap<String, bool>,
}

impl Standing {
    /// Look. Nothing of it counts as a call of the run.
    ///
    /// # Errors
    /// The cloud refuses to be looked at.
    pub async fn look(cloud: &LocalCloud, clock: Clock) -> Result<Standing, CliError> {
        let caller = Caller::in_process(cloud.clone(), clock);
        let mut standing = Standing::default();
        for page in pages(&caller, "autoscaling", "DescribeAutoScalingGroups", &[]).await? {
            standing.notes += page.matches(NOTE).count();
            for mut group in records(&page, "AutoScalingGroups") {
                let sizes = ["MinSize", "MaxSize", "DesiredCapacity"]
                    .map(|size| group.remove(size).unwrap_or_default());
                standing.groups.insert(group.remove("AutoScalingGroupName").unwrap_or_default(), sizes);
            }
        }
        let path = "/v1/describejobqueues";
        let queues = caller.json("batch", "batch:DescribeJobQueues", "POST", path, &json!({})).await?;
        let queues = queues["jobQueues"].as_array().into_iter().flatten();
        // One that CloudFormation could not delete to the end is out of anybody's hands.
        for queue in queues.filter(|queue| queue["status"] != "DELETING") {
            standing.notes += queue.to_string().matches(NOTE).count();
            let arn = queue["jobQueueArn"].as_str().unwrap_or_default().to_owned();
            standing.queues.insert(arn, queue["state"] == "ENABLED");
        }
        standing.gate_pages = gate_pages(&caller).await?;
        for page in pages(&caller, "monitoring", "DescribeAlarms", &[]).await? {
            for mut alarm in records(&page, "MetricAlarms") {
                let acts = alarm.get("ActionsEnabled").is_some_and(|word| word == "true");
                let name = alarm.remove("AlarmName").unwrap_or_default();
                let arn = alarm.remove("AlarmArn").unwrap_or_default();
                let of_alarm = [("ResourceARN".to_owned(), arn)];
                let tags = caller.query("monitoring", "ListTagsForResource", &of_alarm);
                standing.notes += tags.await.map_err(SeedError::from)?.matches(NOTE).count();
                standing.alarms.insert(name, acts);
            }
        }
        Ok(standing)
    }

    /// Pages of a closed gate.
    #[must_use]
    pub fn gate_pages(&self) -> usize {
        self.gate_pages
    }

    pub fn group_names(&self) -> impl Iterator<Item = &str> {
        self.groups.keys().map(String::as_str)
    }

    /// Least, greatest and desired size of a group.
    #[must_use]
    pub fn sizes(&self, group: &str) -> Option<&[String; 3]> {
        self.groups.get(group)
    }

    /// What is not as maintenance has it: a queue that takes jobs, a group that has or wants instances.
    #[must_use]
    pub fn awake(&self) -> Vec<String> {
        let queues = self.queues.iter().filter(|(_, takes_jobs)| **takes_jobs);
        let groups = self.groups.iter().filter(|(_, sizes)| sizes[1] != "0" || sizes[2] != "0");
        let queues = queues.map(|(arn, _)| format!("{arn} takes jobs"));
        queues
            .chain(groups.map(|(name, sizes)| format!("{name} has the sizes {}", sizes.join(", "))))
            .collect()
    }

    /// What is not as a run that came to this end says: `self` is how everything stood before it. Where somebody had resources passed
    /// over (`was_led`), those are whatever they are, and sizes are not looked at.
    #[must_use]
    pub fn wrongs(&self, after: &Standing, end: End, was_led: bool) -> Vec<String> {
        let mut wrongs = Vec::new();
        if !end.is_well() {
            return wrongs;
        }
        if after.gate_pages > self.gate_pages {
            wrongs.push("users are told to be in, and a page of the closed gate stands".to_owned());
        }
        if after.notes > self.notes {
            wrongs.push(format!("{} of maintenance are left", crate::words::counted(after.notes, "note")));
        }
        for (arn, _) in self.queues.iter().filter(|(_, enabled)| **enabled) {
            if after.queues.get(arn) == Some(&false) {
                wrongs.push(format!("{arn} took jobs before and doesn't"));
            }
        }
        for (name, _) in self.alarms.iter().filter(|(_, acts)| **acts) {
            if after.alarms.get(name) == Some(&false) {
                wrongs.push(format!("the alarm {name} acted before and doesn't"));
            }
        }
        for (name, before) in self.groups.iter().filter(|_| !was_led) {
            let Some(now) = after.groups.get(name).filter(|now| *now != before) else { continue };
            // A release that finished may define other sizes, but not none where there were some.
            let is_emptied = now[1] == "0" && before[1] != "0";
            if end == End::RolledBack || is_emptied {
                wrongs.push(format!("{name} had the sizes {} and has {}", before.join(", "), now.join(", ")));
            }
        }
        wrongs
    }
}

/// Pages of a closed gate on any listener: fixed responses with status 503.
///
/// # Errors
/// The cloud doesn't answer.
pub(crate) async fn gate_pages(caller: &Caller) -> Result<usize, CliError> {
    let mut found = 0;
    for page in pages(caller, "elasticloadbalancing", "DescribeLoadBalancers", &[]).await? {
        for balancer in texts(&page, "LoadBalancerArn") {
            let of_balancer = [("LoadBalancerArn".to_owned(), balancer)];
            for page in pages(caller, "elasticloadbalancing", "DescribeListeners", &of_balancer).await? {
                for listener in texts(&page, "ListenerArn") {
                    let of_listener = [("ListenerArn".to_owned(), listener)];
                    for rules in pages(caller, "elasticloadbalancing", "DescribeRules", &of_listener).await? {
                        found += texts(&rules, "StatusCode").iter().filter(|code| *code == "503").count();
                    }
                }
            }
        }
    }
    Ok(found)
}

/// Every page of an answer.
async fn pages(
    caller: &Caller,
    service: &'static str,
    operation: &str,
    fields: &[(String, String)],
) -> Result<Vec<String>, CliError> {
    let (mut pages, mut asked) = (Vec::new(), fields.to_vec());
    loop {
        let page = caller.query(service, operation, &asked).await.map_err(SeedError::from)?;
        let next = [("NextToken", "NextToken"), ("NextMarker", "Marker")]
            .into_iter()
            .find_map(|(told, field)| Some((field.to_owned(), texts(&page, told).into_iter().next()?)));
        pages.push(page);
        let Some(next) = next.filter(|(_, token)| !token.is_empty()) else { return Ok(pages) };
        asked = fields.to_vec();
        asked.push(next);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{End, Standing};

    fn standing() -> Standing {
        let sizes = ["0", "4", "2"].map(str::to_owned);
        Standing {
            gate_pages: 0,
            notes: 0,
            queues: BTreeMap::from([("queue".to_owned(), true)]),
            groups: BTreeMap::from([("workers".to_owned(), sizes)]),
            alarms: BTreeMap::from([("busy".to_owned(), true)]),
        }
    }

    /// Something is done to how it stands.
    type Done = fn(&mut Standing);

    #[test]
    fn what_is_left_behind_is_seen() {
        let before = standing();
        let emptied = |standing: &mut Standing| {
            standing.groups.insert("workers".to_owned(), ["0", "0", "0"].map(str::to_owned));
        };
        let resized = |standing: &mut Standing| {
            standing.groups.insert("workers".to_owned(), ["0", "8", "2"].map(str::to_owned));
        };
        let cases: [(Done, End, bool, bool); 9] = [
            (|_| {}, End::Finished, false, false),
            (|standing| standing.gate_pages = 1, End::Finished, false, true),
            (|standing| standing.gate_pages = 1, End::KeptOut, false, false),
            (|standing| standing.notes = 1, End::RolledBack, true, true),
            (|standing| standing.queues.extend([("queue".to_owned(), false)]), End::Finished, false, true),
            (|standing| standing.alarms.extend([("busy".to_owned(), false)]), End::RolledBack, false, true),
            (emptied, End::Finished, false, true),
            (resized, End::Finished, false, false),
            (resized, End::RolledBack, false, true),
        ];
        for (number, (done, end, was_led, is_wrong)) in cases.into_iter().enumerate() {
            let mut after = standing();
            done(&mut after);
            assert_eq!(!before.wrongs(&after, end, was_led).is_empty(), is_wrong, "case {number}");
        }
        let mut after = standing();
        after.queues.clear();
        assert_eq!(
            before.wrongs(&after, End::Finished, false),
            Vec::<String>::new(),
            "what the release removes"
        );
    }
}
