"""What runs in the witness's browser: sources in `source/`, bundled into `dist/` when the project is installed."""
