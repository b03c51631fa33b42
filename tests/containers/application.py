"""The application in its container, as it is seen from outside: what it wrote down, and whether it is still the same."""

from server import require
from wait import until


EVERY = 0.2  # seconds between two connections, and a little more


class Application:
    """`interval`: how often its agent asks, in seconds."""

    def __init__(self, podman, container, notes, file, interval=1):
        self.podman, self.container, self.notes, self.file = podman, container, notes, file
        # Connections that may fail while a password is exchanged: two rounds of the agent, and two seconds.
        self.most = int((2 * interval + 2) / EVERY)

    def tries(self):
        """How each connection went, whole lines only."""
        return self.notes.read_text().split("\n")[:-1] if self.notes.exists() else []

    def next(self, count):
        """How the next so many connections go."""
        since = len(self.tries())
        until(lambda: len(self.tries()) >= since + count, f"{count} more connections of {self.container}")
        return self.tries()[since:since + count]

    def until_failed(self, since):
        until(lambda: any(it.startswith("failed") for it in self.tries()[since:]), f"a connection of {self.container} to be refused")
        refused = next(it for it in self.tries()[since:] if it.startswith("failed"))
        require("password authentication failed" in refused, f"refused for another reason: {refused}")

    def until_connected(self, since):
        """Waits until the application gets in again; how many of the connections since then did not."""
        def settled():
            failed = [it.startswith("failed") for it in self.tries()[since:]]
            require(sum(failed) <= self.most, f"{sum(failed)} connections of {self.container} failed, the last with: {self.tries()[-1]}")
            return any(failed) and not failed[-1]
        until(settled, f"{self.container} to connect again")
        return sum(it.startswith("failed") for it in self.tries()[since:])

    def goes_on(self, count=10):
        """The next connections all succeed."""
        for it in self.next(count):
            require(it == "ok shop", f"a connection of {self.container}: {it}")

    def identity(self):
        """What changes when a container is started again."""
        state = self.podman.state(self.container)
        require(state["Status"] == "running", f"the application is {state['Status']}")
        return state["Pid"], state["StartedAt"]
