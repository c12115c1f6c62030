"""Start TensorZero's embedded gateway and write the port it chose into a file; runs in TensorZero's own environment.

Usage: ``tensorzero_serve.py CONFIG PORT_FILE``.
"""

import sys
import threading
from pathlib import Path

import tensorzero
from openai import AsyncOpenAI

config, port_file = sys.argv[1:]
client = AsyncOpenAI(api_key="unused")
tensorzero.patch_openai_client(client, config_file=config, async_setup=False)
Path(port_file).write_text(str(client.base_url.port))
threading.Event().wait()
