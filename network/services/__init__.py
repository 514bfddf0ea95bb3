"""Services that tenants order on the network: what they are, the numbers they take, the lines they become."""
