# Stands in for the role modules of terraform-aws-modules/iam/aws, in their old and their new way to write them.
variable "create" { default = true }
variable "create_role" { default = true }
variable "name" { default = null }
variable "role_name" { default = null }
variable "trusted_role_arns" { default = [] }
variable "trusted_role_services" { default = [] }
variable "create_custom_role_trust_policy" { default = false }
variable "custom_role_trust_policy" { default = null }
variable "custom_role_policy_arns" { default = [] }
variable "policies" { default = {} }
variable "attach_admin_policy" { default = false }
variable "attach_poweruser_policy" { default = false }
variable "attach_readonly_policy" { default = false }
variable "admin_role_policy_arn" { default = "arn:aws:iam::aws:policy/AdministratorAccess" }
variable "poweruser_role_policy_arn" { default = "arn:aws:iam::aws:policy/PowerUserAccess" }
variable "readonly_role_policy_arn" { default = "arn:aws:iam::aws:policy/ReadOnlyAccess" }
variable "trust_policy_permissions" { default = {} }
variable "inline_policy_statements" { default = [] }
variable "inline_policy_permissions" { default = {} }
variable "role_permissions_boundary_arn" { default = null }
variable "permissions_boundary" { default = null }

locals {
  makes = var.create && var.create_role
}

data "aws_iam_policy_document" "trust" {
  dynamic "statement" {
    for_each = length(var.trusted_role_services) > 0 ? [true] : []
    content {
      actions = ["sts:AssumeRole"]
      principals {
        type        = "Service"
        identifiers = var.trusted_role_services
      }
    }
  }
  dynamic "statement" {
    for_each = length(var.trusted_role_arns) > 0 ? [true] : []
    content {
      actions = ["sts:AssumeRole"]
      principals {
        type        = "AWS"
        identifiers = var.trusted_role_arns
      }
    }
  }
  dynamic "statement" {
    for_each = var.trust_policy_permissions
    content {
      actions = try(statement.value.actions, ["sts:AssumeRole"])
      dynamic "principals" {
        for_each = try(statement.value.principals, [])
        content {
          type        = principals.value.type
          identifiers = principals.value.identifiers
        }
      }
      dynamic "condition" {
        for_each = try(statement.value.condition, [])
        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

data "aws_iam_policy_document" "inline" {
  dynamic "statement" {
    for_each = concat(values(var.inline_policy_permissions), var.inline_policy_statements)
    content {
      effect    = try(statement.value.effect, "Allow")
      actions   = try(statement.value.actions, null)
      resources = try(statement.value.resources, null)
    }
  }
}

resource "aws_iam_role" "this" {
  count                = local.makes ? 1 : 0
  name                 = coalesce(var.role_name, var.name)
  permissions_boundary = coalesce(var.permissions_boundary, var.role_permissions_boundary_arn)
  assume_role_policy   = coalesce(var.custom_role_trust_policy, data.aws_iam_policy_document.trust.json)
}

resource "aws_iam_role_policy" "inline" {
  count  = local.makes && length(concat(values(var.inline_policy_permissions), var.inline_policy_statements)) > 0 ? 1 : 0
  role   = aws_iam_role.this[0].name
  policy = data.aws_iam_policy_document.inline.json
}

resource "aws_iam_role_policy_attachment" "custom" {
  count      = local.makes ? length(var.custom_role_policy_arns) : 0
  role       = aws_iam_role.this[0].name
  policy_arn = var.custom_role_policy_arns[count.index]
}

resource "aws_iam_role_policy_attachment" "policies" {
  for_each   = local.makes ? var.policies : {}
  role       = aws_iam_role.this[0].name
  policy_arn = each.value
}

resource "aws_iam_role_policy_attachment" "admin" {
  count      = local.makes && var.attach_admin_policy ? 1 : 0
  role       = aws_iam_role.this[0].name
  policy_arn = var.admin_role_policy_arn
}

resource "aws_iam_role_policy_attachment" "poweruser" {
  count      = local.makes && var.attach_poweruser_policy ? 1 : 0
  role       = aws_iam_role.this[0].name
  policy_arn = var.poweruser_role_policy_arn
}

resource "aws_iam_role_policy_attachment" "readonly" {
  count      = local.makes && var.attach_readonly_policy ? 1 : 0
  role       = aws_iam_role.this[0].name
  policy_arn = var.readonly_role_policy_arn
}

output "iam_role_arn" { value = aws_iam_role.this[0].arn }
output "iam_role_name" { value = aws_iam_role.this[0].name }
output "arn" { value = aws_iam_role.this[0].arn }
output "name" { value = aws_iam_role.this[0].name }
