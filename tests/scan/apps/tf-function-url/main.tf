module "role" {
  source = "./role"
  name   = "hook"
}

resource "aws_lambda_function" "hook" {
  function_name = "hook"
  role          = module.role.arn
  handler       = "hook.handler"
  runtime       = "nodejs16.x"
  filename      = "hook.zip"
}

resource "aws_lambda_function_url" "hook" {
  function_name      = aws_lambda_function.hook.function_name
  authorization_type = "NONE"
}
