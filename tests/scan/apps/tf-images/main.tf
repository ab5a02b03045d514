variable "env" {
  type    = string
  default = "dev"
}
variable "db_password" {
  type    = string
  default = "Img-2024-kQz81x"
}
variable "origins" {
  type    = list(string)
  default = ["*"]
}
locals {
  lambdas = toset(["api", "thumb"])
}
resource "aws_s3_bucket" "originals" {
  bucket = "images-${var.env}-originals"
}
resource "aws_s3_bucket_public_access_block" "originals" {
  bucket                  = aws_s3_bucket.originals.id
  block_public_acls       = false
  block_public_policy     = false
  ignore_public_acls      = false
  restrict_public_buckets = false
}
resource "aws_s3_bucket_policy" "originals" {
  bucket = aws_s3_bucket.originals.id
  policy = templatefile("${path.module}/policies/public.json.tftpl", { arn = aws_s3_bucket.originals.arn })
}
resource "aws_s3_bucket" "thumbs" {
  bucket = "images-${var.env}-thumbs"
}
resource "aws_s3_bucket_notification" "n" {
  bucket = aws_s3_bucket.originals.id
  lambda_function {
    lambda_function_arn = aws_lambda_function.fn["thumb"].arn
    events              = ["s3:ObjectCreated:*"]
    filter_suffix       = ".jpg"
  }
}
resource "aws_lambda_permission" "s3" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.fn["thumb"].arn
  principal     = "s3.amazonaws.com"
  source_arn    = aws_s3_bucket.originals.arn
}
resource "aws_iam_role" "shared" {
  name = "images-${var.env}"
  assume_role_policy = <<-JSON
    {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}
  JSON
}
resource "aws_iam_role_policy" "shared" {
  name = "images"
  role = aws_iam_role.shared.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = ["${aws_s3_bucket.originals.arn}/*", "${aws_s3_bucket.thumbs.arn}/*"] },
      { Effect = "Allow", Action = "ssm:GetParameter*", Resource = "*" },
      { Effect = "Allow", Action = "sts:AssumeRole", Resource = "*" },
      { Effect = "Allow", Action = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], Resource = "arn:aws:logs:*:*:*" },
    ]
  })
}
resource "aws_lambda_function" "fn" {
  for_each      = local.lambdas
  function_name = "images-${var.env}-${each.key}"
  role          = aws_iam_role.shared.arn
  filename      = "build/${each.key}.zip"
  handler       = "lambdas.${each.key}.main.handler"
  runtime       = "python3.13"
  environment {
    variables = merge({ ORIGINALS = aws_s3_bucket.originals.bucket, THUMBS = aws_s3_bucket.thumbs.bucket }, each.key == "api" ? { DB_PASSWORD = var.db_password } : {})
  }
}
resource "aws_api_gateway_rest_api" "api" {
  name = "images"
}
resource "aws_api_gateway_resource" "images" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  parent_id   = aws_api_gateway_rest_api.api.root_resource_id
  path_part   = "images"
}
resource "aws_api_gateway_method" "list" {
  rest_api_id   = aws_api_gateway_rest_api.api.id
  resource_id   = aws_api_gateway_resource.images.id
  http_method   = "GET"
  authorization = "NONE"
}
resource "aws_api_gateway_method" "upload" {
  rest_api_id   = aws_api_gateway_rest_api.api.id
  resource_id   = aws_api_gateway_resource.images.id
  http_method   = "POST"
  authorization = "COGNITO_USER_POOLS"
  authorizer_id = aws_api_gateway_authorizer.pool.id
}
resource "aws_api_gateway_method" "options" {
  rest_api_id   = aws_api_gateway_rest_api.api.id
  resource_id   = aws_api_gateway_resource.images.id
  http_method   = "OPTIONS"
  authorization = "NONE"
}
resource "aws_api_gateway_integration" "options" {
  rest_api_id = aws_api_gateway_rest_api.api.id
  resource_id = aws_api_gateway_resource.images.id
  http_method = aws_api_gateway_method.options.http_method
  type        = "MOCK"
}
resource "aws_api_gateway_integration" "lambda" {
  for_each                = { GET = aws_api_gateway_method.list, POST = aws_api_gateway_method.upload }
  rest_api_id             = aws_api_gateway_rest_api.api.id
  resource_id             = aws_api_gateway_resource.images.id
  http_method             = each.value.http_method
  integration_http_method = "POST"
  type                    = "AWS_PROXY"
  uri                     = aws_lambda_function.fn["api"].invoke_arn
}
resource "aws_cognito_user_pool" "pool" {
  name = "images"
}
resource "aws_api_gateway_authorizer" "pool" {
  name          = "pool"
  type          = "COGNITO_USER_POOLS"
  rest_api_id   = aws_api_gateway_rest_api.api.id
  provider_arns = [aws_cognito_user_pool.pool.arn]
}
resource "aws_api_gateway_domain_name" "d" {
  domain_name              = "images.example.com"
  regional_certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/x"
  security_policy          = "TLS_1_0"
}
resource "aws_sqs_queue" "dead" {
  name                    = "images-dead"
  sqs_managed_sse_enabled = false
}
resource "aws_sqs_queue_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [
    { Effect = "Allow", Principal = { Service = "sns.amazonaws.com" }, Action = "sqs:SendMessage", Resource = aws_sqs_queue.dead.arn },
  ] })
}
