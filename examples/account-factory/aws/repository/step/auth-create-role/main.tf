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

variable "ram_roles" { type = list(string) }

data "terraform_remote_state" "idp" {
  backend = "http"
  config  = { address = "${var.states}/auth-create-idp" }
}

# Who has logged in at the company's identity provider may take these roles.
resource "aws_iam_role" "this" {
  for_each = toset(var.ram_roles)
  name     = each.key
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithSAML"
      Principal = { Federated = data.terraform_remote_state.idp.outputs.saml_provider_arn }
      Condition = { StringEquals = { "SAML:aud" = "https://signin.aws.amazon.com/saml" } }
    }]
  })
}

output "roles" { value = [for role in aws_iam_role.this : role.arn] }
