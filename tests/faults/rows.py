"""The list of tests that rows of the table name: a function registers itself."""

REGISTRY = {}


def row(function):
    assert function.__name__ not in REGISTRY, function.__name__
    REGISTRY[function.__name__] = function
    return function
