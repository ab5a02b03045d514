# Stands in for terraform-aws-modules/kms/aws.
variable "create" { default = true }
variable "policy" { default = null }
variable "aliases" { default = [] }

resource "aws_kms_key" "this" {
  count  = var.create ? 1 : 0
  policy = var.policy
}

output "key_arn" { value = aws_kms_key.this[0].arn }
output "key_id" { value = aws_kms_key.this[0].key_id }
