variable "public" {
  type    = bool
  default = false
}

variable "tables" {
  type    = list(string)
  default = ["orders", "customers"]
}

resource "aws_dynamodb_table" "all" {
  for_each     = toset(var.tables)
  name         = each.key
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
}

resource "aws_iam_role" "run" {
  name = "run"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "run" {
  role = aws_iam_role.run.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], Resource = "*" },
      { Effect = "Allow", Action = "dynamodb:GetItem", Resource = [for table in aws_dynamodb_table.all : table.arn] },
    ]
  })
}

resource "aws_lambda_function" "run" {
  function_name = "run"
  role          = aws_iam_role.run.arn
  handler       = "run.handler"
  runtime       = "python3.12"
  filename      = "run.zip"
}

resource "aws_lambda_function_url" "run" {
  count              = var.public ? 1 : 0
  function_name      = aws_lambda_function.run.function_name
  authorization_type = "NONE"
}

resource "aws_cloudwatch_event_rule" "hourly" {
  name                = "hourly"
  schedule_expression = "rate(1 hour)"
}

resource "aws_cloudwatch_event_target" "hourly" {
  rule = aws_cloudwatch_event_rule.hourly.name
  arn  = aws_lambda_function.run.arn
}
