terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "~> 5.0" }
  }
  backend "http" {} # where: see ../../tf
}

variable "account_name" { type = string }
variable "account_name_prefix" { type = string }
variable "folder_id" {
  type    = string
  default = ""
}

provider "aws" {}

resource "aws_organizations_account" "this" {
  name      = var.account_name
  email     = "${var.account_name_prefix}@example.com"
  parent_id = var.folder_id == "" ? null : var.folder_id
  role_name = "OrganizationAccountAccessRole"

  lifecycle { ignore_changes = [role_name] } # it cannot be read again
}

output "account_id" { value = aws_organizations_account.this.id }
