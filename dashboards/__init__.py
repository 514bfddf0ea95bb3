"""The web pages, and the same figures as dashboards."""
