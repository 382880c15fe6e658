variable "sso_provider_name" { type = string }
variable "ram_roles" { type = list(string) }
variable "user_name" { type = string }
resource "terraform_data" "this" { input = { step = "auth-create-role", provider = var.sso_provider_name, roles = join(",", var.ram_roles), user = var.user_name } }
output "this" { value = terraform_data.this.output }
