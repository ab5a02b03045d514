resource "aws_iam_role" "find" {
  name = "find"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
  managed_policy_arns = ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
}

data "archive_file" "find" {
  type        = "zip"
  source_file = "${path.module}/find.py"
  output_path = "find.zip"
}

resource "aws_lambda_function" "find" {
  function_name = "find"
  role          = aws_iam_role.find.arn
  handler       = "find.handler"
  runtime       = "python3.13"
  filename      = data.archive_file.find.output_path
}

resource "aws_sqs_queue" "wanted" {
  name = "wanted"
}

resource "aws_lambda_event_source_mapping" "find" {
  event_source_arn = aws_sqs_queue.wanted.arn
  function_name    = aws_lambda_function.find.arn
}

resource "aws_iam_role_policy" "find" {
  role = aws_iam_role.find.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], Resource = aws_sqs_queue.wanted.arn }]
  })
}
