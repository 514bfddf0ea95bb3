"""Make Keystone's key repositories, each with a key in use and one staged: ``seal.py FOLDER…``.

What ``keystone-manage fernet_setup`` and ``credential_setup`` would leave, without three starts of Keystone.
"""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path


def main() -> None:
    """Make what is absent."""
    os.umask(0o077)
    for folder in map(Path, sys.argv[1:]):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("0", "1"):
            if not (folder / name).exists():
                (folder / name).write_bytes(base64.urlsafe_b64encode(os.urandom(32)))


if __name__ == "__main__":
    main()
