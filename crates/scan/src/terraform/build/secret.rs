//! Managed secrets: Secrets Manager and parameters of the Systems Manager; and keys of callers.

use super::Builder;
use crate::graph::{Login, Secret, SecretKind};
use crate::terraform::value::Value;

const SECRET: &str = "aws_secretsmanager_secret";

impl Builder<'_> {
    pub(super) fn secrets(&mut self) {
        for resource in self.of_kind(SECRET) {
            let policy = self.policy_of(resource.body.get("policy"), &resource.name);
            let rotated = !resource.body.blocks("rotation_rules").is_empty();
            self.app.secrets.push(Secret {
                name: resource.name.clone(),
                place: resource.place,
                kind: SecretKind::SecretsManager,
                physical: resource.body.text_of("name").or_else(|| resource.body.text_of("name_prefix")),
                value: None,
                policy,
                rotated,
            });
        }
        for resource in self.of_kind("aws_ssm_parameter") {
            let body = &resource.body;
            let secure = body.literal_of("type").is_some_and(|kind| kind == "SecureString");
            self.app.secrets.push(Secret {
                name: resource.name.clone(),
                place: resource.place,
                kind: if secure { SecretKind::SecureParameter } else { SecretKind::PlainParameter },
                physical: body.text_of("name"),
                value: body.get("value").or_else(|| body.get("insecure_value")).map(Value::to_text),
                policy: Vec::new(),
                rotated: false,
            });
        }
        for resource in self.of_kind("aws_api_gateway_api_key") {
            let value = resource.body.text_of("value");
            let key = value.map(|password| Login { of: resource.name.clone(), password });
            self.app.keys.extend(key);
        }
        for resource in self.of_kind("aws_secretsmanager_secret_version") {
            let value = resource.body.text_of("secret_string");
            self.of_secret(resource.body.get("secret_id"), |secret| secret.value = value);
        }
        for resource in self.of_kind("aws_secretsmanager_secret_rotation") {
            self.of_secret(resource.body.get("secret_id"), |secret| secret.rotated = true);
        }
        for resource in self.of_kind("aws_secretsmanager_secret_policy") {
            let statements = self.policy_of(resource.body.get("policy"), &resource.name);
            self.of_secret(resource.body.get("secret_arn"), |secret| secret.policy.extend(statements));
        }
    }

    fn of_secret(&mut self, id: Option<&Value>, change: impl FnOnce(&mut Secret)) {
        let Some(found) = self.named(id, SECRET, "name") else { return };
        if let Some(secret) = self.app.secrets.iter_mut().find(|secret| secret.name == found.name) {
            change(secret);
        }
    }
}
