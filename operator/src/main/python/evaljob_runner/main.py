"""The roles of the archive; each loads only what it needs, for ranks start often."""
import os
import signal
import sys

_USAGE = "usage: evaljob-runner.pyz prefetch|infer|score"


def main(arguments):
    """Runs one role and gives the exit code; all but the stages are started by the launcher."""
    role, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if role in ("prefetch", "infer", "score") and not rest:
        from .launcher import Launcher
        return Launcher(role, os.environ).run()
    if role == "leash" and len(rest) > 1:
        from . import leash
        return leash.run(rest)
    if role == "rank" and len(rest) == 3:
        from . import shim
        return shim.main(rest)
    if role == "verify-make" and len(rest) == 1:
        from . import verify
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends it without a traceback
        return verify.make(rest[0])
    if role == "verify-load" and len(rest) == 3:
        from . import verify
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        return verify.load(rest[0], rest[1], rest[2] == "real")
    if role == "hub-fetch" and len(rest) == 4:
        from . import hub
        return hub.main(rest)
    sys.stderr.write(_USAGE + "\n")
    return 2
