"""What a report is: questionnaire, answers, the package that is sealed, its sizes, and the bundle that carries it.

Pure: bytes and streams in, bytes and frozen types out. No disk, clock or network; randomness only as an argument.
"""
