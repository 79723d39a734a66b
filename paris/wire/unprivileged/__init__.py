"""The wire that needs no privilege, over ordinary sockets."""
