"""Commands that end in the three ways in which a command can go wrong."""

from bunraku.errors import UserError


def complain(about: str) -> None:
    """Refuse."""
    raise UserError(f"{about} is wrong.")


def crash() -> int:
    """Fail by a bug."""
    return 1 // 0


def interrupt() -> None:
    """Be interrupted."""
    raise KeyboardInterrupt
