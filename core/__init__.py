"""What every room stands on: settings, database, errors, tenants and identity, change log, telemetry."""
