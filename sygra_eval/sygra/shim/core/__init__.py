"""What tasks import of `sygra.core`."""
