# Stands in for the notification module of terraform-aws-modules/s3-bucket/aws.
variable "create" { default = true }
variable "bucket" { default = "" }
variable "bucket_arn" { default = null }
variable "create_lambda_permission" { default = true }
variable "lambda_notifications" { default = {} }

resource "aws_s3_bucket_notification" "this" {
  count  = var.create ? 1 : 0
  bucket = var.bucket
  dynamic "lambda_function" {
    for_each = var.lambda_notifications
    content {
      lambda_function_arn = lambda_function.value.function_arn
      events              = lambda_function.value.events
    }
  }
}

resource "aws_lambda_permission" "allow" {
  for_each      = var.create && var.create_lambda_permission ? var.lambda_notifications : {}
  function_name = each.value.function_name
  action        = "lambda:InvokeFunction"
  principal     = "s3.amazonaws.com"
  source_arn    = coalesce(var.bucket_arn, "arn:aws:s3:::${var.bucket}")
}
