"""Start nova-compute with the lab's own virt driver within reach: arguments as ``nova-compute``.

Nova finds virt drivers below ``nova.virt`` only; this lengthens that package's search path by this folder, instead of
writing into the installed Nova.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nova.virt
from nova.cmd.compute import main  # first: it chooses how Nova runs its threads

if __name__ == "__main__":
    Path(os.environ["IRISPLANE_LAB_MACHINES"]).mkdir(parents=True, exist_ok=True)  # Nova does not make it
    nova.virt.__path__.append(str(Path(__file__).parent))
    sys.exit(main())
