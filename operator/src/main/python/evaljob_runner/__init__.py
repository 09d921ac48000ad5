"""What runs in the pod of an EvalJob: one stage of one model, standard library only."""
import os

SCHEMA_VERSION = "1"

# The archive (or source folder) this package was loaded from; child processes are started from it.
ARCHIVE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
