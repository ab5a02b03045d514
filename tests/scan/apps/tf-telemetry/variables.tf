variable "project" {
  type    = string
  default = "telemetry"
}
variable "environment" {
  type    = string
  default = "dev"
}
variable "region" {
  type    = string
  default = "eu-central-1"
}
variable "vpc_id" {
  type = string
}
