"""Where `runner` and `python -m runner` begin."""

import signal

# until `main` can say what a signal ended, one ends the program at once: an exception would be a stack trace
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from runner.cli import main

if __name__ == "__main__":
    main()
