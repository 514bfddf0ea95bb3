"""Private networks, security groups and floating addresses of a project."""
