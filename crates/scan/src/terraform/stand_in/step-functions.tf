# Stands in for terraform-aws-modules/step-functions/aws.
variable "create" { default = true }
variable "name" { default = "" }
variable "definition" { default = "" }
variable "create_role" { default = true }
variable "role_arn" { default = null }

resource "aws_sfn_state_machine" "this" {
  count      = var.create ? 1 : 0
  name       = var.name
  definition = var.definition
  role_arn   = var.role_arn
}

output "state_machine_arn" { value = aws_sfn_state_machine.this[0].arn }
output "state_machine_id" { value = aws_sfn_state_machine.this[0].arn }
output "state_machine_name" { value = aws_sfn_state_machine.this[0].name }
