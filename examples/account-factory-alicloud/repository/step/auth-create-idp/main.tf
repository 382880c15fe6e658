# Everything below is made in the new account, by the role that the resource directory leaves in it.
provider "alicloud" {
  assume_role {
    role_arn     = "acs:ram::${data.terraform_remote_state.account.outputs.account_id}:role/ResourceDirectoryAccountAccessRole"
    session_name = "account-factory"
  }
}

variable "sso_provider_name" { type = string }
variable "encodedsaml_metadata_document" { type = string }

resource "alicloud_ram_saml_provider" "this" {
  saml_provider_name            = var.sso_provider_name
  encodedsaml_metadata_document = var.encodedsaml_metadata_document
}

output "saml_provider_arn" { value = alicloud_ram_saml_provider.this.arn }
