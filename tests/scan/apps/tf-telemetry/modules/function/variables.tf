variable "name" { type = string }
variable "source_dir" { type = string }
variable "runtime" { type = string }
variable "environment" {
  type    = map(string)
  default = {}
}
variable "policy_json" { type = string }
