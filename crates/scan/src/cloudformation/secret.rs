//! Managed secrets and parameters, and keys of callers.
//!
//! Not here: secrets that stand where none belong (`secrets`).

use super::policy::statements;
use super::stack::Resource;
use super::value::{str_at, text};
use super::writer::Writer;
use crate::graph::{Login, Secret, SecretKind};

pub(super) fn declare(writer: &mut Writer<'_, '_>, resource: &Resource) -> bool {
    let properties = &resource.properties;
    let (kind, value) = match resource.kind.as_str() {
        "AWS::SecretsManager::Secret" => (SecretKind::SecretsManager, "SecretString"),
        "AWS::SSM::Parameter" => match str_at(properties, "Type") {
            Some("SecureString") => (SecretKind::SecureParameter, "Value"),
            _ => (SecretKind::PlainParameter, "Value"),
        },
        _ => return false,
    };
    if resource.deployed.is(&false) {
        writer.other(resource);
        return true;
    }
    writer.add_secret(Secret {
        name: resource.name.clone(),
        place: resource.place,
        kind,
        physical: properties.get("Name").map(text),
        value: properties.get(value).map(text),
        policy: Vec::new(),
        rotated: false,
    });
    if kind == SecretKind::PlainParameter
        && let Some(value) = properties.get("Value")
    {
        // Whoever reads the parameter may use what its value names.
        writer.mention(value);
    }
    writer.note_condition(resource);
    true
}

pub(super) fn join(writer: &mut Writer<'_, '_>, resource: &Resource) {
    match resource.kind.as_str() {
        "AWS::ApiGateway::ApiKey" => {
            let value = resource.properties.get("Value").map(text);
            let key = value.map(|password| Login { of: resource.name.clone(), password });
            writer.app.keys.extend(key);
        }
        "AWS::SecretsManager::ResourcePolicy" => {
            let made = resource.properties.get("ResourcePolicy").map(statements).unwrap_or_default();
            if let Some(target) = Writer::text_at(resource, "SecretId") {
                writer.add_policy(&target, &made, resource.place);
            }
        }
        "AWS::SecretsManager::RotationSchedule" => {
            let Some(target) = Writer::text_at(resource, "SecretId") else { return };
            let names: Vec<_> = target.references().cloned().collect();
            for name in names {
                if let Some(secret) = writer.secret(&name) {
                    secret.rotated = true;
                }
            }
            if let Some(function) = resource.properties.get("RotationLambdaARN") {
                writer.mention(function);
            }
        }
        _ => {}
    }
}
