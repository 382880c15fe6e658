# Everything below is made in the new account, by the role that the resource directory leaves in it.
provider "alicloud" {
  assume_role {
    role_arn     = "acs:ram::${data.terraform_remote_state.account.outputs.account_id}:role/ResourceDirectoryAccountAccessRole"
    session_name = "account-factory"
  }
}

variable "policy_name" { type = string }
variable "policy_document" { type = string }
variable "attach_roles" { type = list(string) }
variable "attach_users" { type = list(string) }
variable "reader_name" { type = string }
variable "reader_policy_type" { type = string }
variable "reader_policy_name" { type = string }

resource "alicloud_ram_policy" "this" {
  policy_name     = var.policy_name
  policy_document = var.policy_document
}

resource "alicloud_ram_role_policy_attachment" "this" {
  for_each    = toset(var.attach_roles)
  role_name   = each.key
  policy_name = alicloud_ram_policy.this.policy_name
  policy_type = "Custom"
}

resource "alicloud_ram_user_policy_attachment" "this" {
  for_each    = toset(var.attach_users)
  user_name   = each.key
  policy_name = alicloud_ram_policy.this.policy_name
  policy_type = "Custom"
}

resource "alicloud_ram_role_policy_attachment" "reader" {
  role_name   = var.reader_name
  policy_name = var.reader_policy_name
  policy_type = var.reader_policy_type
}
