# Stands in for terraform-aws-modules/lambda/aws: a function with its role, permissions, event sources and address.
variable "create" { default = true }
variable "create_function" { default = true }
variable "create_layer" { default = false }
variable "create_role" { default = true }
variable "create_lambda_function_url" { default = false }
variable "function_name" { default = "" }
variable "handler" { default = null }
variable "runtime" { default = null }
variable "package_type" { default = "Zip" }
variable "image_uri" { default = null }
variable "source_path" { default = null }
variable "local_existing_package" { default = null }
variable "s3_existing_package" { default = null }
variable "lambda_role" { default = null }
variable "role_name" { default = null }
variable "role_permissions_boundary" { default = null }
variable "timeout" { default = 3 }
variable "memory_size" { default = 128 }
variable "reserved_concurrent_executions" { default = -1 }
variable "environment_variables" { default = {} }
variable "kms_key_arn" { default = null }
variable "layers" { default = null }
variable "vpc_subnet_ids" { default = null }
variable "vpc_security_group_ids" { default = null }
variable "tracing_mode" { default = null }
variable "dead_letter_target_arn" { default = null }
variable "destination_on_failure" { default = null }
variable "create_async_event_config" { default = false }
variable "authorization_type" { default = "NONE" }
variable "cors" { default = {} }
variable "allowed_triggers" { default = {} }
variable "event_source_mapping" { default = {} }
variable "attach_cloudwatch_logs_policy" { default = true }
variable "attach_network_policy" { default = false }
variable "attach_tracing_policy" { default = false }
variable "attach_policy_json" { default = false }
variable "policy_json" { default = null }
variable "attach_policy_jsons" { default = false }
variable "policy_jsons" { default = [] }
variable "attach_policy" { default = false }
variable "policy" { default = null }
variable "attach_policies" { default = false }
variable "policies" { default = [] }
variable "attach_policy_statements" { default = false }
variable "policy_statements" { default = {} }
variable "trusted_entities" { default = [] }
variable "assume_role_policy_statements" { default = {} }
variable "attach_dead_letter_policy" { default = false }
variable "attach_async_event_policy" { default = false }
variable "destination_on_success" { default = null }

locals {
  makes    = var.create && var.create_function && !var.create_layer
  own_role = local.makes && var.create_role
}

data "archive_file" "code" {
  count       = var.source_path != null ? 1 : 0
  type        = "zip"
  source_dir  = try(var.source_path[0].path, var.source_path[0], var.source_path.path, var.source_path)
  output_path = "package.zip"
}

resource "aws_lambda_function" "this" {
  count                          = local.makes ? 1 : 0
  function_name                  = var.function_name
  role                           = var.create_role ? aws_iam_role.lambda[0].arn : var.lambda_role
  handler                        = var.package_type != "Zip" ? null : var.handler
  runtime                        = var.package_type != "Zip" ? null : var.runtime
  package_type                   = var.package_type
  image_uri                      = var.image_uri
  filename                       = try(data.archive_file.code[0].output_path, var.local_existing_package)
  s3_key                         = try(var.s3_existing_package.key, null)
  timeout                        = var.timeout
  memory_size                    = var.memory_size
  reserved_concurrent_executions = var.reserved_concurrent_executions
  kms_key_arn                    = var.kms_key_arn
  layers                         = var.layers
  dynamic "environment" {
    for_each = var.environment_variables == {} ? [] : [true]
    content {
      variables = var.environment_variables
    }
  }
  dynamic "dead_letter_config" {
    for_each = var.dead_letter_target_arn == null ? [] : [true]
    content {
      target_arn = var.dead_letter_target_arn
    }
  }
  dynamic "tracing_config" {
    for_each = var.tracing_mode == null ? [] : [true]
    content {
      mode = var.tracing_mode
    }
  }
  dynamic "vpc_config" {
    for_each = var.vpc_subnet_ids != null && var.vpc_security_group_ids != null ? [true] : []
    content {
      subnet_ids         = var.vpc_subnet_ids
      security_group_ids = var.vpc_security_group_ids
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "this" {
  count         = local.makes && var.create_async_event_config ? 1 : 0
  function_name = aws_lambda_function.this[0].function_name
  destination_config {
    on_failure {
      destination = var.destination_on_failure
    }
  }
}

resource "aws_lambda_function_url" "this" {
  count              = local.makes && var.create_lambda_function_url ? 1 : 0
  function_name      = aws_lambda_function.this[0].function_name
  authorization_type = var.authorization_type
  dynamic "cors" {
    for_each = var.cors == {} ? [] : [var.cors]
    content {
      allow_origins     = try(cors.value.allow_origins, null)
      allow_credentials = try(cors.value.allow_credentials, null)
      allow_headers     = try(cors.value.allow_headers, null)
    }
  }
}

resource "aws_lambda_permission" "triggers" {
  for_each           = local.makes ? var.allowed_triggers : {}
  function_name      = aws_lambda_function.this[0].function_name
  action             = try(each.value.action, "lambda:InvokeFunction")
  principal          = try(each.value.principal, "${each.value.service}.amazonaws.com")
  principal_org_id   = try(each.value.principal_org_id, null)
  source_arn         = try(each.value.source_arn, null)
  source_account     = try(each.value.source_account, null)
  event_source_token = try(each.value.event_source_token, null)
}

resource "aws_lambda_event_source_mapping" "this" {
  for_each          = local.makes ? var.event_source_mapping : {}
  function_name     = aws_lambda_function.this[0].arn
  event_source_arn  = try(each.value.event_source_arn, null)
  enabled           = try(each.value.enabled, null)
  starting_position = try(each.value.starting_position, null)
  topics            = try(each.value.topics, null)
  queues            = try(each.value.queues, null)
}

resource "aws_iam_role" "lambda" {
  count                = local.own_role ? 1 : 0
  name                 = coalesce(var.role_name, var.function_name)
  permissions_boundary = var.role_permissions_boundary
  assume_role_policy   = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = distinct(concat(["lambda.amazonaws.com"], [for entity in var.trusted_entities : entity if !can(entity.type)]))
    }
    dynamic "principals" {
      for_each = [for entity in var.trusted_entities : entity if can(entity.type)]
      content {
        type        = principals.value.type
        identifiers = principals.value.identifiers
      }
    }
  }
  dynamic "statement" {
    for_each = var.assume_role_policy_statements
    content {
      effect  = try(statement.value.effect, "Allow")
      actions = try(statement.value.actions, ["sts:AssumeRole"])
      dynamic "principals" {
        for_each = try(statement.value.principals, [])
        content {
          type        = principals.value.type
          identifiers = principals.value.identifiers
        }
      }
      dynamic "condition" {
        for_each = try(statement.value.condition, [])
        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

data "aws_iam_policy_document" "logs" {
  statement {
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:*:*:log-group:/aws/lambda/${var.function_name}:*"]
  }
}

resource "aws_iam_role_policy" "logs" {
  count  = local.own_role && var.attach_cloudwatch_logs_policy ? 1 : 0
  role   = aws_iam_role.lambda[0].name
  policy = data.aws_iam_policy_document.logs.json
}

data "aws_iam_policy_document" "failures" {
  statement {
    actions = ["sns:Publish", "sqs:SendMessage", "lambda:InvokeFunction", "events:PutEvents"]
    resources = compact(concat(
      var.attach_dead_letter_policy ? [var.dead_letter_target_arn] : [],
      var.attach_async_event_policy ? [var.destination_on_failure, var.destination_on_success] : [],
    ))
  }
}

resource "aws_iam_role_policy" "failures" {
  count  = local.own_role && (var.attach_dead_letter_policy || var.attach_async_event_policy) ? 1 : 0
  role   = aws_iam_role.lambda[0].name
  policy = data.aws_iam_policy_document.failures.json
}

resource "aws_iam_role_policy_attachment" "network" {
  count      = local.own_role && var.attach_network_policy ? 1 : 0
  role       = aws_iam_role.lambda[0].name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"
}

resource "aws_iam_role_policy_attachment" "tracing" {
  count      = local.own_role && var.attach_tracing_policy ? 1 : 0
  role       = aws_iam_role.lambda[0].name
  policy_arn = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
}

resource "aws_iam_role_policy" "json" {
  count  = local.own_role && var.attach_policy_json ? 1 : 0
  role   = aws_iam_role.lambda[0].name
  policy = var.policy_json
}

resource "aws_iam_role_policy" "jsons" {
  count  = local.own_role && var.attach_policy_jsons ? length(var.policy_jsons) : 0
  role   = aws_iam_role.lambda[0].name
  policy = var.policy_jsons[count.index]
}

resource "aws_iam_role_policy_attachment" "one" {
  count      = local.own_role && var.attach_policy ? 1 : 0
  role       = aws_iam_role.lambda[0].name
  policy_arn = var.policy
}

resource "aws_iam_role_policy_attachment" "many" {
  count      = local.own_role && var.attach_policies ? length(var.policies) : 0
  role       = aws_iam_role.lambda[0].name
  policy_arn = var.policies[count.index]
}

data "aws_iam_policy_document" "statements" {
  dynamic "statement" {
    for_each = var.policy_statements
    content {
      sid           = try(statement.value.sid, null)
      effect        = try(statement.value.effect, "Allow")
      actions       = try(statement.value.actions, null)
      not_actions   = try(statement.value.not_actions, null)
      resources     = try(statement.value.resources, null)
      not_resources = try(statement.value.not_resources, null)
      dynamic "condition" {
        for_each = try(statement.value.condition, [])
        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

resource "aws_iam_role_policy" "statements" {
  count  = local.own_role && var.attach_policy_statements ? 1 : 0
  role   = aws_iam_role.lambda[0].name
  policy = data.aws_iam_policy_document.statements.json
}

output "lambda_function_arn" { value = aws_lambda_function.this[0].arn }
output "lambda_function_arn_static" { value = aws_lambda_function.this[0].arn }
output "lambda_function_invoke_arn" { value = aws_lambda_function.this[0].invoke_arn }
output "lambda_function_qualified_arn" { value = aws_lambda_function.this[0].arn }
output "lambda_function_qualified_invoke_arn" { value = aws_lambda_function.this[0].arn }
output "lambda_function_name" { value = aws_lambda_function.this[0].function_name }
output "lambda_function_url" { value = aws_lambda_function_url.this[0].function_url }
output "lambda_role_arn" { value = aws_iam_role.lambda[0].arn }
output "lambda_role_name" { value = aws_iam_role.lambda[0].name }
