"""The table of cases, which the modules of `cases/` fill."""

CASES = {}


def case(function):
    """Enters a case. Its name is the function's, with dashes; its docstring says what is shown."""
    name = function.__name__.replace("_", "-")
    if name in CASES:
        raise ValueError(f"there are two cases {name}")
    if not function.__doc__:
        raise ValueError(f"the case {name} does not say what it shows")
    CASES[name] = function
    return function
