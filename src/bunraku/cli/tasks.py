"""`bunraku tasks`: what the robot can be asked to do, and be measured on."""

from __future__ import annotations


def tasks() -> int:
    """List the tasks that `bunraku evaluate` knows."""
    from rich.console import Console
    from rich.table import Table

    from bunraku.tasks import registry

    table = Table(box=None, padding=(0, 3, 0, 0))
    table.add_column("task", style="bold cyan", no_wrap=True)
    table.add_column("what it asks")
    table.add_column("Gymnasium", no_wrap=True)
    for name, task in sorted(registry().items()):
        table.add_row(name, task.summary, task.gym_id)
    Console().print(table)
    return 0
