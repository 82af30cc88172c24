//! Functions and references of a template, before any value is known: do the functions exist, do they have the
//! right arguments, and is everything there that they name?
//!
//! Where a macro will rewrite the template, or loops and includes are still to be expanded, a name may be missing.

use crate::condition_order::condition_order;
use crate::evaluation::{POLICIES, is_pseudo_parameter};
use crate::function::{Call, Function, GetAttArguments, call, get_att_arguments};
use crate::location::Location;
use crate::node::{Entry, Node, NodeKind, Position};
use crate::read_error::TemplateError;
use crate::substitution::{Piece, is_variable_name, pieces};
use crate::template::{LANGUAGE_EXTENSIONS, Template};

type Checked = Result<(), TemplateError>;

/// Checks every function of a template.
pub(crate) fn check(template: &Template) -> Checked {
    let checker = Checker {
        template,
        extensions: template.has_transform(LANGUAGE_EXTENSIONS),
        own_functions: template.transforms.iter().any(|name| !name.starts_with("AWS::")),
        names_may_be_missing: template.unexpanded || template.has_foreign_macro(),
        section: "Conditions",
    };
    for node in template.conditions.values() {
        checker.truth(node)?;
    }
    condition_order(template)?;
    let checker = Checker { section: "Rules", ..checker };
    for rule in template.rules.values() {
        if let Some(node) = &rule.condition {
            checker.truth(node)?;
        }
        for assertion in &rule.assertions {
            checker.truth(&assertion.assert)?;
        }
    }
    let checker = Checker { section: "Resources", ..checker };
    for resource in template.resources.values() {
        if let Some(condition) = &resource.condition {
            checker.condition_name(
                condition,
                checker.attribute_at(&resource.logical_id, "Condition", resource.at),
            )?;
        }
        for id in &resource.depends_on {
            if !template.resources.contains_key(id) && !checker.names_may_be_missing {
                return Err(checker.unresolved(
                    checker.attribute_at(&resource.logical_id, "DependsOn", resource.at),
                    "resource dependency",
                    id,
                    "DependsOn names a resource of this template",
                ));
            }
        }
        for node in [&resource.deletion_policy, &resource.update_replace_policy].into_iter().flatten() {
            checker.policy(node)?;
        }
        for node in resource.evaluated_nodes() {
            checker.values(node)?;
        }
    }
    let checker = Checker { section: "Outputs", ..checker };
    for output in template.outputs.values() {
        if let Some(condition) = &output.condition {
            checker.condition_name(condition, checker.attribute_at(&output.name, "Condition", output.at))?;
        }
        if let Some(found) = call(&output.value)
            && found.function.gives_truth()
        {
            return Err(TemplateError::Structure {
                location: checker.location(found.at),
                reason: format!(
                    "Template format error: the Value field of every Outputs member must evaluate to a String, but {} gives a truth; wrap it in Fn::If",
                    found.function.key()
                ),
            });
        }
        checker.values(&output.value)?;
        if let Some(name) = &output.export_name {
            checker.values(name)?;
            checker.known_beforehand(&output.name, name)?;
            checker.spelled_as_exports_are(&output.name, name)?;
        }
    }
    Ok(())
}

/// What isn't there, of which AWS has words of its own.
pub(crate) const OF_GET_ATT: &str = "resource of Fn::GetAtt";
pub(crate) const OF_SUB: &str = "attribute in Fn::Sub";

#[derive(Clone, Copy)]
struct Checker<'a> {
    template: &'a Template,
    /// `AWS::LanguageExtensions` is declared.
    extensions: bool,
    /// A macro of the vendor's own is declared, which may have functions of its own.
    own_functions: bool,
    names_may_be_missing: bool,
    section: &'static str,
}

impl Checker<'_> {
    fn location(&self, at: Position) -> Location {
        Location::new(&self.template.name, at)
    }

    /// Where the value of an attribute stands; where the member stands if it has none.
    fn attribute_at(&self, member: &str, attribute: &str, member_at: Position) -> Position {
        self.template
            .root
            .get(self.section)
            .and_then(|section| section.get(member)?.get(attribute))
            .map_or(member_at, |node| node.at)
    }

    fn unresolved(&self, at: Position, what: &'static str, name: &str, hint: &str) -> TemplateError {
        TemplateError::UnresolvedReference {
            location: self.location(at),
            what,
            name: name.to_owned(),
            within: format!(" in the {} block of the template", self.section),
            hint: hint.to_owned(),
        }
    }

    fn wrong(&self, found: Call<'_>, at: Position) -> TemplateError {
        TemplateError::WrongArguments {
            location: self.location(at),
            function: found.function.key().to_owned(),
            expected: found.function.takes().to_owned(),
        }
    }

    /// A rule knows parameters only, and no condition of the template (coverage roadmap 1183).
    fn not_in_rules(&self, found: Call<'_>) -> TemplateError {
        TemplateError::Structure {
            location: self.location(found.at),
            reason: format!(
                "{} is not allowed inside Rules; write out what the condition asks for",
                found.function.key()
            ),
        }
    }

    fn unknown_function(&self, function: &str, at: Position, hint: &str) -> TemplateError {
        TemplateError::UnknownFunction {
            location: self.location(at),
            function: function.to_owned(),
            hint: hint.to_owned(),
        }
    }

    /// A deletion or replace policy: text, or a function, with or without the extensions (recorded on AWS, 2026-01).
    fn policy(&self, node: &Node) -> Checked {
        let reason = match node.scalar_text() {
            Some(text) if POLICIES.contains(&text) => return Ok(()),
            Some(text) => format!("unrecognized policy {text}; use one of {}", POLICIES.join(", ")),
            None if call(node).is_some() || self.template.has_foreign_macro() => return Ok(()),
            None => format!("a policy must be a string or a function, but here is {}", node.kind_name()),
        };
        Err(TemplateError::Structure { location: self.location(node.at), reason })
    }

    /// The characters of an export's name, where it is written out (reported: startup-kit-templates 45).
    fn spelled_as_exports_are(&self, output: &str, node: &Node) -> Checked {
        let fits = |one: char| one.is_ascii_alphanumeric() || ":-".contains(one);
        match node.as_str() {
            Some(name) if !name.chars().all(fits) => Err(TemplateError::Structure {
                location: self.location(node.at),
                reason: format!(
                    "Template format error: Output {output} is malformed. The Name field of every Export member must be specified and consist only of alphanumeric characters, colons, or hyphens"
                ),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// An export's name, which is taken before anything is made.
    fn known_beforehand(&self, output: &str, node: &Node) -> Checked {
        let refuse = |at: Position| {
            Err(TemplateError::Structure {
                location: self.location(at),
                reason: format!(
                    "Template error: Output {output} is malformed. The Name field of Export must not depend on any resources, imported values, or Fn::GetAZs; make it of parameters and text"
                ),
            })
        };
        match &node.kind {
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::String(_) => Ok(()),
            NodeKind::Sequence(elements) => {
                elements.iter().try_for_each(|one| self.known_beforehand(output, one))
            }
            NodeKind::Mapping(entries) => {
                if let Some(found) = call(node) {
                    let is_resource = |name: &str| self.template.resources.contains_key(name);
                    match found.function {
                        Function::GetAtt | Function::ImportValue | Function::GetAvailabilityZones => {
                            return refuse(found.at);
                        }
                        Function::Ref if found.argument.as_str().is_some_and(is_resource) => {
                            return refuse(found.at);
                        }
                        Function::Sub => {
                            let (text, variables) = match found.argument.as_sequence() {
                                Some([text, variables]) => (text, Some(variables)),
                                Some(_) | None => (found.argument, None),
                            };
                            let of_resource = |name: &str| {
                                variables.is_none_or(|map| map.get(name).is_none())
                                    && (is_resource(name.split('.').next().unwrap_or_default()))
                            };
                            if pieces(text.scalar_text().unwrap_or_default())
                                .any(|piece| matches!(piece, Piece::Variable(name) if of_resource(name)))
                            {
                                return refuse(text.at);
                            }
                        }
                        _ => {}
                    }
                }
                entries.values().try_for_each(|entry| self.known_beforehand(output, &entry.value))
            }
        }
    }

    /// A place where values stand: data, in which functions may be.
    fn values(&self, node: &Node) -> Checked {
        match &node.kind {
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::String(_) => Ok(()),
            NodeKind::Sequence(elements) => elements.iter().try_for_each(|one| self.values(one)),
            NodeKind::Mapping(entries) => {
                if let Some(found) = call(node)
                    && found.function != Function::Condition
                {
                    return self.call(found);
                }
                for (key, entry) in entries {
                    if key.starts_with("Fn::")
                        && self.function_key_beside_others(key, entry, entries.len())?
                    {
                        continue;
                    }
                    self.values(&entry.value)?;
                }
                Ok(())
            }
        }
    }

    /// A key that looks like a function in a map where none can be, or none is known. True if what stands under
    /// it is not to be checked.
    fn function_key_beside_others(
        &self,
        key: &str,
        entry: &Entry,
        keys: usize,
    ) -> Result<bool, TemplateError> {
        if key == "Fn::Transform" || self.own_functions {
            return Ok(true);
        }
        if key.starts_with("Fn::ForEach::") {
            return if self.extensions {
                Ok(true)
            } else {
                Err(self.needs_extensions("Fn::ForEach", entry.key_at))
            };
        }
        if Function::from_key(key).is_some() && keys > 1 {
            return Err(TemplateError::Structure {
                location: self.location(entry.key_at),
                reason: format!("{key} must be the only key of its map; move the other keys out"),
            });
        }
        Err(self.unknown_function(
            key,
            entry.key_at,
            "CloudFormation has no such function; check the spelling",
        ))
    }

    fn needs_extensions(&self, function: &str, at: Position) -> TemplateError {
        self.unknown_function(
            function,
            at,
            "add Transform: AWS::LanguageExtensions to the template to use it",
        )
    }

    fn call(&self, found: Call<'_>) -> Checked {
        let Call { function, argument, at } = found;
        let arguments = argument.as_sequence();
        let count = arguments.map(<[Node]>::len);
        match function {
            Function::Ref => return self.reference(found),
            Function::GetAtt => return self.get_att(found),
            Function::Sub => return self.substitution(found),
            Function::If if self.section == "Rules" => return Err(self.not_in_rules(found)),
            Function::If => {
                let Some([condition, holds, fails]) = found.list() else {
                    return Err(self.wrong(found, argument.at));
                };
                match condition.as_str() {
                    Some(name) => self.condition_name_in(name, condition.at, "Fn::If")?,
                    None => self.truth(condition)?,
                }
                self.values(holds)?;
                return self.values(fails);
            }
            Function::Equals
            | Function::And
            | Function::Or
            | Function::Not
            | Function::Contains
            | Function::EachMemberEquals
            | Function::EachMemberIn => return self.truth_call(found),
            // DefaultValue needs no transform any more (cfn-lint 4628). Whether the mapping is there is seen when it is asked for:
            // vendors put mappings in at release time, and a branch that is not taken needs none.
            Function::FindInMap if !matches!(count, Some(3 | 4)) => {
                return Err(self.wrong(found, argument.at));
            }
            Function::Join | Function::Select | Function::Split if count != Some(2) => {
                return Err(self.wrong(found, argument.at));
            }
            Function::Cidr if !matches!(count, Some(2 | 3)) => {
                return Err(self.wrong(found, argument.at));
            }
            Function::Base64 | Function::GetAvailabilityZones | Function::ImportValue if count.is_some() => {
                return Err(self.wrong(found, argument.at));
            }
            // What a macro is given is the macro's own business.
            Function::Transform => {
                return match argument.get("Name").and_then(Node::as_str) {
                    Some(_) => Ok(()),
                    None => Err(TemplateError::Structure {
                        location: self.location(argument.at),
                        reason: "Key Name of transform definition must be a string.".to_owned(),
                    }),
                };
            }
            Function::Length | Function::ToJsonString if !self.extensions => {
                return Err(self.needs_extensions(function.key(), at));
            }
            Function::ToJsonString => self.no_condition_in_json(argument)?,
            _ if function.is_rule_function() && self.section != "Rules" => {
                return Err(self.unknown_function(
                    function.key(),
                    at,
                    "it is a rule function; use it in Rules only",
                ));
            }
            _ => {}
        }
        self.values(argument)
    }

    /// The transform takes a map with the one key `Condition` for the function of this name, whatever it was meant for
    /// (cfn-language-discussion 156).
    fn no_condition_in_json(&self, node: &Node) -> Checked {
        if let Some(found) = call(node)
            && found.function == Function::Condition
            && found.argument.as_str().is_some()
        {
            return Err(TemplateError::Structure {
                location: self.location(found.at),
                reason: "Fn::ToJsonString does not support Condition intrinsic function; put another key beside it"
                    .to_owned(),
            });
        }
        match &node.kind {
            NodeKind::Sequence(elements) => {
                elements.iter().try_for_each(|one| self.no_condition_in_json(one))
            }
            NodeKind::Mapping(entries) => {
                entries.values().try_for_each(|entry| self.no_condition_in_json(&entry.value))
            }
            NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) | NodeKind::String(_) => Ok(()),
        }
    }

    fn reference(&self, found: Call<'_>) -> Checked {
        match found.argument.as_str() {
            Some(name) => self.referable(name, found.argument.at),
            None if self.extensions && call(found.argument).is_some() => self.values(found.argument),
            None => Err(self.wrong(found, found.argument.at)),
        }
    }

    /// Whether `Ref` of this name gives something.
    fn referable(&self, name: &str, at: Position) -> Checked {
        let resources = match self.section {
            "Conditions" | "Rules" => false,
            _ => self.template.resources.contains_key(name),
        };
        if resources
            || self.template.parameters.contains_key(name)
            || is_pseudo_parameter(name)
            || self.names_may_be_missing
        {
            return Ok(());
        }
        let hint = match self.section {
            "Conditions" | "Rules" => "here only parameters and pseudo parameters may be named",
            _ => "declare it in Resources or Parameters, or correct the name",
        };
        Err(self.unresolved(at, "resource or parameter", name, hint))
    }

    fn attribute_of(&self, logical_id: &str, at: Position) -> Checked {
        if self.template.resources.contains_key(logical_id) || self.names_may_be_missing {
            return Ok(());
        }
        Err(self.unresolved(at, OF_GET_ATT, logical_id, "declare it in Resources, or correct the name"))
    }

    fn get_att(&self, found: Call<'_>) -> Checked {
        let at = found.argument.at;
        match get_att_arguments(found.argument) {
            Some(GetAttArguments::Dotted(logical_id, _)) => self.attribute_of(logical_id, at),
            Some(GetAttArguments::Two(logical_id, attribute)) => {
                match logical_id.as_str() {
                    Some(id) => self.attribute_of(id, at)?,
                    None if self.extensions && call(logical_id).is_some() => {
                        self.values(logical_id)?;
                    }
                    None => return Err(self.wrong(found, logical_id.at)),
                }
                if attribute.scalar_text().is_none() && call(attribute).is_none() {
                    return Err(self.wrong(found, attribute.at));
                }
                self.values(attribute)
            }
            None => Err(self.wrong(found, at)),
        }
    }

    fn substitution(&self, found: Call<'_>) -> Checked {
        let (text, variables) = match &found.argument.kind {
            NodeKind::Sequence(arguments) => match arguments.as_slice() {
                [text, variables] if variables.as_mapping().is_some() => (text, Some(variables)),
                _ => return Err(self.wrong(found, found.argument.at)),
            },
            _ => (found.argument, None),
        };
        let Some(template) = text.scalar_text() else {
            return Err(self.wrong(found, text.at));
        };
        for piece in pieces(template) {
            let Piece::Variable(name) = piece else {
                continue;
            };
            if variables.is_some_and(|map| map.get(name).is_some()) {
                continue;
            }
            if !is_variable_name(name) {
                return Err(TemplateError::WrongArguments {
                    location: self.location(text.at),
                    function: "Fn::Sub".to_owned(),
                    expected: format!(
                        "variable names must contain only alphanumeric characters, underscores, periods, and colons, but here is {name:?}; write ${{!…}} to keep the text"
                    ),
                });
            }
            match name.split_once('.') {
                Some((logical_id, _)) if self.attribute_of(logical_id, text.at).is_err() => {
                    let hint = "declare it in Resources, or correct the name";
                    return Err(self.unresolved(text.at, OF_SUB, name, hint));
                }
                Some(_) => {}
                None => self.referable(name, text.at)?,
            }
        }
        match variables {
            Some(variables) => self.values(variables),
            None => Ok(()),
        }
    }

    fn condition_name(&self, name: &str, at: Position) -> Checked {
        self.condition_name_in(name, at, "Condition")
    }

    fn condition_name_in(&self, name: &str, at: Position, function: &str) -> Checked {
        if self.template.conditions.contains_key(name) || self.names_may_be_missing {
            return Ok(());
        }
        Err(TemplateError::UnresolvedReference {
            location: self.location(at),
            what: "condition dependency",
            name: name.to_owned(),
            within: format!(" in {function}"),
            hint: "declare it in Conditions, or correct the name".to_owned(),
        })
    }

    /// A place where a truth is asked for.
    fn truth(&self, node: &Node) -> Checked {
        match call(node) {
            Some(found) if found.function == Function::Condition && self.section == "Rules" => {
                Err(self.not_in_rules(found))
            }
            Some(found) if found.function == Function::Condition => match found.argument.as_str() {
                Some(name) => self.condition_name(name, found.argument.at),
                None => Err(self.wrong(found, found.argument.at)),
            },
            Some(found) => self.call(found),
            None if node.as_mapping().is_some() => self.values(node),
            None => Ok(()),
        }
    }

    fn truth_call(&self, found: Call<'_>) -> Checked {
        let arguments = found.argument.as_sequence().unwrap_or_default();
        if found.function.is_rule_function() && self.section != "Rules" {
            return Err(self.unknown_function(
                found.function.key(),
                found.at,
                "it is a rule function; use it in Rules only",
            ));
        }
        let fits = match found.function {
            Function::And | Function::Or => (2..=10).contains(&arguments.len()),
            Function::Not => arguments.len() == 1,
            _ => arguments.len() == 2,
        };
        if !fits {
            return Err(self.wrong(found, found.argument.at));
        }
        match found.function {
            Function::And | Function::Or | Function::Not => {
                arguments.iter().try_for_each(|one| self.truth(one))
            }
            _ => arguments.iter().try_for_each(|one| self.values(one)),
        }
    }
}
