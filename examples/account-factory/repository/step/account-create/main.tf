variable "account_name" { type = string }
resource "terraform_data" "account" { input = { name = var.account_name } }
output "account" { value = terraform_data.account.output.name }
