# Stands in for terraform-aws-modules/sns/aws: a topic with its policy and subscriptions.
variable "create" { default = true }
variable "name" { default = null }
variable "kms_master_key_id" { default = null }
variable "topic_policy" { default = null }
variable "source_topic_policy_documents" { default = [] }
variable "override_topic_policy_documents" { default = [] }
variable "topic_policy_statements" { default = {} }
variable "subscriptions" { default = {} }
variable "create_subscription" { default = true }

resource "aws_sns_topic" "this" {
  count             = var.create ? 1 : 0
  name              = var.name
  kms_master_key_id = var.kms_master_key_id
}

resource "aws_sns_topic_policy" "this" {
  count  = var.create ? 1 : 0
  arn    = aws_sns_topic.this[0].arn
  policy = coalesce(var.topic_policy, data.aws_iam_policy_document.this.json)
}

resource "aws_sns_topic_subscription" "this" {
  for_each  = var.create && var.create_subscription ? var.subscriptions : {}
  topic_arn = aws_sns_topic.this[0].arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint
}

data "aws_iam_policy_document" "this" {
  source_policy_documents   = var.source_topic_policy_documents
  override_policy_documents = var.override_topic_policy_documents
  dynamic "statement" {
    for_each = var.topic_policy_statements
    content {
      sid           = try(statement.value.sid, null)
      effect        = try(statement.value.effect, "Allow")
      actions       = try(statement.value.actions, null)
      not_actions   = try(statement.value.not_actions, null)
      resources     = try(statement.value.resources, [aws_sns_topic.this[0].arn])
      dynamic "principals" {
        for_each = try(statement.value.principals, [])
        content {
          type        = principals.value.type
          identifiers = principals.value.identifiers
        }
      }
      dynamic "condition" {
        for_each = try(statement.value.conditions, statement.value.condition, [])
        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

output "topic_arn" { value = aws_sns_topic.this[0].arn }
output "topic_id" { value = aws_sns_topic.this[0].id }
output "topic_name" { value = aws_sns_topic.this[0].name }
output "sns_topic_arn" { value = aws_sns_topic.this[0].arn }
output "sns_topic_name" { value = aws_sns_topic.this[0].name }
