"""Dashboards of Grafana, written by code: the figures of ``/figures``, and how Irisplane itself fares."""
