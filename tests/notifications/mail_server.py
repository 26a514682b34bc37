"""A mail server on this machine that says what a test wants it to say."""

import socketserver
from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message

CUT = ""


class Server(socketserver.ThreadingTCPServer):
    """A mail server that takes everything, unless `says` has another line for a verb (CUT: hangs up)."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, says: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), Dialogue)
        self.says = says
        self.taken: list[Message] = []
        self.heard: list[str] = []


class Dialogue(socketserver.StreamRequestHandler):
    """One connection."""

    server: Server

    def handle(self) -> None:
        if not self.answer("CONNECT", "220 ready"):
            return
        while line := self.rfile.readline().decode().strip():
            verb = line.partition(" ")[0].upper()
            self.server.heard.append(line)
            if verb == "DATA" and "DATA" not in self.server.says:
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (data := self.rfile.readline()) != b".\r\n":
                    lines.append(data)
                if self.answer("END", "250 taken"):
                    self.server.taken.append(message_from_bytes(b"".join(lines)))
                else:
                    return
            elif not self.answer(verb, "221 bye" if verb == "QUIT" else "250 ok"):
                return

    def answer(self, verb: str, usual: str) -> bool:
        said = self.server.says.get(verb, usual)
        self.wfile.write(f"{said}\r\n".encode() if said else b"")
        return said.startswith("2") or (verb in {"MAIL", "RCPT", "DATA"} and bool(said))
