resource "aws_lambda_function" "nightly" {
  runtime = "nodejs22.x"
}

resource "aws_lambda_function_url" "nightly" {
  authorization_type = "AWS_IAM"
}

resource "aws_lambda_function_url" "hook" {
  authorization_type = "NONE"
}
