//! Writing an operation down: its permissions, its resource, and query texts that callers shape.

use std::rc::Rc;

use super::operations;
use super::parts::Call;
use super::resources::{Naming, naming, statement};
use crate::code::machine::Machine;
use crate::code::value::{Arguments, Value, What};
use crate::code::{Certainty, NO_RESOURCE, SdkCall, sinks};
use crate::known::{Piece, Text};
use crate::source::Place;

impl Machine<'_> {
    /// Writes down an operation with what it is handed: an object of parameters.
    pub(in crate::code) fn operation(
        &mut self,
        service: &str,
        operation: &str,
        input: Option<&Value>,
        place: Place,
    ) {
        if let Some(parameter) = statement(service, operation) {
            let text = input.and_then(|input| self.field(input, parameter));
            if let Some(text) = text {
                sinks::sql(self, &text, &format!("{service}.{operation}"), place);
            }
        }
        match (service, operation) {
            ("dynamodb", "TransactWriteItems" | "TransactGetItems") => {
                return self.transaction(operation, input, place);
            }
            ("s3", "CopyObject" | "UploadPartCopy") => return self.copy(operation, input, place),
            _ => {}
        }
        let call = Call { service, operation, input, place };
        for name in self.resources(service, operation, input) {
            self.record_call(call, &name);
        }
        self.handed_over(call);
    }

    /// Writes down an operation that is no more than possible: what a call does only where it fails, say.
    pub(super) fn possible_operation(
        &mut self,
        service: &str,
        operation: &str,
        input: Option<&Value>,
        place: Place,
    ) {
        for name in self.resources(service, operation, input) {
            let action = format!("{service}:{operation}");
            self.record(service, operation, vec![action], &name, place, Certainty::Possible);
        }
    }

    /// Writes down an operation on a resource whose name is bound already.
    pub(in crate::code) fn operation_on(
        &mut self,
        service: &str,
        operation: &str,
        name: &Value,
        place: Place,
    ) {
        self.record_call(Call { service, operation, input: None, place }, name);
    }

    /// Writes down an operation on a resource whose name is bound already, with what it is handed beside.
    pub(super) fn operation_with(
        &mut self,
        service: &str,
        operation: &str,
        name: &Value,
        arguments: &Arguments,
        place: Place,
    ) {
        let input = self.named_object(arguments);
        // Methods that move whole files take further parameters in a dictionary of its own.
        let dictionary = || arguments.values.iter().find(|value| self.is_object(value));
        if let Some(extra) = arguments.named("ExtraArgs").or_else(dictionary).cloned() {
            self.merged(&Arguments::new(vec![input.clone(), extra]));
        }
        self.record_call(Call { service, operation, input: Some(&input), place }, name);
    }

    pub(super) fn record(
        &mut self,
        service: &str,
        operation: &str,
        actions: Vec<String>,
        name: &Value,
        place: Place,
        sure: Certainty,
    ) {
        for choice in name.choices() {
            let call = SdkCall {
                service: service.to_owned(),
                operation: operation.to_owned(),
                actions: actions.clone(),
                resource: Text { pieces: choice.pieces(), place },
                certainty: self.certainty().min(sure),
                place,
            };
            self.call_found(call);
        }
    }

    /// The names of what an operation concerns; `*` where it names nothing.
    fn resources(&mut self, service: &str, operation: &str, input: Option<&Value>) -> Vec<Value> {
        let unknown = || Value::piece(Piece::Unknown("its parameters cannot be followed".to_owned()));
        let naming = naming(service, operation);
        if naming == Naming::None {
            return vec![Value::text("*")];
        }
        let Some(input) = input else { return vec![unknown()] };
        let given = |name: &str| self.field(input, name).filter(|value| !value.is_nothing());
        match naming {
            Naming::Parameter(names) => {
                vec![names.iter().find_map(|name| given(name)).unwrap_or_else(unknown)]
            }
            Naming::ParameterUnless(names, other) => {
                let found: Vec<Value> = names.iter().find_map(|name| given(name)).into_iter().collect();
                match (found.is_empty(), given(other)) {
                    (true, Some(_)) => vec![Value::text(NO_RESOURCE)],
                    (true, None) => vec![unknown()],
                    (false, _) => found,
                }
            }
            Naming::Names(name) => match self.field(input, name).map(|list| self.items(&list)) {
                Some(items) if !items.is_empty() => items,
                _ => vec![unknown()],
            },
            Naming::Keys(name) => match self.field(input, name).map(|map| self.keys(&map)) {
                Some(keys) if !keys.is_empty() => keys,
                _ => vec![unknown()],
            },
            Naming::Each(list, name, default) => {
                let items = self.field(input, list).map(|list| self.items(&list)).unwrap_or_default();
                let found: Vec<Value> = items
                    .iter()
                    .map(|item| match self.field(item, name) {
                        Some(value) => value,
                        None if self.is_object(item) => Value::text(default),
                        None => unknown(),
                    })
                    .collect();
                if found.is_empty() { vec![unknown()] } else { found }
            }
            Naming::None => Vec::new(),
        }
    }

    /// Each item of a transaction needs its own permission on its own table.
    fn transaction(&mut self, operation: &str, input: Option<&Value>, place: Place) {
        let items = input.and_then(|input| self.field(input, "TransactItems"));
        let items = items.map(|list| self.items(&list)).unwrap_or_default();
        let mut told = false;
        for item in &items {
            for (kind, action) in [
                ("Put", "dynamodb:PutItem"),
                ("Update", "dynamodb:UpdateItem"),
                ("Delete", "dynamodb:DeleteItem"),
                ("ConditionCheck", "dynamodb:ConditionCheckItem"),
                ("Get", "dynamodb:GetItem"),
            ] {
                let Some(part) = self.field(item, kind) else { continue };
                let name = self.field(&part, "TableName").unwrap_or_default();
                told = true;
                self.record("dynamodb", operation, vec![action.to_owned()], &name, place, Certainty::Certain);
            }
        }
        if !told {
            let actions = operations::actions("dynamodb", operation);
            self.record("dynamodb", operation, actions, &Value::unknown(), place, Certainty::Certain);
        }
    }

    /// A copy reads from one bucket and writes to another.
    fn copy(&mut self, operation: &str, input: Option<&Value>, place: Place) {
        let target = input.and_then(|input| self.field(input, "Bucket")).unwrap_or_default();
        let source = input.and_then(|input| self.field(input, "CopySource")).unwrap_or_default();
        self.copy_between(operation, &source, &target, place);
        self.object_parameters(Call { service: "s3", operation, input, place }, &target);
    }

    pub(super) fn copy_between(&mut self, operation: &str, source: &Value, target: &Value, place: Place) {
        let bucket = self.field(source, "Bucket").unwrap_or_else(|| before_slash(source));
        let sure = Certainty::Certain;
        self.record("s3", operation, vec!["s3:GetObject".to_owned()], &bucket, place, sure);
        self.record("s3", operation, vec!["s3:PutObject".to_owned()], target, place, sure);
        self.copied_tags(operation, &bucket, target, place);
    }
}

/// `bucket/key` as far as the slash; of `s3://bucket/key` the bucket.
pub(super) fn before_slash(source: &Value) -> Value {
    let What::Text(pieces) = &source.what else { return Value::unknown() };
    let mut found: Vec<Piece> = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        let Piece::Literal(text) = piece else {
            found.push(piece.clone());
            continue;
        };
        // A leading slash is allowed and belongs to no name.
        let text = if number == 0 {
            text.strip_prefix("s3://").unwrap_or(text).trim_start_matches('/')
        } else {
            text
        };
        if let Some((bucket, _)) = text.split_once('/') {
            found.push(Piece::Literal(bucket.to_owned()));
            break;
        }
        found.push(Piece::Literal(text.to_owned()));
    }
    found.retain(|piece| *piece != Piece::Literal(String::new()));
    What::Text(Rc::new(found)).into()
}
