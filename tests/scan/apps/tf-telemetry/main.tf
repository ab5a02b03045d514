terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.60"
    }
  }
}

provider "aws" {
  region = var.region
}

data "aws_caller_identity" "current" {}

locals {
  prefix = "${var.project}-${var.environment}"
  functions = {
    ingest = { dir = "ingest", runtime = "python3.13", env = { TABLE = aws_dynamodb_table.readings.name } }
    query  = { dir = "query", runtime = "python3.7", env = { DSN_HOST = aws_db_instance.warehouse.address } }
    admin  = { dir = "admin", runtime = "python3.13", env = {} }
    rotate = { dir = "rotate", runtime = "python3.13", env = {} }
  }
}

module "fn" {
  source   = "./modules/function"
  for_each = local.functions

  name        = "${local.prefix}-${each.key}"
  source_dir  = "${path.module}/src/${each.value.dir}"
  runtime     = each.value.runtime
  environment = each.value.env
  policy_json = data.aws_iam_policy_document.fn[each.key].json
}

resource "aws_dynamodb_table" "readings" {
  name         = "${local.prefix}-readings"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "device"
  range_key    = "at"
  attribute {
    name = "device"
    type = "S"
  }
  attribute {
    name = "at"
    type = "N"
  }
  point_in_time_recovery {
    enabled = true
  }
}

resource "aws_lambda_function_url" "ingest" {
  function_name      = module.fn["ingest"].function_name
  authorization_type = "NONE"
}

resource "aws_lambda_permission" "partners" {
  statement_id  = "AllowPartners"
  action        = "lambda:InvokeFunction"
  function_name = module.fn["query"].function_name
  principal     = "*"
}

resource "aws_sns_topic" "alarms" {
  name = "${local.prefix}-alarms"
}

resource "aws_sns_topic_subscription" "rotate" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "lambda"
  endpoint  = module.fn["rotate"].arn
}

resource "aws_lambda_permission" "sns" {
  action        = "lambda:InvokeFunction"
  function_name = module.fn["rotate"].function_name
  principal     = "sns.amazonaws.com"
}

resource "aws_cloudwatch_event_rule" "hourly" {
  name                = "${local.prefix}-hourly"
  schedule_expression = "rate(1 hour)"
}

resource "aws_cloudwatch_event_target" "admin" {
  rule = aws_cloudwatch_event_rule.hourly.name
  arn  = module.fn["admin"].arn
}

resource "aws_lambda_permission" "events" {
  action        = "lambda:InvokeFunction"
  function_name = module.fn["admin"].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.hourly.arn
}
