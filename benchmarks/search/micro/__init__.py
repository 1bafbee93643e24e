"""The parts of a search by themselves, measured by pytest-benchmark."""
