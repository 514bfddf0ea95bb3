"""What breaks if something of the plant is lost: strands, circuits, links, devices, services, sites, tenants."""
