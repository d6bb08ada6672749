"""Run one program and print what it took: a small process, for a child's peak memory begins with its parent's.

Started with `python -I -S` for each measurement. Its first argument is the descriptor to answer to.
"""

import os
import sys
import time

started = time.monotonic()
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
wall_s = time.monotonic() - started
answer = (os.waitstatus_to_exitcode(status), wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
os.write(int(sys.argv[1]), " ".join(map(str, answer)).encode())
