"""Runs a command and prints how long it took, its largest resident size, and how it ended, as JSON."""

import json
import os
import subprocess
import sys
import time

since = time.monotonic()
with open(sys.argv[1], "wb") as out:
    child = subprocess.Popen(sys.argv[2:], stdout=out, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
took = time.monotonic() - since
print(json.dumps({"seconds": took, "kib": usage.ru_maxrss, "code": os.waitstatus_to_exitcode(status)}))
