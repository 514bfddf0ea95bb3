"""What Terraform starts: the provider, served to the Terraform that began this process."""

from __future__ import annotations

import os
import sys

from tf.runner import run_provider

from datacenter.terraform.provider import Irisplane


def main() -> None:
    """Serve until Terraform has enough."""
    run_provider(Irisplane(version=os.environ.get("IRISPLANE_PROVIDER_VERSION", "0")), sys.argv)


if __name__ == "__main__":
    main()
