//! The ways in: which listeners there are, and what becomes of each while maintenance lasts. The gate is every way in: a
//! listener that nobody has judged lets users in.
//!
//! Judgement only; the listeners were looked at ([`crate::Circumstances::listeners`]).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::circumstances::ListenerRule;
use crate::deployment::Deployment;
use crate::draft::{DraftError, ReleaseSide};
use crate::observation::{DoorSeen, LogicalResource};
use crate::plan::Gate;

/// Why the gate can't be closed on the listener of another balancer.
pub(crate) const HAS_NO_RULES: &str = "only listeners of an application load balancer have rules";

/// A listener of one of the deployment's load balancers, as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerSeen {
    /// Its ARN; a classic load balancer, whose listeners have none, is its name.
    pub arn: String,
    /// Its name in the template; `None`: it is not the stack's.
    pub logical_id: Option<String>,
    /// The load balancer's name.
    pub balancer: String,
    /// The load balancer's kind.
    pub kind: BalancerKind,
    /// Reached from the load balancer's own networks only.
    pub internal: bool,
    /// Such as `HTTPS`; empty for a classic load balancer, which is one door whatever its listeners.
    pub protocol: String,
    /// 1 to 65535; 0 for a classic load balancer.
    pub port: u16,
    /// Where it leads when all that it does is to lead elsewhere; empty: it serves by itself.
    pub leads_to: Vec<LeadsTo>,
    /// Its rules, the default one included.
    pub rules: Vec<ListenerRule>,
    /// The same as a door: which of them are the gate's.
    pub door: DoorSeen,
}

/// Where a redirect, or a target group of type `alb`, leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadsTo {
    /// The load balancer's name.
    pub balancer: String,
    /// The listener's port.
    pub port: u16,
}

/// A kind of load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BalancerKind {
    /// Its listeners have rules, so they can be closed.
    Application,
    /// Its listeners have none.
    Network,
    /// The kind before both: it has none either.
    Classic,
}

/// Where users may come in: load balancers and listeners, to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WaysIn {
    /// The stack's application, network and gateway load balancers.
    pub balancers: Vec<LogicalResource>,
    /// The stack's listeners, some of them perhaps on load balancers of others.
    pub listeners: Vec<LogicalResource>,
    /// The stack's classic load balancers.
    pub classic: Vec<LogicalResource>,
    /// The stack's nested stacks, whose ways in are the deployment's as well.
    pub nested: Vec<LogicalResource>,
    /// ARNs of listeners that the owner names and that aren't the stack's.
    pub named: Vec<String>,
}

impl WaysIn {
    /// Those of a deployment, by its template, and those that its owner names.
    ///
    /// # Errors
    /// The deployed template can't be read, or its parameters don't fit.
    pub fn find(deployment: &Deployment, words: &BTreeMap<String, DoorWord>) -> Result<WaysIn, DraftError> {
        let template = ReleaseSide::deployed(deployment)?.template;
        let of_type = |type_name: &str| -> Vec<LogicalResource> {
            let is = |one: &&LogicalResource| {
                template.resources.get(&one.logical_id).is_some_and(|found| found.type_name == type_name)
            };
            deployment.resources.iter().filter(is).cloned().collect()
        };
        let listeners = of_type("AWS::ElasticLoadBalancingV2::Listener");
        let is_own = |arn: &&String| listeners.iter().any(|one| one.physical_id == **arn);
        let named = words.keys().filter(|name| name.starts_with("arn:") && !is_own(name)).cloned().collect();
        Ok(WaysIn {
            balancers: of_type("AWS::ElasticLoadBalancingV2::LoadBalancer"),
            classic: of_type("AWS::ElasticLoadBalancing::LoadBalancer"),
            nested: of_type("AWS::CloudFormation::Stack"),
            listeners,
            named,
        })
    }
}

/// What the owner says of a listener, by its name in the template or its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DoorWord {
    /// Users come through it, though it isn't the stack's: it is closed.
    Users,
    /// Users don't come through it.
    NotForUsers {
        /// Why not.
        reason: String,
    },
    /// Users come through it, and it stays open all the same.
    StaysOpen { reason: String },
}

/// A listener and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedDoor {
    /// Its name in the template, or in words where it has none; its ARN.
    pub listener: LogicalResource,
    /// Such as `HTTPS:443 of web`.
    pub words: String,
    /// What becomes of it.
    pub closing: Closing,
}

/// What becomes of a listener while maintenance lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Closing {
    /// Rules of ours answer everybody.
    ByRules(Gate),
    /// It only leads to others that are closed.
    LeadsToClosed { to: Vec<String> },
    /// Its owner says that users don't come through it.
    NotForUsers {
        /// Why not.
        reason: String,
    },
    /// Its owner says that it stays open.
    StaysOpen { reason: String },
    /// Nothing that we may do closes it.
    CantBeClosed {
        /// Why not.
        why: String,
    },
}

impl ListenerSeen {
    /// Its name in the template; in words where it has none.
    #[must_use]
    pub fn name(&self) -> String {
        self.logical_id.clone().unwrap_or_else(|| self.words())
    }

    /// Such as `HTTPS:443 of web`.
    #[must_use]
    pub fn words(&self) -> String {
        let place = match self.kind {
            BalancerKind::Application => format!("{}:{} of {}", self.protocol, self.port, self.balancer),
            BalancerKind::Network => {
                format!("{}:{} of network load balancer {}", self.protocol, self.port, self.balancer)
            }
            BalancerKind::Classic => format!("classic load balancer {}", self.balancer),
        };
        if self.internal { format!("{place}, internal") } else { place }
    }

    /// How the settings name it: a key of TOML.
    #[must_use]
    pub fn key(&self) -> String {
        let name = self.logical_id.as_ref().unwrap_or(&self.arn);
        // That of a nested stack's has a slash in it.
        let is_bare = name.chars().all(|letter| letter.is_ascii_alphanumeric());
        if is_bare { name.clone() } else { format!("\"{name}\"") }
    }

    /// The listener as the stack names it.
    #[must_use]
    pub fn resource(&self) -> LogicalResource {
        LogicalResource { logical_id: self.name(), physical_id: self.arn.clone() }
    }

    fn said<'w>(&self, words: &'w BTreeMap<String, DoorWord>) -> Option<&'w DoorWord> {
        self.logical_id.as_ref().and_then(|id| words.get(id)).or_else(|| words.get(&self.arn))
    }
}

/// What is to become of a listener, before it is known whether the gate's rules fit on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// Close it by rules.
    Close,
    /// Something else.
    Other(Closing),
}

/// What is to become of every listener, by what the owner says of some.
#[must_use]
pub fn judge<'l>(
    listeners: &'l [ListenerSeen],
    words: &BTreeMap<String, DoorWord>,
) -> Vec<(&'l ListenerSeen, Judged)> {
    let serves = |listener: &ListenerSeen| {
        listener.kind == BalancerKind::Application && leads_inside(listener, listeners).is_none()
    };
    let closes = |listener: &ListenerSeen| match listener.said(words) {
        Some(DoorWord::Users) => listener.kind == BalancerKind::Application,
        Some(DoorWord::NotForUsers { .. } | DoorWord::StaysOpen { .. }) => false,
        None => serves(listener),
    };
    let judged = |listener: &'l ListenerSeen| {
        match listener.said(words) {
            Some(DoorWord::NotForUsers { reason }) => {
                return Judged::Other(Closing::NotForUsers { reason: reason.clone() });
            }
            Some(DoorWord::StaysOpen { reason }) => {
                return Judged::Other(Closing::StaysOpen { reason: reason.clone() });
            }
            Some(DoorWord::Users) | None => {}
        }
        if closes(listener) {
            return Judged::Close;
        }
        match leads_inside(listener, listeners) {
            Some(behind) if behind.iter().all(|one| closes(one)) => {
                let to = behind.iter().map(|one| one.name()).collect();
                Judged::Other(Closing::LeadsToClosed { to })
            }
            // What it leads to stays open, so it is closed itself where it has rules.
            Some(_) | None => match listener.kind {
                BalancerKind::Application => Judged::Close,
                BalancerKind::Network | BalancerKind::Classic => {
                    let why = HAS_NO_RULES.to_owned();
                    Judged::Other(Closing::CantBeClosed { why })
                }
            },
        }
    };
    listeners.iter().map(|listener| (listener, judged(listener))).collect()
}

/// The listeners that it leads to, when all that it does is to lead to listeners that are known.
fn leads_inside<'l>(listener: &ListenerSeen, all: &'l [ListenerSeen]) -> Option<Vec<&'l ListenerSeen>> {
    if listener.leads_to.is_empty() {
        return None;
    }
    let found = listener.leads_to.iter().map(|place| {
        all.iter()
            .find(|one| one.balancer == place.balancer && one.port == place.port && one.leads_to.is_empty())
    });
    found.collect()
}

impl Closing {
    /// What becomes of the listener, to follow its name.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Closing::ByRules(gate) => format!("closes, by a rule of priority {}", gate.priority),
            Closing::LeadsToClosed { to } => format!("leads only to {}, which closes", to.join(", ")),
            Closing::NotForUsers { reason } => format!("is not for users: {reason}"),
            Closing::StaysOpen { reason } => format!("stays open, by the settings: {reason}"),
            Closing::CantBeClosed { why } => format!("can't be closed: {why}"),
        }
    }
}

impl PlannedDoor {
    /// The gate's rules on it, where it is closed by rules.
    #[must_use]
    pub fn gate(&self) -> Option<&Gate> {
        match &self.closing {
            Closing::ByRules(gate) => Some(gate),
            Closing::LeadsToClosed { .. }
            | Closing::NotForUsers { .. }
            | Closing::StaysOpen { .. }
            | Closing::CantBeClosed { .. } => None,
        }
    }

    /// Its name in the template with its place, such as `Https (HTTPS:443 of web)`.
    #[must_use]
    pub fn name(&self) -> String {
        let Self { listener, words, closing: _ } = self;
        let name = &listener.logical_id;
        if name == words { name.clone() } else { format!("{name} ({words})") }
    }

    /// What becomes of it, in a sentence's end.
    #[must_use]
    pub fn in_words(&self) -> String {
        format!("{} {}", self.name(), self.closing.in_words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(
        name: &str,
        kind: BalancerKind,
        place: (&str, u16),
        leads_to: &[(&str, u16)],
    ) -> ListenerSeen {
        ListenerSeen {
            arn: format!("arn:{name}"),
            logical_id: Some(name.to_owned()),
            balancer: place.0.to_owned(),
            kind,
            internal: false,
            protocol: "HTTPS".to_owned(),
            port: place.1,
            leads_to: leads_to
                .iter()
                .map(|(balancer, port)| LeadsTo { balancer: (*balancer).to_owned(), port: *port })
                .collect(),
            rules: Vec::new(),
            door: DoorSeen {
                listener_arn: format!("arn:{name}"),
                exists: true,
                rules: Vec::new(),
                others: Vec::new(),
            },
        }
    }

    #[test]
    fn every_way_in_is_judged() {
        use BalancerKind::{Application, Classic, Network};
        let listeners = [
            listener("Https", Application, ("web", 443), &[]),
            listener("Http", Application, ("web", 80), &[("web", 443)]),
            listener("Forwards", Application, ("web", 8080), &[]),
            listener("Elsewhere", Application, ("web", 81), &[("other", 443)]),
            listener("ToOpen", Application, ("web", 82), &[("api", 443)]),
            listener("Api", Application, ("api", 443), &[]),
            listener("Front", Network, ("front", 443), &[("web", 443)]),
            listener("Tcp", Network, ("tcp", 22), &[]),
            listener("Old", Classic, ("old", 0), &[]),
        ];
        let reason = "workers call it".to_owned();
        let words = BTreeMap::from([
            ("Api".to_owned(), DoorWord::NotForUsers { reason: reason.clone() }),
            ("arn:Old".to_owned(), DoorWord::StaysOpen { reason: reason.clone() }),
        ]);
        let told: BTreeMap<String, Judged> = judge(&listeners, &words)
            .into_iter()
            .map(|(listener, judged)| (listener.name(), judged))
            .collect();
        let https = || vec!["Https".to_owned()];
        for (name, expected) in [
            ("Https", Judged::Close),
            ("Http", Judged::Other(Closing::LeadsToClosed { to: https() })),
            ("Forwards", Judged::Close),
            ("Elsewhere", Judged::Close),
            ("ToOpen", Judged::Close),
            ("Api", Judged::Other(Closing::NotForUsers { reason: reason.clone() })),
            ("Front", Judged::Other(Closing::LeadsToClosed { to: https() })),
            (
                "Tcp",
                Judged::Other(Closing::CantBeClosed {
                    why: "only listeners of an application load balancer have rules".to_owned(),
                }),
            ),
            ("Old", Judged::Other(Closing::StaysOpen { reason })),
        ] {
            assert_eq!(told.get(name), Some(&expected), "{name}");
        }
    }
}
