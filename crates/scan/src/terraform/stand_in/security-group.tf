# Stands in for terraform-aws-modules/security-group/aws. Its named rules ("https-443-tcp") are opened without their ports.
variable "create" { default = true }
variable "name" { default = null }
variable "ingress_rules" { default = [] }
variable "ingress_cidr_blocks" { default = [] }
variable "ingress_with_cidr_blocks" { default = [] }
variable "ingress_with_source_security_group_id" { default = [] }
variable "egress_rules" { default = [] }
variable "egress_cidr_blocks" { default = ["0.0.0.0/0"] }

resource "aws_security_group" "this" {
  count = var.create ? 1 : 0
  name  = var.name
  dynamic "ingress" {
    for_each = length(var.ingress_rules) > 0 ? [true] : []
    content {
      cidr_blocks = var.ingress_cidr_blocks
      protocol    = "tcp"
    }
  }
  dynamic "ingress" {
    for_each = var.ingress_with_cidr_blocks
    content {
      cidr_blocks = split(",", try(ingress.value.cidr_blocks, join(",", var.ingress_cidr_blocks)))
      from_port   = try(ingress.value.from_port, null)
      to_port     = try(ingress.value.to_port, null)
      protocol    = try(ingress.value.protocol, "tcp")
    }
  }
  dynamic "ingress" {
    for_each = var.ingress_with_source_security_group_id
    content {
      security_groups = [ingress.value.source_security_group_id]
      from_port       = try(ingress.value.from_port, null)
      to_port         = try(ingress.value.to_port, null)
      protocol        = try(ingress.value.protocol, "tcp")
    }
  }
  dynamic "egress" {
    for_each = length(var.egress_rules) > 0 ? [true] : []
    content {
      cidr_blocks = var.egress_cidr_blocks
      protocol    = "-1"
    }
  }
}

output "security_group_id" { value = aws_security_group.this[0].id }
output "security_group_arn" { value = aws_security_group.this[0].arn }
