"""nginx as a sink that costs little: it answers 202 and counts, nothing else."""

import asyncio
import re
import subprocess
import time
from pathlib import Path

from tests.bench.program import BenchFailed, free_port, is_listening
from tests.bench.wrk import find_tool

CONFIGURATION = """
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 16m;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ return 202; }}
    location = /count {{ stub_status; }}
  }}
}}
"""
COUNTED = re.compile(rb"\n\s*\d+ \d+ (\d+)")


class Nginx:
    """One nginx process on its parent's core, the load's; `async with` starts and ends it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self._looks = 0  # each look at the counter is a request too

    async def __aenter__(self) -> "Nginx":
        configuration = self._folder / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(folder=self._folder, port=self.port))
        self._process = subprocess.Popen(
            [find_tool("nginx"), "-p", str(self._folder), "-c", str(configuration)],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 10.0
        while not is_listening(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise BenchFailed(f"nginx did not start: see {self._folder}/nginx.log")
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10.0)

    def uri(self, number: int) -> str:
        return f"http://127.0.0.1:{self.port}/s/{number}"

    async def deliveries(self) -> int:
        """Requests answered since the start, but for those that asked this."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"GET /count HTTP/1.0\r\n\r\n")
        answer = await reader.read()
        writer.close()
        self._looks += 1
        found = COUNTED.search(answer)
        if found is None:
            raise BenchFailed(f"nginx does not count: {answer!r}")
        return int(found[1]) - self._looks
