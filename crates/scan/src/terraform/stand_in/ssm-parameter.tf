# Stands in for terraform-aws-modules/ssm-parameter/aws.
variable "create" { default = true }
variable "name" { default = null }
variable "value" { default = null }
variable "type" { default = null }
variable "secure_type" { default = false }

resource "aws_ssm_parameter" "this" {
  count = var.create ? 1 : 0
  name  = var.name
  type  = var.secure_type ? "SecureString" : coalesce(var.type, "String")
  value = var.value
}

output "ssm_parameter_arn" { value = aws_ssm_parameter.this[0].arn }
output "ssm_parameter_name" { value = aws_ssm_parameter.this[0].name }
