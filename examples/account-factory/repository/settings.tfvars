sso_provider_name = "corporate"
ram_roles         = ["reader", "administrator"]
user_name         = "terraform"
