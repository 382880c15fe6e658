variable "states" { type = string }

data "terraform_remote_state" "account" {
  backend = "http"
  config  = { address = "${var.states}/account-create" }
}
