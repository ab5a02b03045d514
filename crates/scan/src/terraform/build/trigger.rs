//! What starts functions other than routes: queues, streams, topics, buckets, schedules, rules, hooks.

use super::Builder;
use crate::graph::{Trigger, TriggerKind};
use crate::known::{Attribute, Known, Name, Piece, Text};
use crate::source::Place;
use crate::terraform::expand::Resource;
use crate::terraform::value::Value;

impl Builder<'_> {
    pub(super) fn triggers(&mut self) {
        for resource in self.of_kind("aws_lambda_event_source_mapping") {
            let trigger = self.event_source(resource);
            self.app.triggers.push(trigger);
        }
        self.subscriptions();
        self.buckets();
        self.rules();
        self.schedules();
        self.hooks();
        self.single_triggers();
        self.state_machines();
    }

    fn push(
        &mut self,
        name: Name,
        place: Place,
        function: Known<Name>,
        kind: TriggerKind,
        source: Text,
        enabled: Known<bool>,
    ) {
        self.app.triggers.push(Trigger { name, place, function, kind, source, enabled, prefix: None });
    }

    fn event_source(&self, resource: &Resource) -> Trigger {
        let body = &resource.body;
        let arn = body.text_of("event_source_arn");
        let kind = arn.as_ref().and_then(|arn| self.source_kind(arn)).unwrap_or_else(|| by_settings(body));
        let source = arn.or_else(|| body.text_of("topics")).unwrap_or_else(|| {
            let servers = body.at(&["self_managed_event_source", "endpoints"]).map(Value::to_text);
            servers.unwrap_or_else(|| Text::unknown("its source is not named", resource.place))
        });
        Trigger {
            name: resource.name.clone(),
            place: resource.place,
            function: self.function_in(body.get("function_name")),
            kind,
            source,
            enabled: body.get("enabled").map_or(Known::Value(true), Value::known_bool),
            prefix: None,
        }
    }

    /// What kind of source an ARN names, by the resource that it refers to or by the service in it.
    fn source_kind(&self, arn: &Text) -> Option<TriggerKind> {
        let referred = arn.references().next().map(|name| match self.resource(name) {
            Some(resource) => resource.kind.trim_start_matches("data.").to_owned(),
            None => name.to_string(),
        });
        let text = referred.unwrap_or_else(|| arn.to_string());
        let stream = matches!(arn.pieces.as_slice(), [Piece::Of { attribute: Attribute::StreamArn, .. }]);
        let has = |word: &str| text.contains(word);
        Some(match () {
            () if has("aws_sqs_queue") || has(":sqs:") || has("aws_mq_") || has(":mq:") => TriggerKind::Queue,
            () if has("dynamodb") || stream => TriggerKind::TableStream,
            () if has("kinesis") || has("msk") || has("kafka") || has("docdb") || has(":rds:") => {
                TriggerKind::Stream
            }
            () => return None,
        })
    }

    fn subscriptions(&mut self) {
        for resource in self.of_kind("aws_sns_topic_subscription") {
            let body = &resource.body;
            if body.literal_of("protocol").is_some_and(|protocol| protocol != "lambda") {
                continue;
            }
            let function = self.function_in(body.get("endpoint"));
            if body.get("protocol").is_some_and(|protocol| protocol.as_literal().is_none())
                && function.value().is_none()
            {
                continue;
            }
            let source = self.source(body.get("topic_arn"), resource.place);
            self.push(
                resource.name.clone(),
                resource.place,
                function,
                TriggerKind::Topic,
                source,
                Known::Value(true),
            );
        }
    }

    fn source(&self, value: Option<&Value>, place: Place) -> Text {
        value.map_or_else(|| Text::unknown("its source is not named", place), Value::to_text)
    }

    fn buckets(&mut self) {
        for resource in self.of_kind("aws_s3_bucket_notification") {
            let source = self.source(resource.body.get("bucket"), resource.place);
            for (at, block) in resource.body.blocks("lambda_function").iter().enumerate() {
                let function = self.function_in(block.get("lambda_function_arn"));
                let name = Name::from(format!("{}.lambda_function[{at}]", resource.name));
                self.app.triggers.push(Trigger {
                    name,
                    place: block.place,
                    function,
                    kind: TriggerKind::Bucket,
                    source: source.clone(),
                    enabled: Known::Value(true),
                    prefix: block.text_of("filter_prefix").filter(|prefix| prefix.as_literal() != Some("")),
                });
            }
        }
    }

    /// Rules of an event bus, and schedules that are written as rules.
    fn rules(&mut self) {
        for resource in self.of_kind("aws_cloudwatch_event_target") {
            let function = self.function_in(resource.body.get("arn"));
            let rule = self.named(resource.body.get("rule"), "aws_cloudwatch_event_rule", "name");
            if function.value().is_none() && !self.may_be_function(resource.body.get("arn")) {
                continue;
            }
            let body = rule.map(|rule| &rule.body);
            let enabled = body.map_or(Known::Value(true), enabled);
            let schedule = body.and_then(|body| body.get("schedule_expression"));
            let (kind, source) = match schedule {
                Some(expression) => (TriggerKind::Schedule, expression.to_text()),
                None => {
                    let bus = body.and_then(|body| body.text_of("event_bus_name"));
                    let own = || resource.body.text_of("event_bus_name");
                    let default = || Text::literal("default", resource.place);
                    (TriggerKind::EventBus, bus.or_else(own).unwrap_or_else(default))
                }
            };
            self.push(resource.name.clone(), resource.place, function, kind, source, enabled);
        }
    }

    /// Whether an ARN that leads to no function of these files may be one all the same.
    fn may_be_function(&self, arn: Option<&Value>) -> bool {
        let Some(text) = arn.map(Value::to_text) else { return false };
        let display = text.to_string();
        match text.references().next() {
            Some(name) => self.resource(name).is_some_and(|found| found.kind.contains("lambda")),
            None => display.contains(":lambda:") || text.why_unknown().is_some(),
        }
    }

    fn schedules(&mut self) {
        for resource in self.of_kind("aws_scheduler_schedule") {
            let body = &resource.body;
            let arn = body.at(&["target", "arn"]);
            let function = self.function_in(arn);
            if function.value().is_none() && !self.may_be_function(arn) {
                continue;
            }
            let source = self.source(body.get("schedule_expression"), resource.place);
            self.push(
                resource.name.clone(),
                resource.place,
                function,
                TriggerKind::Schedule,
                source,
                enabled(body),
            );
        }
    }

    /// Functions that a user pool calls.
    fn hooks(&mut self) {
        for resource in self.of_kind("aws_cognito_user_pool") {
            let source = Text::of(resource.name.clone(), Attribute::Arn, resource.place);
            for block in resource.body.blocks("lambda_config") {
                for (key, value) in block.entries() {
                    let arn = value.at(&["lambda_arn"]).unwrap_or(value);
                    let function = self.function_in(Some(arn));
                    if function.value().is_none() && key.text.starts_with("kms") {
                        continue;
                    }
                    let name = Name::from(format!("{}.{}", resource.name, key.text));
                    self.push(
                        name,
                        value.place,
                        function,
                        TriggerKind::UserPool,
                        source.clone(),
                        Known::Value(true),
                    );
                }
            }
        }
    }

    /// Kinds that name one function at the end of a path, and their source.
    fn single_triggers(&mut self) {
        let other = |what: &str| TriggerKind::Other(what.to_owned());
        let kinds: [(&str, &[&str], &str, TriggerKind); 8] = [
            (
                "aws_cloudwatch_log_subscription_filter",
                &["destination_arn"],
                "log_group_name",
                TriggerKind::Logs,
            ),
            (
                "aws_secretsmanager_secret_rotation",
                &["rotation_lambda_arn"],
                "secret_id",
                other("secret rotation"),
            ),
            ("aws_iot_topic_rule", &["lambda", "function_arn"], "name", other("IoT rule")),
            ("aws_ses_receipt_rule", &["lambda_action", "function_arn"], "name", other("received mail")),
            ("aws_lambda_invocation", &["function_name"], "function_name", other("deployment")),
            ("aws_config_config_rule", &["source", "source_identifier"], "name", other("Config rule")),
            (
                "aws_bedrockagent_agent_action_group",
                &["action_group_executor", "lambda"],
                "agent_id",
                other("Bedrock agent"),
            ),
            (
                "aws_s3control_object_lambda_access_point",
                &[
                    "configuration",
                    "transformation_configuration",
                    "content_transformation",
                    "aws_lambda",
                    "function_arn",
                ],
                "name",
                other("object lambda"),
            ),
        ];
        for (kind, path, source, trigger) in kinds {
            for resource in self.of_kind(kind) {
                let Some(found) = resource.body.at(path) else { continue };
                let Known::Value(function) = self.function_in(Some(found)) else { continue };
                let source = self.source(resource.body.get(source), resource.place);
                let (name, place) = (resource.name.clone(), resource.place);
                self.push(name, place, Known::Value(function), trigger.clone(), source, Known::Value(true));
            }
        }
        for kind in ["aws_cloudfront_distribution", "aws_kinesis_firehose_delivery_stream"] {
            for resource in self.of_kind(kind) {
                let text = crate::terraform::json::write(&resource.body);
                let trigger =
                    if kind.contains("firehose") { TriggerKind::Stream } else { other("CloudFront") };
                let source = Text::of(resource.name.clone(), Attribute::Arn, resource.place);
                self.mentioned(resource, text, trigger, &source);
            }
        }
    }

    /// Functions that a state machine's definition names.
    fn state_machines(&mut self) {
        for resource in self.of_kind("aws_sfn_state_machine") {
            let Some(definition) = resource.body.get("definition") else { continue };
            let source = Text::of(resource.name.clone(), Attribute::Arn, resource.place);
            self.mentioned(resource, definition.chunks(), TriggerKind::StateMachine, &source);
        }
    }

    /// A trigger for each function that a document mentions.
    fn mentioned(
        &mut self,
        resource: &Resource,
        chunks: Vec<crate::terraform::value::Chunk>,
        kind: TriggerKind,
        source: &Text,
    ) {
        let mut seen: Vec<Name> = Vec::new();
        for chunk in chunks {
            let text = Text { pieces: vec![chunk.piece], place: resource.place };
            if let Some(function) = self.own_function(&text, 0)
                && !seen.contains(&function)
                && text.references().next().is_some()
            {
                seen.push(function);
            }
        }
        for function in seen {
            let name = Name::from(format!("{}.{function}", resource.name));
            let (place, source) = (resource.place, source.clone());
            self.push(name, place, Known::Value(function), kind.clone(), source, Known::Value(true));
        }
    }
}

/// What kind a source is that only its settings tell.
fn by_settings(body: &Value) -> TriggerKind {
    if body.get("queues").is_some() {
        TriggerKind::Queue
    } else if body.get("topics").is_some() || body.get("starting_position").is_some() {
        TriggerKind::Stream
    } else {
        TriggerKind::Other("event source".to_owned())
    }
}

/// Whether a rule or schedule is switched on.
fn enabled(body: &Value) -> Known<bool> {
    if let Some(state) = body.get("state") {
        return match state.as_literal() {
            Some(state) => Known::Value(!state.starts_with("DISABLED")),
            None => Known::Unknown(state.why_not()),
        };
    }
    body.get("is_enabled").map_or(Known::Value(true), Value::known_bool)
}
