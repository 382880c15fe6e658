variable "states" { type = string }

data "terraform_remote_state" "account" {
  backend = "azurerm"
  config = {
    resource_group_name  = "tfstate"
    storage_account_name = "tfstate9104"
    container_name       = "tfstate"
    key                  = "${var.states}-account-create"
  }
}
