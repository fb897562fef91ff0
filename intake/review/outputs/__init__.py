"""What leaves the desk: dossiers and forms for offices, the public statement, open formats; and the gate before them.

    consent     may these reports be used for this, and why not                         (pure)
    permissions what people said by telephone, exceptions, as events of the log
    documents   what a paper says, as parts; each form of an office is data             (pure)
    disclosure  which counts can be published beside all that were                      (pure)

Nothing is made here that the gate does not let through, and nothing is written outside that the log does not name.
"""
