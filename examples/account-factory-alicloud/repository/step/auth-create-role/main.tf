# Everything below is made in the new account, by the role that the resource directory leaves in it.
provider "alicloud" {
  assume_role {
    role_arn     = "acs:ram::${data.terraform_remote_state.account.outputs.account_id}:role/ResourceDirectoryAccountAccessRole"
    session_name = "account-factory"
  }
}

variable "sso_provider_name" { type = string }
variable "ram_roles" { type = list(string) }

# Who has logged in at the company's identity provider may take these roles.
resource "alicloud_ram_role" "this" {
  for_each = toset(var.ram_roles)
  name     = each.key
  document = jsonencode({
    Version = "1"
    Statement = [{
      Action    = "sts:AssumeRole"
      Effect    = "Allow"
      Principal = { Federated = ["acs:ram::${data.terraform_remote_state.account.outputs.account_id}:saml-provider/${var.sso_provider_name}"] }
      Condition = { StringEquals = { "saml:recipient" = "https://signin.aliyun.com/saml-role/sso" } }
    }]
  })
}

output "roles" { value = [for role in alicloud_ram_role.this : role.arn] }
