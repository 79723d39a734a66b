"""What a trace says of the service that it went to."""
