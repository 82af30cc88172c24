//! An authorizer of a REST API: a user pool, or a function that is asked.

use super::document::{Part, PartMap, Word};
use super::key_order::KeyOrder;
use crate::node::Node;
use crate::serverless::problem::Expanded;
use crate::serverless::source::Source;

const KEY: &str = "x-amazon-apigateway-authorizer";

/// An authorizer.
pub(super) struct Authorizer {
    given: Node,
    is_signed: bool,
}

impl Authorizer {
    /// AWS's own way to sign calls.
    pub(super) fn signed() -> Authorizer {
        Authorizer { given: Node::from_pairs([]), is_signed: true }
    }

    /// All of an API, in the order in which the transform takes them.
    pub(super) fn all(source: &Source, given: Option<&Node>) -> Expanded<Vec<(String, Authorizer)>> {
        let Some(given) = given.filter(|given| given.is_something()) else {
            return Ok(Vec::new());
        };
        if given.as_mapping().is_none() {
            return source.wrong("Auth.Authorizers is a map");
        }
        let order = KeyOrder::of(given.pairs().map(|(name, _)| name));
        let mut all = Vec::new();
        for name in order.keys() {
            let Some(one) = given.get(name).filter(|one| one.as_mapping().is_some()) else {
                return source.wrong(format!("the authorizer {name} is a map"));
            };
            check(source, name, one)?;
            all.push((name.to_owned(), Authorizer { given: one.clone(), is_signed: false }));
        }
        Ok(all)
    }

    /// The function that is asked, if the API is to be allowed to call it.
    pub(super) fn called(&self) -> Option<&Node> {
        let is_left_out = self.something("DisableFunctionDefaultPermissions").is_some();
        self.something("FunctionArn").filter(|_| !is_left_out)
    }

    /// The scopes that a caller needs.
    pub(super) fn scopes(&self) -> Part {
        self.given.get("AuthorizationScopes").map_or_else(|| Part::List(Vec::new()), Part::given)
    }

    fn something(&self, name: &str) -> Option<&Node> {
        self.given.get(name).filter(|one| one.is_something())
    }

    fn identity(&self, name: &str) -> Option<&Node> {
        self.something("Identity").and_then(|identity| identity.get(name))
    }

    /// The definition of it in an API's description.
    pub(super) fn definition(&self, source: &Source, partition: &str) -> Expanded<PartMap> {
        let pool = self.something("UserPoolArn");
        let asks_function = !self.is_signed && pool.is_none();
        let by_request = self.something("FunctionPayloadType").and_then(Node::as_str) == Some("REQUEST");
        let header = self.identity("Header").filter(|one| one.is_something());
        let mut made = PartMap::hashed();
        made.put("type", "apiKey");
        match header {
            _ if asks_function && by_request => made.put("name", "Unused"),
            Some(header) => made.put("name", Part::given(header)),
            None => made.put("name", "Authorization"),
        }
        made.put("in", "header");
        let kind = match (self.is_signed, pool) {
            (true, _) => "awsSigv4",
            (false, Some(_)) => "cognito_user_pools",
            (false, None) => "custom",
        };
        made.put("x-amazon-apigateway-authtype", kind);
        let mut authorizer = PartMap::hashed();
        if let Some(pool) = pool {
            authorizer.put("type", "cognito_user_pools");
            let pools = match pool.as_sequence() {
                Some(_) => Part::given(pool),
                None => Part::List(vec![Part::given(pool)]),
            };
            authorizer.put("providerARNs", pools);
        } else if asks_function {
            authorizer.put("type", if by_request { "request" } else { "token" });
            authorizer.put("authorizerUri", self.function_uri(source, partition)?);
            if let Some(seconds) = self.identity("ReauthorizeEvery") {
                authorizer.put("authorizerResultTtlInSeconds", Part::given(seconds));
            }
            if let Some(role) =
                self.something("FunctionInvokeRole").filter(|role| role.as_str() != Some("NONE"))
            {
                authorizer.put("authorizerCredentials", Part::given(role));
            }
            if let Some(sources) = self.identity_source(source)?.filter(|_| by_request) {
                authorizer.put("identitySource", sources);
            }
        }
        if let Some(expression) = self.identity("ValidationExpression").filter(|one| one.is_something())
            && (pool.is_some() || (asks_function && !by_request))
        {
            authorizer.put("identityValidationExpression", Part::given(expression));
        }
        if !self.is_signed {
            made.put(KEY, authorizer);
        }
        Ok(made)
    }

    /// The address under which API Gateway asks the function.
    fn function_uri(&self, source: &Source, partition: &str) -> Expanded<Part> {
        let Some(arn) = self.given.get("FunctionArn") else {
            return source.unknown("an authorizer without UserPoolArn and FunctionArn");
        };
        let text = format!(
            "arn:{partition}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{__FunctionArn__}}/invocations"
        );
        let variables = Part::plain("__FunctionArn__", Part::given(arn));
        Ok(Part::plain("Fn::Sub", Part::List(vec![Part::from(text.as_str()), variables])))
    }

    /// Where in a request a caller says who it is.
    fn identity_source(&self, source: &Source) -> Expanded<Option<Word>> {
        let mut found = Vec::new();
        for (name, prefix) in [
            ("Headers", "method.request.header."),
            ("QueryStrings", "method.request.querystring."),
            ("StageVariables", "stageVariables."),
            ("Context", "context."),
        ] {
            let Some(values) = self.identity(name).filter(|one| one.is_something()) else {
                continue;
            };
            let texts: Option<Vec<&str>> =
                values.as_sequence().and_then(|values| values.iter().map(Node::as_str).collect());
            let Some(texts) = texts else {
                return source.wrong(format!("Identity.{name} is a list of texts"));
            };
            found.extend(texts.into_iter().map(|text| format!("{prefix}{text}")));
        }
        Ok((!found.is_empty()).then(|| Word::given(found.join(", "))))
    }
}

fn check(source: &Source, name: &str, given: &Node) -> Expanded<()> {
    let payload = given.get("FunctionPayloadType").map(Node::as_str);
    if !matches!(payload, None | Some(Some("TOKEN" | "REQUEST"))) {
        return source.wrong(format!("FunctionPayloadType of the authorizer {name} is TOKEN or REQUEST"));
    }
    let identity = given.get("Identity").filter(|one| one.is_something());
    if identity.is_some_and(|identity| identity.as_mapping().is_none()) {
        return source.wrong(format!("Identity of the authorizer {name} is a map"));
    }
    if payload == Some(Some("REQUEST")) {
        let says = |one: &&str| identity.and_then(|all| all.get(one)).is_some_and(Node::is_something);
        let says_where = ["Headers", "QueryStrings", "StageVariables", "Context"].iter().any(says);
        let seconds = identity.and_then(|all| all.get("ReauthorizeEvery")).and_then(Node::scalar_text);
        let asks_always =
            seconds.and_then(|text| text.trim().parse::<f64>().ok()).is_some_and(|one| one < 1.0);
        let is_never_kept = identity.is_some() && asks_always;
        if !says_where && !is_never_kept {
            return source.wrong(format!(
                "Identity of the authorizer {name} needs Headers, QueryStrings, StageVariables or Context"
            ));
        }
    }
    if given.get("AuthorizationScopes").is_some_and(|scopes| scopes.as_sequence().is_none()) {
        return source.wrong(format!("AuthorizationScopes of the authorizer {name} is a list"));
    }
    if given.get("DisableFunctionDefaultPermissions").is_some_and(|one| one.as_bool().is_none()) {
        return source
            .wrong(format!("DisableFunctionDefaultPermissions of the authorizer {name} is true or false"));
    }
    Ok(())
}
