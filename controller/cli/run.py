"""``sluice run``: the controller, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from controller.app import App


def run(context: typer.Context) -> None:
    """Run the controller. Its options are listed by ``sluice run --help``; each is also an environment variable."""
    from controller.settings import Settings, usage

    arguments = context.args
    if "--help" in arguments or "-h" in arguments:
        print(usage())
        return
    settings = Settings.parse(arguments)
    # Imported here: the other commands must not wait for what only the controller needs.
    from controller.app import App, set_up_logs

    set_up_logs(settings)
    asyncio.run(_run(App(settings)))


async def _run(app: App) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, app.stop)
    await app.run()
