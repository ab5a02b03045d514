variable "name" { type = string }
variable "key" { type = string }
variable "index" {
  type    = string
  default = null
}
resource "aws_dynamodb_table" "t" {
  name         = var.name
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = var.key
  dynamic "attribute" {
    for_each = compact([var.key, var.index])
    content {
      name = attribute.value
      type = "S"
    }
  }
  dynamic "global_secondary_index" {
    for_each = var.index == null ? [] : [var.index]
    content {
      name            = "by-${global_secondary_index.value}"
      hash_key        = global_secondary_index.value
      projection_type = "ALL"
    }
  }
}
output "arn" { value = aws_dynamodb_table.t.arn }
output "name" { value = aws_dynamodb_table.t.name }
