//! Where AWS's own console shows what a run is about. A local cloud has none.

use std::fmt::Write as _;

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use upgrade::StackEvent;

/// How long before a failure the call that failed may lie: CloudFormation repeats some, and waits for what others bring about.
const CALLS_BEFORE: Duration = Duration::minutes(30);

/// CloudTrail's times are the calls', CloudFormation's those of its own events.
const CALLS_AFTER: Duration = Duration::minutes(1);

/// Services without Regions, whose calls CloudTrail keeps in one (CloudTrail User Guide, "Global service events").
const GLOBAL_SERVICES: [&str; 4] =
    ["AWS::IAM::", "AWS::CloudFront::", "AWS::Route53::", "AWS::Organizations::"];

/// A stack in AWS's console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Console {
    host: String,
    region: String,
    stack_id: String,
}

impl Console {
    /// Of a stack, by its ARN; `None`: it is none of a partition whose console is known.
    pub(crate) fn of_stack(stack_id: &str) -> Option<Console> {
        let mut parts = stack_id.split(':');
        let (arn, partition, service, region) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if arn != "arn" || service != "cloudformation" || region.is_empty() {
            return None;
        }
        // Each partition has its console (AWS General Reference, "Service endpoints").
        let domain = match partition {
            "aws" => "console.aws.amazon.com",
            "aws-cn" => "console.amazonaws.cn",
            "aws-us-gov" => "console.amazonaws-us-gov.com",
            _ => return None,
        };
        let (region, stack_id) = (region.to_owned(), stack_id.to_owned());
        Some(Console { host: format!("{region}.{domain}"), region, stack_id })
    }

    /// The stack's pages: each with its name.
    pub(crate) fn pages(&self) -> [(&'static str, String); 4] {
        let page = |place: &str| {
            let Console { host, region, stack_id } = self;
            let stack = encoded(stack_id);
            format!("https://{host}/cloudformation/home?region={region}#/stacks/{place}?stackId={stack}")
        };
        [
            ("Stack", page("stackinfo")),
            ("Events", page("events")),
            ("Resources", page("resources")),
            ("Change sets", page("changesets")),
        ]
    }

    /// CloudTrail's record of what was changed, or refused, up to a failure; `None`: it has no time.
    pub(crate) fn calls_before(&self, event: &StackEvent) -> Option<String> {
        let failed_at = OffsetDateTime::parse(&event.timestamp, &Rfc3339).ok()?;
        let time = |at: Option<OffsetDateTime>| Some(encoded(&at?.format(&Rfc3339).ok()?));
        let (from, to) =
            (time(failed_at.checked_sub(CALLS_BEFORE))?, time(failed_at.checked_add(CALLS_AFTER))?);
        let is_global = GLOBAL_SERVICES.iter().any(|prefix| event.resource_type.starts_with(prefix));
        let (host, region) = match self.host.split_once('.') {
            Some((_, domain @ "console.aws.amazon.com")) if is_global => {
                (format!("us-east-1.{domain}"), "us-east-1")
            }
            _ => (self.host.clone(), self.region.as_str()),
        };
        let filter = format!("ReadOnly=false&StartTime={from}&EndTime={to}");
        Some(format!("https://{host}/cloudtrailv2/home?region={region}#/events?{filter}"))
    }

    /// A log group.
    pub(crate) fn log_group(&self, name: &str) -> String {
        let Console { host, region, stack_id: _ } = self;
        // Its own spelling: what is encoded is encoded once more, with a dollar for the percent sign.
        let name = encoded(&encoded(name)).replace('%', "$");
        format!("https://{host}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/{name}")
    }
}

/// As a part of an address.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Console;

    #[test]
    fn a_stack_is_found_in_the_console_of_its_own_partition_and_region() {
        let of = |partition: &str, region: &str| {
            Console::of_stack(&format!("arn:{partition}:cloudformation:{region}:1234:stack/lab/1"))
                .map(|console| console.pages()[0].1.clone())
        };
        let page = "https://eu-west-1.console.aws.amazon.com/cloudformation/home?region=eu-west-1#/stacks/stackinfo\
                    ?stackId=arn%3Aaws%3Acloudformation%3Aeu-west-1%3A1234%3Astack%2Flab%2F1";
        assert_eq!(of("aws", "eu-west-1").as_deref(), Some(page));
        let china = of("aws-cn", "cn-north-1").expect("it has one");
        assert!(china.starts_with("https://cn-north-1.console.amazonaws.cn/"), "{china}");
        assert_eq!((of("aws-iso", "us-iso-east-1"), of("aws", "")), (None, None));
        assert_eq!(Console::of_stack("lab\"><script>"), None);
    }

    #[test]
    fn the_calls_before_a_failure_are_where_cloudtrail_keeps_them() {
        let console = Console::of_stack("arn:aws:cloudformation:eu-west-1:1:stack/lab/1").expect("one");
        let of = |resource_type: &str, timestamp: &str| {
            console.calls_before(&upgrade::StackEvent {
                event_id: "1".to_owned(),
                timestamp: timestamp.to_owned(),
                logical_id: "Database".to_owned(),
                physical_id: None,
                resource_type: resource_type.to_owned(),
                status: "UPDATE_FAILED".to_owned(),
                status_reason: None,
                hook: None,
            })
        };
        let page = of("AWS::RDS::DBInstance", "2026-11-25T01:20:03.123Z").expect("it has a time");
        assert!(
            page.starts_with(
                "https://eu-west-1.console.aws.amazon.com/cloudtrailv2/home?region=eu-west-1#/events?"
            ),
            "{page}"
        );
        assert!(
            page.ends_with(
                "ReadOnly=false&StartTime=2026-11-25T00%3A50%3A03.123Z&EndTime=2026-11-25T01%3A21%3A03.123Z"
            ),
            "{page}"
        );
        let global = of("AWS::IAM::Role", "2026-11-25T01:20:03Z").expect("it has a time");
        assert!(
            global
                .starts_with("https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#")
        );
        assert_eq!(of("AWS::IAM::Role", "yesterday"), None);
    }

    #[test]
    fn a_log_group_is_spelled_as_the_console_spells_it() {
        let console = Console::of_stack("arn:aws:cloudformation:us-east-1:1:stack/lab/1").expect("one");
        let page = console.log_group("/aws/lambda/lab");
        assert!(page.ends_with("#logsV2:log-groups/log-group/$252Faws$252Flambda$252Flab"), "{page}");
    }
}
