"""The bodies, the parameters and the answers of the API, as pydantic models."""
