"""What operators see and ask: probes, metrics, logs, and what watches the process."""
