"""The source of truth: sites, racks, devices, interfaces, fibre, addresses; import, export, region data."""
