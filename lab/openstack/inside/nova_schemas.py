"""Nova's three databases and its two cells in one process: ``nova_schemas.py CONFIG``.

The same verbs as ``nova-manage api_db sync``, ``cell_v2 map_cell0``, ``db sync`` and ``cell_v2 create_cell``; called
from here they start Nova once instead of four times.
"""

from __future__ import annotations

import os
import sys

from nova import monkey_patch

monkey_patch.patch(backend="threading")  # before anything of Nova's that starts threads is imported

from nova import config, context, objects
from nova.cmd import manage
from oslo_log import log


def main() -> int:
    """Bring them up to date."""
    settings, cell0 = sys.argv[1], os.environ["IRISPLANE_LAB_CELL0"]
    config.parse_args(["nova-manage", "--config-file", settings])
    log.setup(config.CONF, "nova")
    objects.register_all()
    cells = manage.CellV2Commands()
    manage.ApiDbCommands().sync()
    cells.map_cell0(cell0)
    manage.DbCommands().sync()
    known = objects.CellMappingList.get_all(context.get_admin_context())
    if all(each.name != "cell1" for each in known):
        return int(cells.create_cell(name="cell1") or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
