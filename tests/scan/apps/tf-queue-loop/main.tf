resource "aws_sqs_queue" "jobs" {
  name = "jobs"
}

resource "aws_sqs_queue" "done" {
  name = "done"
}

resource "aws_iam_role" "work" {
  name = "work"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "work" {
  role = aws_iam_role.work.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], Resource = "*" },
      { Effect = "Allow", Action = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage"], Resource = aws_sqs_queue.jobs.arn },
    ]
  })
}

resource "aws_lambda_function" "work" {
  function_name = "work"
  role          = aws_iam_role.work.arn
  handler       = "work.handler"
  runtime       = "python3.13"
  filename      = "work.zip"
}

resource "aws_lambda_event_source_mapping" "work" {
  event_source_arn = aws_sqs_queue.jobs.arn
  function_name    = aws_lambda_function.work.arn
}

resource "aws_lambda_function" "other" {
  function_name = "other"
  role          = aws_iam_role.other.arn
  handler       = "other.handler"
  runtime       = "python3.13"
  filename      = "other.zip"
}

resource "aws_iam_role" "other" {
  name = "other"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "other" {
  role = aws_iam_role.other.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], Resource = aws_sqs_queue.done.arn },
      { Effect = "Allow", Action = "sqs:SendMessage", Resource = aws_sqs_queue.jobs.arn },
    ]
  })
}

resource "aws_lambda_event_source_mapping" "other" {
  event_source_arn = aws_sqs_queue.done.arn
  function_name    = aws_lambda_function.other.arn
  enabled          = false
}
