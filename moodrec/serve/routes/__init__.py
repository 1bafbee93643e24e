"""The endpoints of the API, one file a group."""
