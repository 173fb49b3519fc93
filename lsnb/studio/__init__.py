"""A Label Studio: the line to it, and what it is asked to do."""

from lsnb.studio.server import IDS_AT_ONCE, PAGE, SETTINGS, Project, Server, Stored, metas_alone

__all__ = ["IDS_AT_ONCE", "PAGE", "SETTINGS", "Project", "Server", "Stored", "metas_alone"]
