"""The parts of score.py."""


class Trouble(Exception):
    """It cannot be scored: a file is not there, or is not what it should be."""
