locals {
  name = "thumbs-${var.stage}"
}

variable "stage" {
  type    = string
  default = "dev"
}

resource "aws_s3_bucket" "images" {
  bucket = "${local.name}-images"
}

resource "aws_s3_bucket" "small" {
  bucket = "${local.name}-small"
}

resource "aws_s3_bucket_notification" "images" {
  bucket = aws_s3_bucket.images.id
  lambda_function {
    lambda_function_arn = aws_lambda_function.shrink.arn
    events              = ["s3:ObjectCreated:*"]
  }
}

resource "aws_lambda_permission" "images" {
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.shrink.function_name
  principal      = "s3.amazonaws.com"
  source_arn     = aws_s3_bucket.images.arn
  source_account = data.aws_caller_identity.me.account_id
}

data "aws_caller_identity" "me" {}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "shrink" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.images.arn}/*"]
  }
  statement {
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.small.arn}/*"]
  }
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.shrink.arn}:*"]
  }
}

resource "aws_cloudwatch_log_group" "shrink" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = 30
}

resource "aws_iam_role" "shrink" {
  name               = local.name
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "shrink" {
  role   = aws_iam_role.shrink.id
  policy = data.aws_iam_policy_document.shrink.json
}

data "archive_file" "shrink" {
  type        = "zip"
  source_dir  = "${path.module}/src"
  output_path = "shrink.zip"
}

resource "aws_lambda_function" "shrink" {
  function_name = local.name
  role          = aws_iam_role.shrink.arn
  handler       = "shrink.handler"
  runtime       = "python3.13"
  filename      = data.archive_file.shrink.output_path
  environment {
    variables = { SMALL = aws_s3_bucket.small.bucket, IMAGES = aws_s3_bucket.images.bucket }
  }
}
