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

variable "sso_provider_name" { type = string }
variable "encodedsaml_metadata_document" { type = string }

resource "aws_iam_saml_provider" "this" {
  name                   = var.sso_provider_name
  saml_metadata_document = base64decode(var.encodedsaml_metadata_document)
}

output "saml_provider_arn" { value = aws_iam_saml_provider.this.arn }
