variable "account_name" { type = string }
variable "account_name_prefix" { type = string }
variable "folder_id" { type = string }

provider "alicloud" {}

resource "alicloud_resource_manager_account" "this" {
  display_name        = var.account_name
  account_name_prefix = var.account_name_prefix
  folder_id           = var.folder_id
}

output "account_id" { value = alicloud_resource_manager_account.this.id }
