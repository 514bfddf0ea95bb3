"""What Prometheus is to look for, from the intent; and what was alerted."""
