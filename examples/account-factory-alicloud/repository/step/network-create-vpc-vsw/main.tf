# Everything below is made in the new account, by the role that the resource directory leaves in it.
provider "alicloud" {
  assume_role {
    role_arn     = "acs:ram::${data.terraform_remote_state.account.outputs.account_id}:role/ResourceDirectoryAccountAccessRole"
    session_name = "account-factory"
  }
}

variable "vpc_name" { type = string }
variable "vpc_cidr_block" { type = string }
variable "vswitch_name" { type = string }
variable "switch_cidr_block" { type = string }
variable "zone_id" { type = string }

resource "alicloud_vpc" "this" {
  vpc_name   = var.vpc_name
  cidr_block = var.vpc_cidr_block
}

resource "alicloud_vswitch" "this" {
  vswitch_name = var.vswitch_name
  vpc_id       = alicloud_vpc.this.id
  cidr_block   = var.switch_cidr_block
  zone_id      = var.zone_id
}

output "vpc_id" { value = alicloud_vpc.this.id }
output "vswitch_id" { value = alicloud_vswitch.this.id }
