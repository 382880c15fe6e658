resource_group_name  = "tfstate"
storage_account_name = "tfstate9104"
container_name       = "tfstate"
