class Trouble(Exception):
    """The test could not be run; nothing is said of what it tests."""
