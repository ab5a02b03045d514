locals {
  statements = {
    ingest = [
      { actions = ["dynamodb:PutItem"], resources = [aws_dynamodb_table.readings.arn] },
    ]
    query = [
      { actions = ["secretsmanager:GetSecretValue"], resources = ["*"] },
    ]
    admin = [
      { actions = ["iam:PassRole"], resources = ["*"] },
      { actions = ["lambda:CreateFunction", "lambda:InvokeFunction"], resources = ["*"] },
      { actions = ["ec2:DescribeInstances", "cloudwatch:PutMetricData"], resources = ["*"] },
    ]
    rotate = [
      { actions = ["ssm:PutParameter"], resources = ["arn:aws:ssm:${var.region}:${data.aws_caller_identity.current.account_id}:parameter/${local.prefix}/*"] },
    ]
  }
}

data "aws_iam_policy_document" "fn" {
  for_each = local.statements

  dynamic "statement" {
    for_each = each.value
    content {
      effect    = "Allow"
      actions   = statement.value.actions
      resources = statement.value.resources
    }
  }
}
