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

variable "policy_name" { type = string }
variable "policy_document" { type = string }
variable "attach_roles" { type = list(string) }
variable "attach_users" { type = list(string) }
variable "reader_name" { type = string }
variable "reader_policy_name" { type = string }

resource "aws_iam_policy" "this" {
  name   = var.policy_name
  policy = var.policy_document
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each   = toset(var.attach_roles)
  role       = each.key
  policy_arn = aws_iam_policy.this.arn
}

resource "aws_iam_user_policy_attachment" "this" {
  for_each   = toset(var.attach_users)
  user       = each.key
  policy_arn = aws_iam_policy.this.arn
}

resource "aws_iam_role_policy_attachment" "reader" {
  role       = var.reader_name
  policy_arn = "arn:aws:iam::aws:policy/${var.reader_policy_name}"
}

output "policy_arn" { value = aws_iam_policy.this.arn }
