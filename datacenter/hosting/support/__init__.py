"""Support: conversations about anything an administration has, and maintenance announced to whom it touches."""
