"""What a machine's own credentials would do, told without sending anything."""
