#!/usr/bin/python3
"""A varlink client of a few lines, for the tests: nothing of the tree's own code is in it.

usage: varlink.py SOCKET METHOD [JSON] [--more] [--lang fr]
Prints every answer as one line of JSON; an error as {"error": …, "parameters": …} and status 1.
"""
import json
import socket
import sys

PREFIX = "ca.weighlock.Station."


class Connection:
    def __init__(self, path, timeout=120):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.buffer = b""

    def send(self, method, parameters=None, more=False, **other):
        if "." not in method:
            method = PREFIX + method
        call = {"method": method, **other}
        if parameters is not None:
            call["parameters"] = parameters
        if more:
            call["more"] = True
        self.socket.sendall(json.dumps(call).encode() + b"\0")

    def receive(self):
        while b"\0" not in self.buffer:
            part = self.socket.recv(65536)
            if not part:
                raise EOFError("the station closed the connection")
            self.buffer += part
        frame, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(frame)

    def call(self, method, parameters=None):
        self.send(method, parameters)
        return self.receive()


def main(arguments):
    more = "--more" in arguments
    language = None
    if "--lang" in arguments:
        at = arguments.index("--lang")
        language = arguments[at + 1]
        del arguments[at:at + 2]
    path, method, *rest = [a for a in arguments if a != "--more"]
    connection = Connection(path)
    if language:
        connection.call("SetLanguage", {"language": language})
    connection.send(method, json.loads(rest[0]) if rest else None, more)
    while True:
        answer = connection.receive()
        if "error" in answer:
            print(json.dumps(answer, sort_keys=True))
            return 1
        print(json.dumps(answer.get("parameters", {}), sort_keys=True), flush=True)
        if not answer.get("continues"):
            return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
