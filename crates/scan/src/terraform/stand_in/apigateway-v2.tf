# Stands in for terraform-aws-modules/apigateway-v2/aws: an HTTP or websocket API with routes, in its old and its new way to write them.
variable "create" { default = true }
variable "create_api_gateway" { default = true }
variable "name" { default = "" }
variable "protocol_type" { default = "HTTP" }
variable "create_routes_and_integrations" { default = true }
variable "target" { default = null }
variable "route_key" { default = null }
variable "credentials_arn" { default = null }
variable "body" { default = null }
variable "cors_configuration" { default = null }
variable "integrations" { default = {} }
variable "routes" { default = {} }
variable "authorizers" { default = {} }
variable "stage_access_log_settings" { default = null }
variable "default_stage_access_log_destination_arn" { default = null }
variable "default_route_settings" { default = {} }
variable "stage_default_route_settings" { default = {} }

locals {
  makes  = var.create && var.create_api_gateway
  routes = var.create_routes_and_integrations ? merge(var.integrations, var.routes) : {}
  rates = merge(var.default_route_settings, var.stage_default_route_settings)
}

resource "aws_apigatewayv2_api" "this" {
  count         = local.makes ? 1 : 0
  name          = var.name
  protocol_type = var.protocol_type
  body          = var.body
  target        = var.target
  route_key     = var.route_key
  dynamic "cors_configuration" {
    for_each = var.cors_configuration == null || var.cors_configuration == {} ? [] : [var.cors_configuration]
    content {
      allow_origins     = try(cors_configuration.value.allow_origins, null)
      allow_credentials = try(cors_configuration.value.allow_credentials, null)
      allow_headers     = try(cors_configuration.value.allow_headers, null)
    }
  }
}

resource "aws_apigatewayv2_authorizer" "this" {
  for_each        = local.makes ? var.authorizers : {}
  api_id          = aws_apigatewayv2_api.this[0].id
  authorizer_type = try(each.value.authorizer_type, "REQUEST")
  authorizer_uri  = try(each.value.authorizer_uri, null)
  dynamic "jwt_configuration" {
    for_each = can(each.value.jwt_configuration) ? [each.value.jwt_configuration] : can(each.value.issuer) ? [each.value] : []
    content {
      audience = try(jwt_configuration.value.audience, null)
      issuer   = try(jwt_configuration.value.issuer, null)
    }
  }
}

resource "aws_apigatewayv2_route" "this" {
  for_each             = local.makes ? local.routes : {}
  api_id               = aws_apigatewayv2_api.this[0].id
  route_key            = each.key
  authorization_type   = try(each.value.authorization_type, "NONE")
  authorizer_id        = try(aws_apigatewayv2_authorizer.this[each.value.authorizer_key].id, each.value.authorizer_id, null)
  authorization_scopes = try(each.value.authorization_scopes, null)
  api_key_required     = try(each.value.api_key_required, null)
  target               = "integrations/${aws_apigatewayv2_integration.this[each.key].id}"
}

resource "aws_apigatewayv2_integration" "this" {
  for_each            = local.makes ? local.routes : {}
  api_id              = aws_apigatewayv2_api.this[0].id
  integration_type    = try(each.value.integration.type, each.value.integration_type, "AWS_PROXY")
  integration_subtype = try(each.value.integration.subtype, each.value.integration_subtype, null)
  integration_uri     = try(each.value.integration.uri, each.value.lambda_arn, each.value.integration_uri, null)
}

resource "aws_apigatewayv2_stage" "this" {
  count  = local.makes ? 1 : 0
  api_id = aws_apigatewayv2_api.this[0].id
  dynamic "access_log_settings" {
    for_each = var.stage_access_log_settings != null || var.default_stage_access_log_destination_arn != null ? [true] : []
    content {
      destination_arn = try(var.stage_access_log_settings.destination_arn, var.default_stage_access_log_destination_arn)
    }
  }
  dynamic "default_route_settings" {
    for_each = local.rates == {} ? [] : [local.rates]
    content {
      throttling_rate_limit  = try(default_route_settings.value.throttling_rate_limit, null)
      throttling_burst_limit = try(default_route_settings.value.throttling_burst_limit, null)
      data_trace_enabled     = try(default_route_settings.value.data_trace_enabled, null)
    }
  }
}

output "api_id" { value = aws_apigatewayv2_api.this[0].id }
output "api_arn" { value = aws_apigatewayv2_api.this[0].arn }
output "api_endpoint" { value = aws_apigatewayv2_api.this[0].api_endpoint }
output "api_execution_arn" { value = aws_apigatewayv2_api.this[0].execution_arn }
output "apigatewayv2_api_id" { value = aws_apigatewayv2_api.this[0].id }
output "apigatewayv2_api_arn" { value = aws_apigatewayv2_api.this[0].arn }
output "apigatewayv2_api_api_endpoint" { value = aws_apigatewayv2_api.this[0].api_endpoint }
output "apigatewayv2_api_execution_arn" { value = aws_apigatewayv2_api.this[0].execution_arn }
