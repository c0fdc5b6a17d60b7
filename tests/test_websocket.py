"""What a kernel says reaches the browser as it comes."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ASKED = """
import asyncio, json, socket
from tornado import httpserver, testing, web, websocket
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from nstlib.websocket import Undelayed

ZMQChannelsWebsocketConnection.connect = lambda self: "connected"  # no kernel is there
found = []


class Handler(websocket.WebSocketHandler):
    def open(self):
        stream = self.ws_connection.stream.socket
        for connection in (ZMQChannelsWebsocketConnection, Undelayed):
            made = connection()
            made._trait_values["websocket_handler"] = self  # without a kernel's own handler
            found.append([made.connect(), stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0])
        self.close()


async def main():
    listening, port = testing.bind_unused_port()
    server = httpserver.HTTPServer(web.Application([("/", Handler)]))
    server.add_socket(listening)
    client = await websocket.websocket_connect(f"ws://127.0.0.1:{port}/")
    while await client.read_message() is not None:
        pass


asyncio.run(main())
print(json.dumps(found))
"""


def test_small_messages_wait_for_no_others_on_such_a_connection():
    run = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, cwd=ROOT, check=False)
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == [["connected", False], ["connected", True]]


def test_the_server_loads_no_pytorch_for_it():
    code = "import sys, nstlib.websocket; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout == "False\n"


def test_the_command_that_opens_the_course_asks_for_it():
    assert "--ServerApp.kernel_websocket_connection_class=nstlib.websocket.Undelayed" in (ROOT / "Makefile").read_text()
