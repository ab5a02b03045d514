terraform {
  backend "s3" {
    bucket = "acme-tfstate"
    key    = "payments"
    region = "eu-west-1"
  }
}
data "aws_region" "current" {}
data "aws_caller_identity" "me" {}

variable "stage" { default = "prod" }
variable "alarm_mail" {
  type    = string
  default = null
}

locals {
  name = "payments-${var.stage}"
  fns = {
    charge  = { memory = 256, env = { LEDGER = aws_dynamodb_table.ledger.name, STRIPE_SECRET = aws_secretsmanager_secret.stripe.arn } }
    webhook = { memory = 128, env = { LEDGER = aws_dynamodb_table.ledger.name, SIGNING = aws_secretsmanager_secret.stripe.name } }
    settle  = { memory = 512, env = { LEDGER = aws_dynamodb_table.ledger.name, BUCKET = aws_s3_bucket.statements.id } }
    auth    = { memory = 128, env = { ISSUER = "https://login.example.com/", AUDIENCE = "payments" } }
  }
}

resource "aws_kms_key" "main" {
  enable_key_rotation = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Root"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

resource "aws_secretsmanager_secret" "stripe" {
  name       = "${local.name}/stripe"
  kms_key_id = aws_kms_key.main.arn
}

resource "aws_dynamodb_table" "ledger" {
  name         = "${local.name}-ledger"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
  attribute {
    name = "day"
    type = "S"
  }
  global_secondary_index {
    name            = "day"
    hash_key        = "day"
    projection_type = "ALL"
  }
  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.main.arn
  }
  point_in_time_recovery { enabled = true }
}

resource "aws_s3_bucket" "statements" {
  bucket = "${local.name}-statements"
}
resource "aws_s3_bucket_public_access_block" "statements" {
  bucket                  = aws_s3_bucket.statements.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_s3_bucket_lifecycle_configuration" "statements" {
  bucket = aws_s3_bucket.statements.id
  rule {
    id     = "old"
    status = "Enabled"
    filter {}
    transition {
      days          = 90
      storage_class = "GLACIER"
    }
  }
}
resource "aws_s3_bucket_policy" "tls" {
  bucket = aws_s3_bucket.statements.id
  policy = data.aws_iam_policy_document.tls.json
}
data "aws_iam_policy_document" "tls" {
  statement {
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.statements.arn, "${aws_s3_bucket.statements.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
