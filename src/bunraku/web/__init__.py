"""What a person touches in a browser: the live scene, the seven cameras, an instruction box and a stop button."""

from bunraku.web.live import LiveBody, run_in_browser
from bunraku.web.server import Page, SceneState, serve

__all__ = ["LiveBody", "Page", "SceneState", "run_in_browser", "serve"]
