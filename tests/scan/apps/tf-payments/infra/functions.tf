data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "fn" {
  for_each           = local.fns
  name               = "${local.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_cloudwatch_log_group" "fn" {
  for_each          = local.fns
  name              = "/aws/lambda/${local.name}-${each.key}"
  retention_in_days = 90
}

data "aws_iam_policy_document" "logs" {
  for_each = local.fns
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.fn[each.key].arn}:*"]
  }
}

resource "aws_iam_role_policy" "logs" {
  for_each = local.fns
  role     = aws_iam_role.fn[each.key].id
  policy   = data.aws_iam_policy_document.logs[each.key].json
}

data "aws_iam_policy_document" "charge" {
  statement {
    actions   = ["dynamodb:PutItem"]
    resources = [aws_dynamodb_table.ledger.arn]
  }
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.stripe.arn]
  }
  statement {
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.main.arn]
  }
}
data "aws_iam_policy_document" "webhook" {
  source_policy_documents = [data.aws_iam_policy_document.key.json]
  statement {
    actions   = ["dynamodb:UpdateItem"]
    resources = [aws_dynamodb_table.ledger.arn]
  }
  statement {
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.stripe.arn]
  }
}
data "aws_iam_policy_document" "key" {
  statement {
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.main.arn]
  }
}
data "aws_iam_policy_document" "settle" {
  source_policy_documents = [data.aws_iam_policy_document.key.json]
  statement {
    actions   = ["dynamodb:Query"]
    resources = ["${aws_dynamodb_table.ledger.arn}/index/day"]
  }
  statement {
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.statements.arn}/*"]
  }
}
resource "aws_iam_role_policy" "charge" {
  role   = aws_iam_role.fn["charge"].id
  policy = data.aws_iam_policy_document.charge.json
}
resource "aws_iam_role_policy" "webhook" {
  role   = aws_iam_role.fn["webhook"].id
  policy = data.aws_iam_policy_document.webhook.json
}
resource "aws_iam_role_policy" "settle" {
  role   = aws_iam_role.fn["settle"].id
  policy = data.aws_iam_policy_document.settle.json
}

data "archive_file" "fn" {
  for_each    = local.fns
  type        = "zip"
  source_dir  = "${path.module}/../src/${each.key}"
  output_path = "${path.module}/../dist/${each.key}.zip"
}

resource "aws_lambda_function" "fn" {
  for_each                       = local.fns
  function_name                  = "${local.name}-${each.key}"
  role                           = aws_iam_role.fn[each.key].arn
  filename                       = data.archive_file.fn[each.key].output_path
  source_code_hash               = data.archive_file.fn[each.key].output_base64sha256
  handler                        = "index.handler"
  runtime                        = "nodejs22.x"
  architectures                  = ["arm64"]
  memory_size                    = each.value.memory
  timeout                        = 15
  reserved_concurrent_executions = 25
  environment { variables = each.value.env }
}
