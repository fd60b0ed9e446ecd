"""``sluice run``: the controller, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal

import typer

from controller.app import App, set_up_logs
from controller.settings import Settings, usage


def run(context: typer.Context) -> None:
    """Run the controller. Its options are listed by ``sluice run --help``; each is also an environment variable."""
    arguments = context.args
    if "--help" in arguments or "-h" in arguments:
        print(usage())
        return
    settings = Settings.parse(arguments)
    set_up_logs(settings)
    asyncio.run(_run(App(settings)))


async def _run(app: App) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, app.stop)
    await app.run()
