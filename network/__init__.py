"""The metropolitan network: intended configuration, drivers, push, drift, backup."""
