variable "vpc_cidr_block" { type = string }
resource "terraform_data" "vpc" { input = { cidr = var.vpc_cidr_block } }
output "vpc" { value = terraform_data.vpc.output.cidr }
