//! Ways in that are no load balancer's listener. Nothing closes them and nothing looks at them; what can be done is to name them.

use template::{Evaluation, Outside, ReferenceTarget, Resource};

use crate::deployment::Deployment;
use crate::draft::{DraftError, ReleaseSide, pseudo};

/// Types that people may come in by, and what they are called.
const WAYS: [(&str, &str); 4] = [
    ("AWS::ApiGateway::RestApi", "API Gateway"),
    ("AWS::ApiGatewayV2::Api", "API Gateway"),
    ("AWS::AppRunner::Service", "App Runner"),
    (DISTRIBUTION, "CloudFront"),
];

const DISTRIBUTION: &str = "AWS::CloudFront::Distribution";

const BALANCERS: [&str; 2] =
    ["AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancing::LoadBalancer"];

/// The stack's own, such as `Api (API Gateway)`. A distribution before a load balancer of the stack is left out: it is as open
/// as that one is.
///
/// # Errors
/// The deployed template can't be read, or its parameters don't fit.
pub fn unjudged_ways(deployment: &Deployment) -> Result<Vec<String>, DraftError> {
    let deployed = ReleaseSide::deployed(deployment)?;
    let (pseudo, outside) = (pseudo(deployment), Outside::default());
    let evaluation = Evaluation::new(&deployed.template, &deployed.parameters, &pseudo, &outside)?;
    let word = |resource: &Resource| {
        let (_, word) = WAYS.iter().find(|(type_name, _)| resource.type_name == *type_name)?;
        let is_judged = resource.type_name == DISTRIBUTION && leads_to_balancer(&evaluation, resource);
        (!is_judged).then(|| format!("{} ({word})", resource.logical_id))
    };
    Ok(evaluation.active_resources().filter_map(word).collect())
}

fn leads_to_balancer(evaluation: &Evaluation<'_>, distribution: &Resource) -> bool {
    let origins = distribution
        .properties
        .as_ref()
        .and_then(|properties| properties.get("DistributionConfig")?.get("Origins"));
    origins.is_some_and(|origins| {
        evaluation.references(origins).iter().any(|reference| match &reference.target {
            ReferenceTarget::Resource { logical_id, .. } => {
                let found = evaluation.template().resources.get(logical_id);
                found.is_some_and(|one| BALANCERS.contains(&one.type_name.as_str()))
            }
            ReferenceTarget::Parameter(_) | ReferenceTarget::Pseudo(_) => false,
        })
    })
}
