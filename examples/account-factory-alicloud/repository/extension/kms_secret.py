"""Prints the credentials kept in Alibaba Cloud's KMS as assignments for the shell: secrets=$(python3 kms_secret.py) && eval "$secrets".

ALICLOUD_SECRET_NAME names the RAM user's credential, AZURE_SECRET_NAME that of Azure, where Terraform's states are kept there (else empty).
Needs the package aliyun-secret-manager-client, which works with Python up to 3.10; secretsmanager.properties beside this file says where the KMS is.
"""
import json
import os
import shlex
import sys

from alibaba_cloud_secretsmanager_client.secret_manager_cache_client_builder import SecretManagerCacheClientBuilder

ALICLOUD = {"AccessKeyId": "ALICLOUD_ACCESS_KEY", "AccessKeySecret": "ALICLOUD_SECRET_KEY"}
AZURE = {key: key.upper() for key in ("arm_subscription_id", "arm_tenant_id", "arm_client_id", "arm_client_secret")}


def assignments(client, secret, names):
    values = json.loads(client.get_secret_info(secret).secret_value)
    missing = [key for key in names if not values.get(key)]
    if missing:
        sys.exit(f"the secret {secret} lacks {', '.join(missing)}")
    return [f"export {variable}={shlex.quote(values[key])}" for key, variable in names.items()]


def main():
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    client = SecretManagerCacheClientBuilder.new_client()
    lines = assignments(client, os.environ["ALICLOUD_SECRET_NAME"], ALICLOUD)
    if os.environ.get("AZURE_SECRET_NAME"):
        lines += assignments(client, os.environ["AZURE_SECRET_NAME"], AZURE)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
