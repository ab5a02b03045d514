resource "aws_apigatewayv2_api" "http" {
  name          = local.name
  protocol_type = "HTTP"
}
resource "aws_apigatewayv2_authorizer" "token" {
  api_id                            = aws_apigatewayv2_api.http.id
  name                              = "token"
  authorizer_type                   = "REQUEST"
  authorizer_uri                    = aws_lambda_function.fn["auth"].invoke_arn
  identity_sources                  = ["$request.header.Authorization"]
  authorizer_payload_format_version = "2.0"
  enable_simple_responses           = true
}
locals {
  routes = {
    "POST /charges"        = { fn = "charge", auth = true }
    "POST /webhooks/stripe" = { fn = "webhook", auth = false }
  }
}
resource "aws_apigatewayv2_integration" "fn" {
  for_each               = toset([for r in local.routes : r.fn])
  api_id                 = aws_apigatewayv2_api.http.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.fn[each.value].invoke_arn
  payload_format_version = "2.0"
}
resource "aws_apigatewayv2_route" "r" {
  for_each           = local.routes
  api_id             = aws_apigatewayv2_api.http.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.fn[each.value.fn].id}"
  authorization_type = each.value.auth ? "CUSTOM" : "NONE"
  authorizer_id      = each.value.auth ? aws_apigatewayv2_authorizer.token.id : null
}
resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.http.id
  name        = "$default"
  auto_deploy = true
  default_route_settings {
    throttling_rate_limit  = 50
    throttling_burst_limit = 100
  }
}
resource "aws_lambda_permission" "api" {
  for_each      = toset(["charge", "webhook", "auth"])
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.fn[each.key].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.http.execution_arn}/*"
}
resource "aws_cloudwatch_event_rule" "daily" {
  schedule_expression = "cron(5 0 * * ? *)"
}
resource "aws_cloudwatch_event_target" "settle" {
  rule = aws_cloudwatch_event_rule.daily.name
  arn  = aws_lambda_function.fn["settle"].arn
}
resource "aws_lambda_permission" "daily" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.fn["settle"].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.daily.arn
}
