"""The dashboards in short form; build.py writes them out as the JSON that Grafana reads."""
