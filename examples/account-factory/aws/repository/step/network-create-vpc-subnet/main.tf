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

variable "vpc_name" { type = string }
variable "vpc_cidr_block" { type = string }
variable "subnet_name" { type = string }
variable "subnet_cidr_block" { type = string }
variable "zone_id" { type = string }

resource "aws_vpc" "this" {
  cidr_block = var.vpc_cidr_block
  tags       = { Name = var.vpc_name }
}

resource "aws_subnet" "this" {
  vpc_id            = aws_vpc.this.id
  cidr_block        = var.subnet_cidr_block
  availability_zone = var.zone_id
  tags              = { Name = var.subnet_name }
}

output "vpc_id" { value = aws_vpc.this.id }
output "subnet_id" { value = aws_subnet.this.id }
