variable "stage" {
  type    = string
  default = "live"
}
module "connections" {
  source = "./modules/table"
  name   = "chat-${var.stage}-connections"
  key    = "id"
}
module "rooms" {
  source = "./modules/table"
  name   = "chat-${var.stage}-rooms"
  key    = "room"
  index  = "owner"
}
resource "aws_apigatewayv2_api" "ws" {
  name                       = "chat"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
}
resource "aws_apigatewayv2_authorizer" "ws" {
  api_id           = aws_apigatewayv2_api.ws.id
  authorizer_type  = "REQUEST"
  authorizer_uri   = aws_lambda_function.fn["auth"].invoke_arn
  identity_sources = ["route.request.querystring.token"]
  name             = "ws"
}
resource "aws_apigatewayv2_route" "r" {
  for_each           = { "$connect" = "connect", "$disconnect" = "disconnect", "send" = "send" }
  api_id             = aws_apigatewayv2_api.ws.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.i[each.value].id}"
  authorization_type = each.key == "$connect" ? "CUSTOM" : "NONE"
  authorizer_id      = each.key == "$connect" ? aws_apigatewayv2_authorizer.ws.id : null
}
resource "aws_apigatewayv2_integration" "i" {
  for_each         = toset(["connect", "disconnect", "send"])
  api_id           = aws_apigatewayv2_api.ws.id
  integration_type = "AWS_PROXY"
  integration_uri  = aws_lambda_function.fn[each.key].invoke_arn
}
resource "aws_apigatewayv2_stage" "live" {
  api_id = aws_apigatewayv2_api.ws.id
  name   = var.stage
}
locals {
  grants = {
    connect    = { actions = ["dynamodb:PutItem"], on = [module.connections.arn] }
    disconnect = { actions = ["dynamodb:DeleteItem"], on = [module.connections.arn] }
    send       = { actions = ["dynamodb:Query", "dynamodb:Scan"], on = [module.connections.arn, "${module.rooms.arn}/index/*"] }
    auth       = { actions = ["dynamodb:GetItem"], on = [module.rooms.arn] }
  }
}
resource "aws_iam_role" "fn" {
  for_each           = local.grants
  assume_role_policy = file("${path.module}/trust.json")
  managed_policy_arns = ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
  inline_policy {
    name = "data"
    policy = jsonencode({
      Version   = "2012-10-17"
      Statement = concat(
        [{ Effect = "Allow", Action = each.value.actions, Resource = each.value.on }],
        each.key == "send" ? [{ Effect = "Allow", Action = ["execute-api:ManageConnections"], Resource = ["${aws_apigatewayv2_api.ws.execution_arn}/*/POST/@connections/*"] }] : [],
      )
    })
  }
}
resource "aws_lambda_function" "fn" {
  for_each      = local.grants
  function_name = "chat-${var.stage}-${each.key}"
  role          = aws_iam_role.fn[each.key].arn
  filename      = "${path.module}/functions.zip"
  handler       = "functions/${each.key}.handler"
  runtime       = "nodejs22.x"
  environment {
    variables = {
      CONNECTIONS_TABLE = module.connections.name
      ROOMS_TABLE       = module.rooms.name
      ENDPOINT          = replace(aws_apigatewayv2_stage.live.invoke_url, "wss://", "https://")
    }
  }
}
resource "aws_lambda_permission" "ws" {
  for_each      = local.grants
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.fn[each.key].function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.ws.execution_arn}/*/*"
}
