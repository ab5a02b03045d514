resource "aws_s3_bucket" "uploads" {
  bucket = "uploads-of-the-shop"
}

resource "aws_s3_bucket_public_access_block" "uploads" {
  bucket              = aws_s3_bucket.uploads.id
  block_public_acls   = false
  block_public_policy = false
}

resource "aws_s3_bucket_ownership_controls" "uploads" {
  bucket = aws_s3_bucket.uploads.id
  rule { object_ownership = "BucketOwnerPreferred" }
}

resource "aws_s3_bucket_acl" "uploads" {
  bucket = aws_s3_bucket.uploads.id
  acl    = "public-read-write"
}

resource "aws_s3_bucket" "site" {
  bucket = "site-of-the-shop"
}

resource "aws_s3_bucket_website_configuration" "site" {
  bucket = aws_s3_bucket.site.id
  index_document { suffix = "index.html" }
}

resource "aws_s3_bucket_public_access_block" "site" {
  bucket                  = aws_s3_bucket.site.id
  block_public_policy     = false
  restrict_public_buckets = false
}

data "aws_iam_policy_document" "site" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.site.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}

resource "aws_s3_bucket_policy" "site" {
  bucket = aws_s3_bucket.site.id
  policy = data.aws_iam_policy_document.site.json
}

resource "aws_iam_role" "look" {
  name = "look"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
  managed_policy_arns = ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
}

resource "aws_lambda_function" "look" {
  function_name = "look"
  role          = aws_iam_role.look.arn
  handler       = "look.handler"
  runtime       = "python3.13"
  filename      = "look.zip"
}

resource "aws_lambda_permission" "look" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.look.function_name
  principal     = "sns.amazonaws.com"
}
