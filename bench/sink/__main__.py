"""`python -m bench.sink`: the sink as a process, which says where it listens."""

import asyncio

from bench.sink.server import Sink, listen


async def _main() -> None:
    server = await listen(Sink())
    port = server.sockets[0].getsockname()[1]
    print(f"listening on http://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
