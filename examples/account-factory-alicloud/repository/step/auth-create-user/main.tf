# Everything below is made in the new account, by the role that the resource directory leaves in it.
provider "alicloud" {
  assume_role {
    role_arn     = "acs:ram::${data.terraform_remote_state.account.outputs.account_id}:role/ResourceDirectoryAccountAccessRole"
    session_name = "account-factory"
  }
}

variable "user_name" { type = string }

resource "alicloud_ram_user" "this" {
  name = var.user_name
}

output "user_id" { value = alicloud_ram_user.this.id }
