# Stands in for terraform-aws-modules/dynamodb-table/aws.
variable "create_table" { default = true }
variable "name" { default = null }
variable "stream_enabled" { default = false }
variable "point_in_time_recovery_enabled" { default = false }
variable "server_side_encryption_enabled" { default = false }
variable "server_side_encryption_kms_key_arn" { default = null }
variable "resource_policy" { default = null }

resource "aws_dynamodb_table" "this" {
  count          = var.create_table ? 1 : 0
  name           = var.name
  stream_enabled = var.stream_enabled
  point_in_time_recovery {
    enabled = var.point_in_time_recovery_enabled
  }
  server_side_encryption {
    enabled     = var.server_side_encryption_enabled
    kms_key_arn = var.server_side_encryption_kms_key_arn
  }
}

resource "aws_dynamodb_resource_policy" "this" {
  count        = var.create_table && var.resource_policy != null ? 1 : 0
  resource_arn = aws_dynamodb_table.this[0].arn
  policy       = var.resource_policy
}

output "dynamodb_table_arn" { value = aws_dynamodb_table.this[0].arn }
output "dynamodb_table_id" { value = aws_dynamodb_table.this[0].id }
output "dynamodb_table_stream_arn" { value = aws_dynamodb_table.this[0].stream_arn }
