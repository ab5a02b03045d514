# Stands in for terraform-aws-modules/eventbridge/aws: a bus with rules and their targets, and schedules.
variable "create" { default = true }
variable "create_bus" { default = true }
variable "bus_name" { default = "default" }
variable "rules" { default = {} }
variable "targets" { default = {} }
variable "schedules" { default = {} }

locals {
  targets = flatten([for rule, targets in var.targets : [for target in targets : merge(target, { rule_key = rule })]])
}

resource "aws_cloudwatch_event_bus" "this" {
  count = var.create && var.create_bus && var.bus_name != "default" ? 1 : 0
  name  = var.bus_name
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each            = var.create ? var.rules : {}
  name                = each.key
  event_bus_name      = try(each.value.schedule_expression, null) == null ? try(aws_cloudwatch_event_bus.this[0].name, var.bus_name) : null
  schedule_expression = try(each.value.schedule_expression, null)
  event_pattern       = try(each.value.event_pattern, null)
  state               = try(each.value.state, try(each.value.enabled, true) ? "ENABLED" : "DISABLED")
}

resource "aws_cloudwatch_event_target" "this" {
  count = var.create ? length(local.targets) : 0
  rule  = aws_cloudwatch_event_rule.this[local.targets[count.index].rule_key].name
  arn   = local.targets[count.index].arn
}

resource "aws_scheduler_schedule" "this" {
  for_each            = var.create ? var.schedules : {}
  name                = each.key
  schedule_expression = try(each.value.schedule_expression, null)
  state               = try(each.value.state, null)
  target {
    arn = try(each.value.arn, null)
  }
}

output "eventbridge_bus_arn" { value = aws_cloudwatch_event_bus.this[0].arn }
output "eventbridge_bus_name" { value = try(aws_cloudwatch_event_bus.this[0].name, var.bus_name) }
output "eventbridge_rule_arns" { value = { for name, rule in aws_cloudwatch_event_rule.this : name => rule.arn } }
output "eventbridge_rules" { value = aws_cloudwatch_event_rule.this }
