"""What Irisplane installs on a FRRouting router: the guard, with its fence, its timer and its memory.

These modules, and the parser beside them, run on the router under its own ``/usr/bin/python3``, without any package:
they keep to the standard library of Python 3.8, and to the parts of it that start in milliseconds.
"""
