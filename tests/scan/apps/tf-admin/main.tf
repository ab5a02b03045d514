data "aws_iam_policy_document" "all" {
  statement {
    actions   = ["*"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "all" {
  name   = "all"
  policy = data.aws_iam_policy_document.all.json
}

resource "aws_iam_role" "deploy" {
  name = "deploy"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "all" {
  role       = aws_iam_role.deploy.name
  policy_arn = aws_iam_policy.all.arn
}

resource "aws_lambda_function" "deploy" {
  function_name = "deploy"
  role          = aws_iam_role.deploy.arn
  handler       = "deploy.handler"
  runtime       = "python3.13"
  filename      = "deploy.zip"
}

resource "aws_sns_topic" "go" {
  name = "go"
}

resource "aws_sns_topic_subscription" "go" {
  topic_arn = aws_sns_topic.go.arn
  protocol  = "lambda"
  endpoint  = aws_lambda_function.deploy.arn
}

resource "aws_lambda_permission" "go" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.deploy.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.go.arn
}
