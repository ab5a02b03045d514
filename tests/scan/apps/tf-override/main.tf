resource "aws_lambda_function" "hook" {
  function_name                  = "hook"
  role                           = "arn:aws:iam::111122223333:role/hook"
  handler                        = "hook.handler"
  runtime                        = "nodejs22.x"
  filename                       = "hook.zip"
  reserved_concurrent_executions = 5
}

resource "aws_lambda_function_url" "hook" {
  function_name      = aws_lambda_function.hook.function_name
  authorization_type = "AWS_IAM"
}

resource "aws_lambda_function" "nightly" {
  function_name                  = "nightly"
  role                           = "arn:aws:iam::111122223333:role/nightly"
  handler                        = "nightly.handler"
  runtime                        = "nodejs16.x"
  filename                       = "nightly.zip"
  reserved_concurrent_executions = 1
}

resource "aws_lambda_function_url" "nightly" {
  function_name      = aws_lambda_function.nightly.function_name
  authorization_type = "NONE"
}
