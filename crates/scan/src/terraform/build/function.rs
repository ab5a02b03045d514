//! Functions: how they are set up, who may call them directly, their own addresses.

use super::{Builder, policy};
use crate::graph::{Access, Condition, Cors, Function, FunctionUrl, Origin, Principal, Statement, Variable};
use crate::known::{Attribute, Known, Name, Setting, Text};
use crate::source::Place;
use crate::terraform::expand::Resource;
use crate::terraform::value::{TOO_LARGE, Value};

impl Builder<'_> {
    pub(super) fn functions(&mut self) {
        for resource in self.of_kind("aws_lambda_function") {
            let function = self.function(resource);
            self.app.functions.push(function);
        }
        for resource in self.of_kind("aws_lambda_permission") {
            self.permission(resource);
        }
        for resource in self.of_kind("aws_lambda_function_url") {
            self.function_url(resource);
        }
        for resource in self.of_kind("aws_lambda_function_event_invoke_config") {
            self.failures(resource);
        }
    }

    fn function(&mut self, resource: &Resource) -> Function {
        let body = &resource.body;
        let mut function = Function::new(resource.name.clone(), resource.place);
        function.physical = body.text_of("function_name");
        function.runtime = body.string_of("runtime");
        function.handler = body.string_of("handler");
        function.code = self.code(resource);
        function.role = body.get("role").map(|role| self.role_setting(role));
        function.environment = self.environment(resource);
        function.timeout_s = body.number_of("timeout");
        function.memory_mb = body.number_of("memory_size");
        // Minus one is no limit, as if nothing were written.
        function.concurrency = body
            .get("reserved_concurrent_executions")
            .filter(|value| value.as_number().is_none_or(|number| number >= 0.0))
            .map(|value| value.setting(Value::as_u64));
        function.network = network(body);
        function.tracing = body
            .at(&["tracing_config", "mode"])
            .map(|mode| mode.setting(|mode| Some(mode.as_literal()? == "Active")));
        function.dead_letter = body.at(&["dead_letter_config", "target_arn"]).map(text_setting);
        function.environment_key = body.get("kms_key_arn").map(text_setting);
        function.layers = body.texts_of("layers");
        function.deployed = resource.deployed.clone();
        function
    }

    /// The role of these files that a function runs with.
    fn role_setting(&self, role: &Value) -> Setting<Name> {
        if let Some(found) = self.named(Some(role), "aws_iam_role", "name") {
            return Setting::new(role.place, found.name.clone());
        }
        let text = role.to_text();
        let why = match text.why_unknown() {
            Some(why) => why.to_owned(),
            None => format!("the role `{text}` is not made in these files"),
        };
        Setting::unknown(role.place, why)
    }

    fn environment(&mut self, resource: &Resource) -> Vec<Variable> {
        let Some(variables) = resource.body.at(&["environment", "variables"]) else {
            if let Some(open) = resource.body.blocks("environment").iter().find(|block| !block.is_map()) {
                let why = format!("its environment is not known: {}", open.why_not());
                self.app.unknown(Some(&resource.name), open.place, why);
            }
            return Vec::new();
        };
        let open = if variables.is_map() { variables.more() } else { Some(variables.why_not().into()) };
        if let Some(why) = open {
            let why = format!("some of its environment is not known: {why}");
            self.app.unknown(Some(&resource.name), variables.place, why);
        }
        // What one instance of a resource shares with the others is copied for each of them here, so that it is paid for.
        let variable = |(key, value): &(crate::terraform::value::Key, Value)| {
            let paid = self.evaluator.spend(value.weight());
            let large = || Text::unknown(TOO_LARGE, value.place);
            Variable { name: key.text.to_string(), value: if paid { value.to_text() } else { large() } }
        };
        variables.entries().iter().filter(|(_, value)| !value.is_null()).map(variable).collect()
    }

    /// `aws_lambda_permission`: a statement of the function's resource policy.
    fn permission(&mut self, resource: &Resource) {
        let body = &resource.body;
        let written = body.get("function_name");
        let Known::Value(name) = self.function_in(written) else {
            if let Some(written) = written.filter(|written| self.may_name(written)) {
                let why = format!("which function may be called cannot be told: {}", written.why_not());
                self.app.unknown(Some(&resource.name), written.place, why);
            }
            return;
        };
        let mut statement = Statement::allow(resource.place, Origin::Written);
        statement.actions = vec![policy::action(body.get("action"), resource.place, "lambda:InvokeFunction")];
        statement.resources = vec![Text::of(name.clone(), Attribute::Arn, resource.place)];
        statement.principals = body.get("principal").map(principal).into_iter().collect();
        let conditions = [
            ("source_arn", "ArnLike", "AWS:SourceArn"),
            ("source_account", "StringEquals", "AWS:SourceAccount"),
            ("principal_org_id", "StringEquals", "aws:PrincipalOrgID"),
            ("event_source_token", "StringEquals", "lambda:EventSourceToken"),
            ("function_url_auth_type", "StringEquals", "lambda:FunctionUrlAuthType"),
        ];
        for (attribute, operator, key) in conditions {
            if let Some(value) = body.text_of(attribute) {
                let (operator, key) = (operator.to_owned(), key.to_owned());
                statement.conditions.push(Condition { operator, key, values: vec![value] });
            }
        }
        if let Some(function) = self.function_mut(&name) {
            function.permissions.push(statement);
        }
    }

    fn function_url(&mut self, resource: &Resource) {
        let body = &resource.body;
        let Known::Value(name) = self.function_in(body.get("function_name")) else {
            let why = "the address belongs to a function that is not known";
            self.app.unknown(Some(&resource.name), resource.place, why);
            return;
        };
        let access = match body.get("authorization_type") {
            Some(kind) => kind.setting(|kind| match kind.as_literal()?.as_str() {
                "NONE" => Some(Access::Anyone),
                "AWS_IAM" => Some(Access::Iam),
                _ => None,
            }),
            None => Setting::unknown(resource.place, "it does not say who may call it"),
        };
        let url = FunctionUrl { place: resource.place, access, cors: body.blocks("cors").first().map(cors) };
        if let Some(function) = self.function_mut(&name) {
            function.add_url(url);
        }
    }

    /// `aws_lambda_function_event_invoke_config`: where events go that failed.
    fn failures(&mut self, resource: &Resource) {
        let body = &resource.body;
        let Known::Value(name) = self.function_in(body.get("function_name")) else { return };
        let target = body.at(&["destination_config", "on_failure", "destination"]).map(text_setting);
        if let Some(function) = self.function_mut(&name)
            && function.dead_letter.is_none()
        {
            function.dead_letter = target;
        }
    }

    pub(super) fn function_mut(&mut self, name: &Name) -> Option<&mut Function> {
        self.app.functions.iter_mut().find(|function| function.name == *name)
    }
}

/// Whom a permission lets in: a service, an account, a role or everyone.
fn principal(value: &Value) -> Principal {
    let text = value.to_text();
    match text.as_literal() {
        Some("*") => Principal::Anyone,
        Some(literal) if literal.contains(".amazonaws.com") || literal.contains(".amazon.com") => {
            Principal::Service(text)
        }
        _ if text.to_string().contains("amazonaws.") => Principal::Service(text),
        _ => policy::principal("AWS", value),
    }
}

/// Security groups, when the function runs in a private network.
fn network(body: &Value) -> Option<Setting<Vec<Text>>> {
    let block = body.blocks("vpc_config").first()?;
    let groups = block.get("security_group_ids");
    let place: Place = groups.map_or(block.place, |groups| groups.place);
    // An empty list of subnets is no network, which is how modules leave it out.
    let subnets = block.get("subnet_ids");
    if subnets.is_some_and(|subnets| {
        matches!(subnets.kind, crate::terraform::value::Kind::List(_)) && subnets.items().is_empty()
    }) {
        return None;
    }
    if !block.is_map() {
        return Some(Setting::unknown(block.place, block.why_not()));
    }
    Some(match groups {
        Some(groups) if groups.why().is_some() => Setting::unknown(place, groups.why_not()),
        Some(_) => Setting::new(place, block.texts_of("security_group_ids")),
        None => Setting::new(place, Vec::new()),
    })
}

pub(super) fn text_setting(value: &Value) -> Setting<Text> {
    Setting::new(value.place, value.to_text())
}

/// `cors { … }` of a function's address and `cors_configuration { … }` of an interface.
pub(super) fn cors(block: &Value) -> Cors {
    Cors {
        place: block.place,
        origins: block.strings_of("allow_origins"),
        credentials: block.bool_of("allow_credentials"),
        headers: block.strings_of("allow_headers"),
        methods: block.strings_of("allow_methods"),
    }
}
