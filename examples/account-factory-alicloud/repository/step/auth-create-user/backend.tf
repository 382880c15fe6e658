terraform {
  required_providers {
    alicloud = { source = "aliyun/alicloud", version = ">= 1.145.0" }
  }
  backend "http" {} # where: see ../../tf
}
