"""A real terminal for the cases: tmux, whose screens can be read as a person sees them."""

import os
import shlex
import shutil
import subprocess
import time

from trial import Fails, Skip, environment


class Terminal:
    """NETY in a terminal of that size. Used as a context, it is closed at the end."""

    def __init__(self, trial, *words, columns=80, rows=24, env=()):
        if shutil.which("tmux") is None:
            raise Skip("tmux is not installed")
        # A server that was told to end may still hold its socket.
        self.socket = os.path.join(os.getcwd(), f"tmux{time.monotonic_ns()}")
        variables = environment() | {
            "NETY_HISTORY": os.path.join(os.getcwd(), "history"),
            "NETY_SESSIONS": os.path.join(os.getcwd(), "sessions"),
        }
        variables |= dict(env)
        for name in ("NO_COLOR", "VISUAL", "TMUX"):
            if name not in dict(env):
                variables.pop(name, None)
        kept = ("PATH", "HOME", "LANG", "EDITOR", "VISUAL", "NO_COLOR", "TMPDIR")
        given = [f"{k}={v}" for k, v in variables.items() if k in kept or k.startswith(("NETY_", "XDG_"))]
        command = shlex.join(["env", *given, trial.program, *map(str, words)])
        # The shell keeps the screen once the program has ended, and Ctrl-C is for the program.
        command = f'trap : INT; {command}; echo "exit status $?"; exec sleep 600'
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, "sh", "-c", command,
                  env=variables)

    def tmux(self, *words, env=None, text=None):
        done = subprocess.run(
            ["tmux", "-S", self.socket, *map(str, words)],
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            encoding="utf-8",
            timeout=20,
        )
        if done.returncode != 0:
            raise Fails(f"tmux {words[0]}: {done.stdout}")
        return done.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], stderr=subprocess.DEVNULL)

    def screen(self, styles=False, all=True):
        """What is on the screen, and above it; styles: with its escape sequences."""
        return self.tmux("capture-pane", "-p", *(["-e"] if styles else []), *(["-S", "-"] if all else []))

    def lines(self):
        return self.screen().rstrip("\n").split("\n")

    def wait_for(self, *texts, seconds=30, gone=()):
        """Until all of `texts` are on the screen and none of `gone`; returns it."""
        end = time.time() + seconds
        while time.time() < end:
            screen = self.screen()
            if all(x in screen for x in texts) and not any(x in screen for x in gone):
                return screen
            time.sleep(0.05)
        raise Fails(f"expected {texts!r} on the screen, came:\n{self.screen(all=False)}")

    def wait_for_prompt(self, seconds=30):
        """Until the last line is an empty prompt; returns what is on the screen."""
        end = time.time() + seconds
        while time.time() < end:
            lines = self.lines()
            if lines[-1].strip() == ">>>":
                return "\n".join(lines)
            time.sleep(0.05)
        raise Fails(f"expected a prompt, came:\n{self.screen(all=False)}")

    def keys(self, *names):
        self.tmux("send-keys", *names)

    def write(self, text):
        self.tmux("send-keys", "-l", text)

    def ask(self, line, seconds=30):
        """Types a line; returns the screen from there on, once it is answered."""
        self.wait_for_prompt(seconds)
        self.tmux("send-keys", "-R")
        self.tmux("clear-history")
        self.keys("C-l")
        self.wait_for_prompt()
        self.write(line)
        self.wait_for(line[-1:])
        self.keys("Enter")
        time.sleep(0.2)
        return self.wait_for_prompt(seconds)

    def paste(self, text):
        self.tmux("load-buffer", "-", text=text)
        self.tmux("paste-buffer", "-p")

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", columns, "-y", rows)
