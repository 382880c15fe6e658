terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
  backend "http" {} # where: see ../../tf
}

variable "states" { type = string }

data "terraform_remote_state" "account" {
  backend = "http"
  config  = { address = "${var.states}/account-create" }
}

# Everything below is made in the new account, by the role that Organizations leaves in it.
provider "aws" {
  assume_role {
    role_arn     = "arn:aws:iam::${data.terraform_remote_state.account.outputs.account_id}:role/OrganizationAccountAccessRole"
    session_name = "account-factory"
  }
}

variable "user_name" { type = string }

resource "aws_iam_user" "this" {
  name = var.user_name
}

resource "aws_iam_access_key" "this" {
  user = aws_iam_user.this.name
}

output "access_key_id" { value = aws_iam_access_key.this.id }
output "secret_access_key" {
  value     = aws_iam_access_key.this.secret
  sensitive = true
}
