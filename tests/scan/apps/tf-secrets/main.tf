variable "database_password" {
  type    = string
  default = "Wq8-zR3!nT5xKc"
}

variable "api_token" {
  type      = string
  sensitive = true
}

resource "aws_secretsmanager_secret" "stripe" {
  name = "stripe"
}

resource "aws_secretsmanager_secret_policy" "stripe" {
  secret_arn = aws_secretsmanager_secret.stripe.arn
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "secretsmanager:GetSecretValue", Resource = "*" }]
  })
}

resource "aws_ssm_parameter" "token" {
  name  = "/shop/github"
  type  = "String"
  value = "ghp_9aZbY8cXd7WeV6fUg5ThS4iRj3QkP2lOmN1x"
}

resource "aws_iam_role" "run" {
  name = "run"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.run.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "run" {
  function_name = "run"
  role          = aws_iam_role.run.arn
  handler       = "run.handler"
  runtime       = "python3.12"
  filename      = "run.zip"
  environment {
    variables = {
      DB_PASSWORD = var.database_password
      API_TOKEN   = var.api_token
      SECRET_ARN  = aws_secretsmanager_secret.stripe.arn
    }
  }
}

resource "aws_cloudwatch_event_rule" "hourly" {
  name                = "hourly"
  schedule_expression = "rate(1 hour)"
}

resource "aws_cloudwatch_event_target" "hourly" {
  rule = aws_cloudwatch_event_rule.hourly.name
  arn  = aws_lambda_function.run.arn
}
