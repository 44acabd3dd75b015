"""What a person touches in a browser: the live scene, the seven cameras, an instruction box and a stop button."""

from bunraku.web.server import Page, SceneState, serve

__all__ = ["Page", "SceneState", "serve"]
