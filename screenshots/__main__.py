"""`make screenshots`: opens the dashboard on the simulated cluster, walks through it at three sizes and keeps what it
shows as SVG in this folder."""

import asyncio
from pathlib import Path

from textual.pilot import Pilot

from cli.demo import running
from core.session import Session
from core.views.link import Link
from core.where import Where
from tui.app import VacancyApp

FOLDER = Path(__file__).parent
SIZES = ((160, 50), (120, 36), (80, 24))
SHOTS = (  # file name, keys that lead there
    ("nodes", "1"),
    ("pending", "2"),
    ("pending-class", "2 enter"),
    ("scale-in", "3"),
    ("groups", "4"),
    ("eci", "5"),
    ("node", "1 down down enter"),
)
SETTLES_WITHIN = 30.0


def main() -> None:
    """Make all of them."""
    with running() as demo:
        where = demo.where()
        for size in SIZES:
            asyncio.run(walk(where, size))


async def walk(where: Where, size: tuple[int, int]) -> None:
    """One terminal size, one fresh app for each picture."""
    for name, keys in SHOTS:

        async def open_link() -> Link:
            return Session(where)

        app = VacancyApp(open_link)
        async with app.run_test(size=size) as pilot:
            await settled(app, pilot)
            for key in keys.split():
                await pilot.press(key)
                await pilot.pause(0.6)
            await pilot.pause(1.5)
            path = FOLDER / f"{name}-{size[0]}x{size[1]}.svg"
            path.write_text(app.export_screenshot(title="vacancy"))
            print(path.relative_to(FOLDER.parent))


async def settled(app: VacancyApp, pilot: Pilot[None]) -> None:
    """Until metrics and the first plan have come."""
    deadline = asyncio.get_running_loop().time() + SETTLES_WITHIN
    while asyncio.get_running_loop().time() < deadline:
        status = app.status
        if status is not None and status.cpu.used is not None and status.progress is None:
            break
        await pilot.pause(0.2)
    await pilot.pause(5)


if __name__ == "__main__":
    main()
