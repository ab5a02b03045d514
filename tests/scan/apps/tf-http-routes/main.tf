terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}

resource "aws_apigatewayv2_api" "shop" {
  name          = "shop"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_authorizer" "tokens" {
  api_id           = aws_apigatewayv2_api.shop.id
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]
  name             = "tokens"
  jwt_configuration {
    audience = ["shop"]
    issuer   = "https://login.example.com/"
  }
}

resource "aws_apigatewayv2_integration" "orders" {
  api_id           = aws_apigatewayv2_api.shop.id
  integration_type = "AWS_PROXY"
  integration_uri  = aws_lambda_function.orders.invoke_arn
}

resource "aws_apigatewayv2_integration" "import" {
  api_id           = aws_apigatewayv2_api.shop.id
  integration_type = "AWS_PROXY"
  integration_uri  = aws_lambda_function.import.invoke_arn
}

resource "aws_apigatewayv2_route" "orders" {
  api_id             = aws_apigatewayv2_api.shop.id
  route_key          = "GET /orders"
  authorization_type = "JWT"
  authorizer_id      = aws_apigatewayv2_authorizer.tokens.id
  target             = "integrations/${aws_apigatewayv2_integration.orders.id}"
}

resource "aws_apigatewayv2_route" "import" {
  api_id    = aws_apigatewayv2_api.shop.id
  route_key = "POST /import"
  target    = "integrations/${aws_apigatewayv2_integration.import.id}"
}

data "aws_iam_policy_document" "lambda" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "run" {
  name               = "run"
  assume_role_policy = data.aws_iam_policy_document.lambda.json
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.run.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "orders" {
  function_name                  = "orders"
  role                           = aws_iam_role.run.arn
  handler                        = "orders.handler"
  runtime                        = "nodejs22.x"
  filename                       = "orders.zip"
  reserved_concurrent_executions = 10
}

resource "aws_lambda_function" "import" {
  function_name                  = "import"
  role                           = aws_iam_role.run.arn
  handler                        = "import.handler"
  runtime                        = "nodejs22.x"
  filename                       = "import.zip"
  reserved_concurrent_executions = 10
}
