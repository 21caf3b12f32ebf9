"""`python -m launch.run`: the whole service on this machine until Ctrl-C."""

import argparse
import signal
import sys
from pathlib import Path

from launch.places import LaunchError
from launch.stack import Stack


def main() -> int:
    """The command; 0 unless something could not start."""
    options = parse_options()
    return run(Stack(Path(options.data_dir), port=options.port, say=say))


def run(stack: Stack) -> int:
    """Starts the stack, waits for a signal, drains and stops; returns the exit code."""
    stop_on_signals()
    try:
        say(f"starting, data in {stack.data_dir}")
        stack.start()
        say(f"AIZoomDoc is ready at {stack.url} (API description: {stack.url}/docs); Ctrl-C stops it")
        while True:
            signal.pause()
    except KeyboardInterrupt:
        say("stopping: running work is finished or handed back, up to 25 s; Ctrl-C again ends at once")
        return end(stack)
    except LaunchError as error:
        print(error, file=sys.stderr)
        return 1


def end(stack: Stack) -> int:
    """Drains and stops; when interrupted again, leaves at once, which ends every part with it."""
    try:
        stack.stop()
    except KeyboardInterrupt:
        say("ended without waiting; work that ran is taken up at the next start")
        return 1
    say("stopped; the data are kept")
    return 0


def parse_options() -> argparse.Namespace:
    """The command line: `--port`, `--data-dir`."""
    parser = argparse.ArgumentParser(prog="python -m launch.run", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="port of the api on 127.0.0.1 (default 8000)")
    parser.add_argument("--data-dir", default=".data", help="where all data are kept (default .data)")
    return parser.parse_args()


def stop_on_signals() -> None:
    """Makes SIGTERM and SIGHUP act like Ctrl-C; a SIGHUP that is ignored, as under nohup, stays so."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)


def say(line: str) -> None:
    """One line to the user, at once also when the output is a file."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
