"""Report: a ScanResult as bytes, one module per format."""
