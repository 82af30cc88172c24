//! Where AWS's own console shows what a run is about. A local cloud has none.

use std::fmt::Write as _;

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
    fn a_log_group_is_spelled_as_the_console_spells_it() {
        let console = Console::of_stack("arn:aws:cloudformation:us-east-1:1:stack/lab/1").expect("one");
        let page = console.log_group("/aws/lambda/lab");
        assert!(page.ends_with("#logsV2:log-groups/log-group/$252Faws$252Flambda$252Flab"), "{page}");
    }
}
