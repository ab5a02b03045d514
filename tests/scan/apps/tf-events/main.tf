variable "region" { default = "us-east-1" }
variable "slack_webhook" {
  type      = string
  sensitive = true
}
resource "aws_sqs_queue" "intake" {
  name           = "intake"
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dlq.arn, maxReceiveCount = 5 })
}
resource "aws_sqs_queue" "dlq" { name = "intake-dlq" }
resource "aws_sns_topic" "alerts" { name = "alerts" }
resource "aws_sns_topic_policy" "alerts" {
  arn = aws_sns_topic.alerts.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "org", Effect = "Allow", Principal = "*", Action = "sns:Publish", Resource = aws_sns_topic.alerts.arn, Condition = { StringEquals = { "aws:PrincipalOrgID" = "o-abc123" } } },
      { Sid = "any", Effect = "Allow", Principal = { AWS = "*" }, Action = "sns:Subscribe", Resource = aws_sns_topic.alerts.arn, Condition = { StringEquals = { "sns:Protocol" = "https" } } },
    ]
  })
}
resource "aws_dynamodb_table" "seen" {
  name         = "seen"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
}
resource "aws_rds_cluster" "main" {
  cluster_identifier          = "events"
  engine                      = "aurora-mysql"
  master_username             = "events"
  manage_master_user_password = true
  backup_retention_period     = 7
}
resource "aws_iam_role" "intake" {
  name               = "intake"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "aws_iam_role" "enrich" {
  name               = "enrich"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}
resource "aws_iam_role_policy_attachment" "logs" {
  for_each   = { intake = aws_iam_role.intake.name }
  role       = each.value
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
}
resource "aws_iam_policy" "intake" {
  policy = data.aws_iam_policy_document.intake.json
}
resource "aws_iam_role_policy_attachment" "intake" {
  role       = aws_iam_role.intake.name
  policy_arn = aws_iam_policy.intake.arn
}
data "aws_iam_policy_document" "intake" {
  statement {
    sid       = "Queue"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.intake.arn]
  }
  statement {
    actions   = ["dynamodb:PutItem", "dynamodb:DeleteTable"]
    resources = ["arn:aws:dynamodb:${var.region}:*:table/*"]
  }
  statement {
    actions   = ["kms:Decrypt"]
    resources = ["*"]
  }
}
resource "aws_iam_role_policy" "enrich" {
  role   = aws_iam_role.enrich.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = aws_dynamodb_table.seen.arn }, { Effect = "Allow", Action = ["sns:Publish"], Resource = aws_sns_topic.alerts.arn }] })
}
resource "aws_lambda_function" "intake" {
  function_name = "intake"
  role          = aws_iam_role.intake.arn
  runtime       = "python3.13"
  handler       = "main.handler"
  filename      = data.archive_file.z["intake"].output_path
  environment {
    variables = {
      SEEN  = aws_dynamodb_table.seen.id
      QUEUE = aws_sqs_queue.intake.url
    }
  }
}
resource "aws_lambda_function" "enrich" {
  function_name = "enrich"
  role          = aws_iam_role.enrich.arn
  runtime       = "nodejs22.x"
  handler       = "main.handler"
  filename      = data.archive_file.z["enrich"].output_path
  environment {
    variables = {
      TOPIC         = aws_sns_topic.alerts.arn
      SLACK_WEBHOOK = var.slack_webhook
    }
  }
}
data "archive_file" "z" {
  for_each    = toset(["intake", "enrich"])
  type        = "zip"
  source_dir  = "${path.module}/src/${each.key}"
  output_path = "${path.module}/${each.key}.zip"
}
resource "aws_lambda_event_source_mapping" "intake" {
  event_source_arn = aws_sqs_queue.intake.arn
  function_name    = aws_lambda_function.intake.arn
}
resource "aws_lambda_event_source_mapping" "old" {
  event_source_arn = aws_sqs_queue.dlq.arn
  function_name    = aws_lambda_function.enrich.arn
  enabled          = false
}
resource "aws_sns_topic_subscription" "enrich" {
  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "lambda"
  endpoint  = aws_lambda_function.enrich.arn
}
resource "aws_lambda_permission" "sns" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.enrich.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.alerts.arn
}
resource "aws_apigatewayv2_api" "quick" {
  name          = "quick"
  protocol_type = "HTTP"
  target        = aws_lambda_function.enrich.arn
  route_key     = "POST /hook"
  cors_configuration {
    allow_origins     = ["https://*"]
    allow_credentials = true
    allow_methods     = ["POST"]
  }
}
resource "aws_ssm_parameter" "token" {
  name  = "/events/token"
  type  = "String"
  value = "ghp_0A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r"
}
